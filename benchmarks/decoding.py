"""Names that exist: a schema's grammar, checking while decoding, or mending after the fact?

    python benchmarks/decoding.py --project PROJECT --questions FILE --json decoding.json

The first answers of one tuned model, greedy: as it says them; kept to a grammar in GBNF that is
made from the schema, by llama.cpp's sampler; and with every word looked up while it is written, the
next likeliest token taken for one that begins no name, keyword or function. Each as it is and
mended as `llmtui ask` mends it. Strict execution accuracy, held to perturbed copies; answers that
bind and run; median seconds to the checked answer. No tokens are guessed ahead, and the SQL of
nested columns is in neither rule.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from common import arguments, finish, tuned
from grammar import FUNCTIONS, SECOND, TYPES, Grammar, grammar_of
from numpy.typing import NDArray
from voting import First, drained
from voting import told as figures

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.database.schema import Schema
from llmtui.inference.engine import Engine
from llmtui.trainer.evaluate.judge import Outcome
from llmtui.trainer.evaluate.run import evaluate, load_cases

QUICK_QUESTIONS = 60
_KEYWORDS = (
    "SELECT DISTINCT FROM JOIN LEFT ON WHERE GROUP BY HAVING QUALIFY ORDER LIMIT OFFSET AND OR NOT "
    "IN EXISTS BETWEEN LIKE ILIKE IS NULL NULLS LAST AS ASC DESC UNION ALL INTERSECT EXCEPT CASE "
    "WHEN THEN ELSE END CAST FILTER OVER PARTITION CURRENT_DATE DATE INTERVAL DAY MONTH YEAR"
)
_TEXT = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")


class Rule(Protocol):
    """What lets a token follow."""

    def begin(self) -> None: ...

    def choose(self, logits: NDArray[np.float32]) -> int: ...


class Greedy:
    """The likeliest token, whatever it is."""

    def begin(self) -> None:
        """Nothing was said."""

    def choose(self, logits: NDArray[np.float32]) -> int:
        return int(logits.argmax())


class Known:
    """The likeliest token after which every word is one of a schema, or may become one."""

    def __init__(self, schema: Schema, piece: Callable[[int], bytes]) -> None:
        self._piece, self._said = piece, b""
        self._tables = {
            table.name.lower(): {column.name.lower() for column in table.columns}
            for table in schema.tables
        }
        names = {name for columns in self._tables.values() for name in columns}
        self._tables[SECOND] = names
        words = {word.lower() for word in (*_KEYWORDS.split(), *FUNCTIONS, *TYPES)}
        self._words = words | names | set(self._tables)

    def begin(self) -> None:
        self._said = b""

    def choose(self, logits: NDArray[np.float32]) -> int:
        best = int(logits.argmax())
        if not self._fits(best):
            ranked = np.argsort(-logits).tolist()
            best = next(filter(self._fits, ranked), best)
        self._said += self._piece(best)
        return best

    def _fits(self, token: int) -> bool:
        """Whether the words that a token ends or goes on with are known."""
        piece = self._piece(token)
        text = _TEXT.sub("''", (self._said + piece).decode("utf-8", "replace").lower())
        if text.count("'") % 2 or text.count('"') % 2:
            return True
        last = re.split(r"[^\w.]+", text)[-2:]
        ended = not piece or not text[-1:].replace("_", "a").isalnum()
        return all(
            self._word(*word.rpartition(".")[::2], whole=ended or place < len(last) - 1)
            for place, word in enumerate(last)
            if word
        )

    def _word(self, owner: str, word: str, *, whole: bool) -> bool:
        if not word or word.isdigit():
            return not owner or owner.isdigit() or owner in self._tables
        known = self._tables.get(owner, set()) if owner else self._words
        return word in known if whole else any(name.startswith(word) for name in known)


class Kept(Engine):
    """An engine whose tokens a rule chooses."""

    rule: Rule = Greedy()

    def _said(self, most: int) -> Iterator[int]:
        self.rule.begin()
        logits = self._memory.logits(1)[0]
        for _ in range(most):
            token = self.rule.choose(logits)
            if self._is_end(token):
                return
            yield token
            logits = self._memory.read([token])[0]
        self.cut = True


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True, help="a tuned project")
    parser.add_argument("--questions", type=Path, required=True)
    options = parser.parse_args()
    _, source, model = tuned(options.project)
    cases = load_cases(options.questions)[: QUICK_QUESTIONS if options.quick else None]
    found: dict[str, list[Outcome]] = {}
    with Database.open(source) as database, Kept(model) as engine:
        copies = perturbed_copies(database, [case.sql for case in cases])
        for rule_name, rule in rules(engine, database.schema).items():
            engine.rule = rule
            for repair in (False, True):
                name = f"{rule_name}, mended" if repair else rule_name
                asker = First(database, engine, repair=repair)
                found[name] = drained(evaluate(database, asker, cases, name, copies))
                print(name, told(found[name]), flush=True)
    results = {name: told(outcomes) for name, outcomes in found.items()}
    best = max(results, key=lambda name: results[name]["strict"])
    ours = results["as it says, mended"]
    behind = results[best]["strict"] - ours["strict"]
    return finish(
        options, results, {f"more right than mending alone ({best})": (behind, 0, behind <= 0)}
    )


def rules(engine: Engine, schema: Schema) -> dict[str, Rule]:
    grammar = Grammar(engine._llama, engine._model, grammar_of(schema))
    words = Known(schema, engine.pieces.piece)
    return {"as it says": Greedy(), "grammar": grammar, "checked words": words}


def told(outcomes: list[Outcome]) -> dict[str, float]:
    return figures(outcomes) | {"ran": sum(outcome.ran for outcome in outcomes)}


if __name__ == "__main__":
    sys.exit(main())
