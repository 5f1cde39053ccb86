"""Question → prompt → SQL → mended → guarded → bound → run → answer.

What does not parse, is not read-only, does not bind or does not run is never shown as an answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from llmtui.database.execute import Database
from llmtui.inference.answer import Answer, declined, holds_nothing, run_sql
from llmtui.inference.calibration import calibrated
from llmtui.inference.candidates import ROUND_LETTERS, Candidate, goes_round
from llmtui.inference.coverage import left_out
from llmtui.inference.doubts import in_vain
from llmtui.inference.lacking import what_is_lacking
from llmtui.inference.recall import Recall
from llmtui.inference.repair import Mended, along_keys, mend
from llmtui.inference.wording import core_of, question_problem, schema_texts
from llmtui.trainer.prompt import Prompt, shared_tokens
from llmtui.trainer.refusal import may_be_refusal, refusal_in
from llmtui.workspace.errors import LlmtuiError

OTHERS = 3
"""Answers that the model nearly gave which are tried when its own is none, or empty."""
_DOUBT = 0.6
"""What is left of an answer's confidence when it is empty, or for each thing that it leaves out."""
_SETTLED = "Answered as you settled it before."
_NONE = "No SQL was found that fits this database."
_FAULTLESS = (False, False, False, 0)
_ANSWER_TOKENS = 192
_DONE = re.compile(r"(SELECT|WITH)\b.*(;|\n\s*\n|```)", re.IGNORECASE | re.DOTALL)
"""An untuned model goes on after its statement; what follows is not waited for."""


class Model(Protocol):
    """What asking needs of an engine."""

    path: Path
    prompt: Prompt
    context: int

    @property
    def confidence(self) -> float | None: ...

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]: ...

    def alternatives(self, most: int) -> Sequence[tuple[str, Candidate]]: ...

    def cancel(self) -> None: ...


