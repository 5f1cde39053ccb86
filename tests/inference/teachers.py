"""A shop's rows, and teachers behind a server that say them in other words."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from llmtui.tui.cli import run
from llmtui.workspace.project import Project, project_for, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.inference.served import streamed

COUNT = "SELECT COUNT(*) FROM customers WHERE city = 'Rome'"
NAMES = "SELECT name FROM customers WHERE city = 'Oslo'"
PAID = "SELECT COUNT(*) FROM orders WHERE status = 'paid'"
LARGE = "SELECT COUNT(*) FROM orders WHERE total > 200"
PARIS = "SELECT name FROM customers WHERE city = 'Paris'"
ROWS = [
    Instruction("r1", "How many customers live in Rome?", COUNT, shape="count"),
    Instruction("r2", "List the names of customers from Oslo", NAMES, shape="list"),
    Instruction("r3", "有多少订单的总额超过200?", LARGE, lang="zh", shape="count"),
    Instruction("t1", "How many orders are paid?", PAID, shape="count", split="test"),
    Instruction("d1", "Names of customers from Paris", PARIS, shape="list", split="dev"),
]
MEANT = {
    "Number of customers in Rome": COUNT,
    "How many people in Rome are customers?": COUNT,
    "Rome: customer count": "SELECT COUNT(*) FROM customers WHERE city IN ('Rome')",
    "Which customers come from Oslo? Give their names": NAMES,
    "How many customers do not live in Rome?": COUNT.replace("=", "<>"),
    "Of Rome's customers, how many?": "SELECT COUNT(*) FROM customers WHERE id % 3 = 1 AND id < 40",
    "Rome有多少客户?": COUNT,
    "How many customers are there in Rome?": COUNT,
    "总额大于200的订单有几个?": LARGE,
    "How many orders are above 200 in total?": LARGE,
}
"""What a fake model makes of questions."""
SAID = {
    "How many customers live in Rome?": [
        "1. Number of customers in Rome",
        "2. Rome: customer count",
    ],
    "List the names of customers from Oslo": ["- Which customers come from Oslo? Give their names"],
    "有多少订单的总额超过200?": ["总额大于200的订单有几个?"],
}
Speak = Callable[[str], str]


def speaking(teacher: Speak) -> Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]:
    """A server that answers questions by MEANT, and everything else as `teacher` does."""

    def say(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        text = body["messages"][0]["content"]
        question = text.split("\n\n")[-1].split("\n# ")[0]
        asked = text.startswith("Answer the question with one DuckDB")
        known = MEANT.get(question, "I do not know")
        streamed(known if asked else teacher(text))(handler, body)

    return say


def by_table(text: str) -> str:
    """A teacher that says what SAID has for the question in a prompt."""
    return "\n".join(line for asked, said in SAID.items() if asked in text for line in said)


def fixed(said: str) -> Speak:
    return lambda _prompt: said


def project_of(shop: Path) -> Project:
    """A project of the shop with a few rows."""
    made = project_for(shop)
    start(made, shop)
    save_rows(made.instructions, ROWS)
    return made


def rewrite(shop: Path, url: str, *more: str) -> int:
    return run(["instructions", "rewrite", str(shop), "--server", url, *more])


def rewritten(project: Project) -> dict[str, Instruction]:
    rows = load_rows(project.instructions)
    return {row.question: row for row in rows if row.origin == "rewritten"}
