"""Examples for `--help`, by command; each line is one that can be typed."""

from __future__ import annotations

from typing import Any

EXAMPLES = {
    "": (
        "llmtui company.duckdb",
        "llmtui tune company.duckdb",
        'llmtui ask company.duckdb "How many employees are there?"',
    ),
    "open": ("llmtui open", "llmtui open sales/ --project my-project"),
    "tune": (
        "llmtui tune company.duckdb",
        "llmtui tune shop.sqlite --minutes 30 --lang en",
        "llmtui tune sales/ --exclude customers.email --rounds 3",
    ),
    "ask": (
        'llmtui ask company.duckdb "查询工资大于20000的员工姓名"',
        'llmtui ask company.duckdb "How many orders were paid?" --json',
        "llmtui ask company.duckdb --file questions.jsonl --out answers.jsonl",
    ),
    "sql": (
        'llmtui sql company.duckdb "SELECT city, COUNT(*) FROM customers GROUP BY city"',
        "llmtui sql company.duckdb --file statements.jsonl --out results.jsonl",
    ),
    "train": (
        "llmtui train company.duckdb --minutes 20",
        "llmtui train company.duckdb --stage pretrain --text notes/ --minutes 5",
    ),
    "quantize": (
        "llmtui quantize company.duckdb --levels q8_0,q5_0,q4_0 --dry-run",
        "llmtui quantize company.duckdb --level q4_0",
        "llmtui quantize company.duckdb --levels q8_0,q4_0,adapter --score",
    ),
    "eval": (
        "llmtui eval company.duckdb --compare base",
        "llmtui eval company.duckdb --questions mine.jsonl --json",
    ),
    "export": ("llmtui export company.duckdb company-model/",),
    "bundle": ("llmtui bundle company.duckdb company.zip --with-source --fetch-wheels",),
    "unbundle": ("llmtui unbundle company.zip company/ --install",),
    "demo": ("llmtui demo", "llmtui demo --minutes 3"),
    "doctor": ("llmtui doctor",),
    "paths": ("llmtui paths",),
    "web": ("llmtui web company.duckdb --port 8123",),
    "serve": ("LLMTUI_TOKEN=secret llmtui serve company.duckdb --port 8811",),
    "instructions": (
        "llmtui instructions build company.duckdb",
        "llmtui instructions list company.duckdb --search salary",
    ),
    "instructions build": (
        "llmtui instructions build company.duckdb --rows 3000 --lang zh",
        "llmtui instructions build company.duckdb --contrast",
    ),
    "instructions list": ("llmtui instructions list company.duckdb --search salary --limit 5",),
    "instructions check": ("llmtui instructions check company.duckdb",),
    "instructions import": ("llmtui instructions import company.duckdb rows.csv",),
    "instructions mine": (
        "llmtui instructions mine company.duckdb",
        "llmtui instructions mine company.duckdb ~/.duckdb_history reports/ dictionary.md",
        "llmtui instructions mine company.duckdb analysis.ipynb --dry-run",
    ),
    "instructions export": (
        "llmtui instructions export company.duckdb rows.jsonl --shape messages",
    ),
    "instructions contrast": (
        "llmtui instructions contrast company.duckdb --out pairs.jsonl --each 3",
    ),
    "instructions coverage": ("llmtui instructions coverage company.duckdb --json",),
    "instructions rewrite": (
        "llmtui instructions rewrite company.duckdb --server http://127.0.0.1:8080/v1",
        "llmtui instructions rewrite company.duckdb --teacher big.gguf --way paraphrase "
        "--way translation --rows 500 --minutes 60",
        "llmtui instructions rewrite company.duckdb --server http://127.0.0.1:8080/v1 "
        "--way self-instruct",
    ),
    "instructions glossary": ("llmtui instructions glossary company.duckdb",),
    "models": ("llmtui models list", "llmtui models add qwen2.5-0.5b-instruct-q8_0.gguf"),
    "models list": ("llmtui models list --json",),
    "models add": (
        "llmtui models add ~/Downloads/model.gguf --name mine",
        "llmtui models add bartowski/SmolLM2-135M-Instruct-GGUF --file "
        "SmolLM2-135M-Instruct-Q8_0.gguf",
    ),
    "adapters": ("llmtui adapters list",),
    "adapters list": ("llmtui adapters list --json",),
    "adapters combine": (
        "llmtui adapters combine both.lora.gguf one.lora.gguf=0.5 two.lora.gguf=0.5",
    ),
    "adapters merge": ("llmtui adapters merge both.lora.gguf both.gguf --level q8_0",),
    "headstart": ("llmtui headstart build --out head.safetensors",),
    "headstart build": ("llmtui headstart build --out head.safetensors --minutes 60",),
}


def with_examples(command: Any, name: str = "") -> Any:
    """The command with examples at the end of its help, and of that of the commands below it."""
    lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
    command.epilog = f"\b\nExamples:\n{lines}"
    for below, one in getattr(command, "commands", {}).items():
        with_examples(one, f"{name} {below}".strip())
    return command