class Asker:
    """Answers questions about one database with one model."""

    def __init__(
        self,
        database: Database,
        model: Model,
        *,
        repair: bool = True,
        least: float = 0.0,
        settled: Iterable[tuple[str, str]] = (),
    ) -> None:
        """least: confidence below which an answer is not shown; settled: questions and SQL that a
        person has accepted, corrected or written"""
        self.database = database
        self.repair = repair
        self.least = least
        self.confidence: float | None = None
        """Of the last answer."""
        self.model = model
        self.recall = Recall(database, settled)
        self._cancelled = False

    def generate(self, instruction: str) -> str:
        """The SQL that `ask` would show as an answer, '' when there is none."""
        answer = self.ask(instruction)
        self.confidence = answer.confidence
        return answer.sql if answer.status == "ok" else ""

    def cancel(self) -> None:
        """Stop the answer that is being made, in the model or in the database."""
        self._cancelled = True
        self.model.cancel()
        self.database.interrupt()

    def ask(
        self, question: str, *, id: str = "", on_text: Callable[[str], None] | None = None
    ) -> Answer:
        """Answer one question; `on_text` gets the SQL as it grows. Never raises LlmtuiError."""
        began = time.monotonic()
        self._cancelled = False
        try:
            answer = self._answer(question, on_text or (lambda _text: None))
        except LlmtuiError as error:
            answer = Answer(message=str(error), exit_code=error.exit_code)
        return replace(
            answer,
            id=id,
            question=question,
            seconds=time.monotonic() - began,
            model=self.model.path.name,
        )

    def _answer(self, question: str, on_text: Callable[[str], None]) -> Answer:
        problem = question_problem(question)
        if problem:
            return Answer(message=problem, exit_code=1)
        return self._settled(question, on_text) or self._asked(question, on_text)

    def _settled(self, question: str, on_text: Callable[[str], None]) -> Answer | None:
        """What a person has settled, without the model; None when that does not run any more."""
        sql = self.recall.sql_for(question)
        answer = run_sql(self.database, sql) if sql else None
        if answer is None or answer.status != "ok":
            return None
        on_text(sql)
        return replace(answer, confidence=1.0, message=answer.message or _SETTLED)

    def _asked(self, question: str, on_text: Callable[[str], None]) -> Answer:
        first = self._try(self.model.prompt, question, on_text)
        if self._cancelled or first.exit_code > 1 or not self.repair or declined(first):
            return first
        best = self._best_of(question, first, on_text)
        if best.status == "ok" or self._cancelled:
            return self._sure(best)
        second = self._second_try(question, first, on_text)
        if second is not None and second.status == "ok":
            return self._sure(second)
        if second is not None and declined(second):
            return second
        if first.status == "refused":
            return first
        told = what_is_lacking(question, self.database) or _NONE
        return replace(first, status="abstained", message=f"{told} The last try: {first.message}")

    def _sure(self, answer: Answer) -> Answer:
        """The answer, or abstention when the model is less sure of it than is wanted."""
        if answer.confidence is None or answer.confidence >= self.least:
            return answer
        told = (
            f"Not sure enough: {answer.confidence:.0%} of {self.least:.0%}. "
            "Read the SQL, and run it when it says what you mean."
        )
        return replace(answer, status="abstained", message=told, columns=(), rows=(), row_count=0)

    def _best_of(self, question: str, first: Answer, on_text: Callable[[str], None]) -> Answer:
        """The answer, or one that the model nearly gave when that runs, holds something, asks
        for more than it says, and leaves out less of what the question names."""
        mentions, schema = self.database.linker.mentions(question), self.database.schema

        def faults(answer: Answer) -> tuple[bool, bool, bool, int]:
            missing = left_out(question, mentions, answer.sql)
            ran = answer.status == "ok"
            vain = ran and in_vain(answer.sql, schema, question)
            return not ran, holds_nothing(answer), vain, missing

        best, least = first, faults(first)
        if least == _FAULTLESS:
            return first
        for text, candidate in self.model.alternatives(OTHERS):
            answer = self._checked(text, question, candidate.confidence)
            if self._cancelled or answer.exit_code > 1:
                break
            if answer.status == "ok" and faults(answer) < least:
                both = [c for c in (first.confidence, answer.confidence) if c is not None]
                best = replace(answer, confidence=min(both, default=None))
                least = faults(answer)
            if least == _FAULTLESS:
                break
        if best is not first:
            on_text(best.sql)
        if best.confidence is not None:
            doubts = sum(least[1:])
            best = replace(best, confidence=best.confidence * _DOUBT**doubts)
        return best

    def _second_try(
        self, question: str, first: Answer, on_text: Callable[[str], None]
    ) -> Answer | None:
        """One more answer, to a changed prompt; None when nothing can be changed.

        A model that knows the schema by heart was tuned on plain questions, so it gets the
        question without its trimmings; a model that reads the schema gets what went wrong.
        """
        prompt = self.model.prompt
        if prompt.schema == "weights":
            changed = core_of(question)
            return self._try(prompt, changed, on_text) if changed != question.strip() else None
        failed = f"{question}\n\nNot this: {first.sql[:400]}\nIt fails: {first.message[:200]}"
        return self._try(prompt, failed, on_text)

    def _try(self, prompt: Prompt, question: str, on_text: Callable[[str], None]) -> Answer:
        tokens, shared = self._tokens(prompt, question)
        text = ""
        for piece in self.model.stream(tokens, max_tokens=_ANSWER_TOKENS, shared=shared):
            text += piece
            if not may_be_refusal(text):
                on_text(text)
            if _DONE.search(text) or goes_round(text, ROUND_LETTERS):
                break
        return self._checked(text, question, self.model.confidence)

    def _checked(self, text: str, question: str, confidence: float | None) -> Answer:
        """What a model said: mended, guarded, bound, run; or told, when it is no SQL but says
        that there is none. confidence: mean probability of its tokens"""
        confidence = None if confidence is None else calibrated(confidence)
        if said := refusal_in(text):
            return Answer(status="abstained", message=said, confidence=confidence, exit_code=1)
        mended = mend(text, self.database, question)
        answer = run_sql(self.database, mended.sql)
        if answer.status == "ok" and holds_nothing(answer):
            along = along_keys(mended.sql, self.database, question)
            other = run_sql(self.database, along.sql) if along else answer
            if along and other.status == "ok" and not holds_nothing(other):
                answer, mended = other, Mended(along.sql, [*mended.changes, *along.changes])
        told = [answer.message, *mended.changes] if answer.message else mended.changes
        message = "; ".join(part.rstrip(".") for part in told) + "." if told else ""
        return replace(answer, message=message, confidence=confidence)

    def _tokens(self, prompt: Prompt, question: str) -> tuple[list[int], int]:
        """The prompt's tokens, and how many of the first are those of every question.

        A schema too long for the context is cut at whole tables.
        """
        hints, tokenize = self.database.linker.hints(question), self.model.tokenize
        if prompt.schema == "weights":
            return prompt.tokens(tokenize, question, hints=hints), 0
        room = self.model.context - _ANSWER_TOKENS
        for text in schema_texts(self.database.schema):
            tokens = prompt.tokens(tokenize, question, text, hints)
            if len(tokens) <= room:
                break
        return tokens, shared_tokens(prompt, tokenize, text, tokens)
