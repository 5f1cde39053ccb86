"""What is looked for in an answer's SQL, counted without a model on databases with question files.

    python benchmarks/doubting.py FOLDER... --json doubting.json

False alarms: how many of the queries that people wrote are doubted beside their own question.
Found: how many are doubted beside the next question of the same file that has another query, as an
answer that runs and is wrong. A doubted answer gives way to one that is not, and is less sure.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from accuracy import databases
from common import arguments, finish

from llmtui.database.execute import Access, Database
from llmtui.inference.doubts import in_vain
from llmtui.inference.faults import Critic
from llmtui.trainer.evaluate.statistics import share

_QUICK_QUESTIONS = 60
_MOST_FALSE, _LEAST_FOUND = 0.1, 0.75


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--show", metavar="REASON", help="print what is doubted for this, falsely")
    options = parser.parse_args()
    alarms: Counter[str] = Counter()
    found: Counter[str] = Counter()
    asked = others = 0
    for folder in [each for given in options.folders for each in databases(given)]:
        print(folder.parent.name, folder.name, file=sys.stderr, flush=True)
        source = next(folder / n for n in ("db.duckdb", "db.sqlite") if (folder / n).is_file())
        lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
        cases = [json.loads(line) for line in lines if line.strip()]
        cases = cases[:: max(1, len(cases) // _QUICK_QUESTIONS)] if options.quick else cases
        with Database.open(source, Access()) as database:
            critic = Critic(database)
            for number, case in enumerate(cases):
                told = reasons(critic, database, case["question"], case["sql"])
                asked += 1
                alarms.update([*told, *(["any"] if told else [])])
                if options.show in told:
                    print(f"{case['question']}\n    {case['sql']}")
                other = next((c for c in cases[number:] if c["sql"] != case["sql"]), None)
                if other is not None:
                    others += 1
                    told = reasons(critic, database, case["question"], other["sql"])
                    found.update([*told, *(["any"] if told else [])])
    print("| doubted for | false alarms | found |\n|---|---|---|")
    for reason, count in found.most_common():
        print(f"| {reason} | {alarms[reason] / asked:.1%} | {count / others:.1%} |")
    told_false, told_found = share(alarms["any"], asked), share(found["any"], others)
    results = {
        "questions": asked,
        "false alarms": {**alarms, "interval": vars(told_false)},
        "found": {**found, "of": others, "interval": vars(told_found)},
    }
    bars = {
        f"false alarms, of {asked} ({told_false.low:.1%}-{told_false.high:.1%})": (
            told_false.value, _MOST_FALSE, told_false.value <= _MOST_FALSE,
        ),
        f"found, of {others} ({told_found.low:.1%}-{told_found.high:.1%})": (
            told_found.value, _LEAST_FOUND, told_found.value >= _LEAST_FOUND,
        ),
    }  # fmt: skip
    return finish(options, results, bars)


def reasons(critic: Critic, database: Database, question: str, sql: str) -> list[str]:
    told = [reason for reason, count in critic.reasons(question, sql).items() if count]
    return [*told, "asks in vain"] if in_vain(sql, database.schema, question) else told


if __name__ == "__main__":
    sys.exit(main())
