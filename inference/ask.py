"""Question → prompt → SQL → mended → guarded → bound → run → answer.

What does not parse, is not read-only, does not bind or does not run is never shown as an answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from llmtui.database.execute import Database
from llmtui.inference.answer import Answer, declined, holds_nothing, run_sql
from llmtui.inference.calibration import calibrated
from llmtui.inference.candidates import MOST, ROUND_LETTERS, Candidate, goes_round
from llmtui.inference.faults import Critic, Faults, doubted
from llmtui.inference.lacking import what_is_lacking
from llmtui.inference.literals import guessed
from llmtui.inference.model import Model
from llmtui.inference.recall import Recall
from llmtui.inference.repair import Mended, along_keys, mend
from llmtui.inference.shown import ShownSchema
from llmtui.inference.simpler import CHANGES, simpler
from llmtui.inference.statement import is_whole, statement_in
from llmtui.inference.wording import core_of, question_problem
from llmtui.trainer.prompt import Prompt
from llmtui.trainer.refusal import may_be_refusal, refusal_in
from llmtui.workspace.errors import Interrupted, LlmtuiError

_SETTLED = "Answered as you settled it before."
_SETTLED_ANEW = "Answered as you settled it before, with other values."
_NONE = "No SQL was found that fits this database."
_FAULT = "The question could not be answered because of a fault in llmtui"
_BROKE_OFF = "The answer ended before its SQL did."
_ANSWER_TOKENS = 192


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
        usual: Iterable[str] | None = None,
    ) -> None:
        """repair: whether what the model says is mended, doubted and asked for a second time
        least: confidence below which an answer is not shown
        settled: questions and SQL that a person has accepted, corrected or written
        usual: statements that answers will be like, read when they are of use"""
        self.database = database
        self.repair = repair
        self.least = least
        self.confidence: float | None = None
        self.likelihood: float | None = None
        """Both of the last answer."""
        self.model = model
        self.recall = Recall(database, settled)
        if usual is not None:
            model.expect(usual)
        self._critic = Critic(database)
        self._cancelled = False
        self._shown: ShownSchema | None = None
        self._made: dict[str, Answer] = {}
        """Of this question: what came of each statement that the model said."""
        self._ran: dict[str, Answer] = {}
        """Of this question: what each SQL gave that was run."""

    def generate(self, instruction: str) -> str:
        """The SQL that `ask` would show as an answer, '' when there is none."""
        answer = self.ask(instruction)
        self.confidence, self.likelihood = answer.confidence, answer.likelihood
        return answer.sql if answer.status == "ok" else ""

    def cancel(self) -> None:
        """Stop the answer that is being made, in the model or in the database."""
        self._cancelled = True
        self.model.cancel()
        self.database.interrupt()

    def ask(
        self, question: str, *, id: str = "", on_text: Callable[[str], None] | None = None
    ) -> Answer:
        """Answer one question; `on_text` gets the SQL as it grows. Never raises an Exception."""
        began = time.monotonic()
        self._cancelled = False
        self._made, self._ran = {}, {}
        try:
            with self.model.turn():
                answer = self._answer(question, on_text or (lambda _text: None))
        except LlmtuiError as error:
            answer = Answer(message=str(error), exit_code=error.exit_code)
        except Exception as error:  # a question of a file, a request, must not end all others
            answer = Answer(message=f"{_FAULT} ({type(error).__name__}: {error}).", exit_code=1)
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
        answer = self._run(sql) if sql else None
        if answer is None or answer.exit_code > 1:
            return answer
        if answer.status != "ok":
            return None
        on_text(sql)
        told = _SETTLED if self.recall.knows(question) else _SETTLED_ANEW
        return replace(answer, confidence=1.0, message=answer.message or told)

    def _asked(self, question: str, on_text: Callable[[str], None]) -> Answer:
        first = self._try(self.model.prompt, question, on_text)
        if first.exit_code > 1 or not self.repair or declined(first):
            return first
        best = self._best_of(question, first, on_text)
        if best.status == "ok":
            return self._sure(question, best)
        second = self._second_try(question, first, on_text)
        if second is not None and second.status == "ok":
            return self._sure(question, doubted(second, self._critic.faults(question, second)))
        if second is not None and (declined(second) or second.exit_code > 1):
            return second
        if first.status == "refused":
            return first
        told = what_is_lacking(question, self.database) or _NONE
        return replace(first, status="abstained", message=f"{told} The last try: {first.message}")

    def _sure(self, question: str, answer: Answer) -> Answer:
        """The answer, or abstention when the model is less sure of it than is wanted."""
        if answer.confidence is None or answer.confidence >= self.least:
            return answer
        told = (
            f"Not sure enough: {answer.confidence:.0%} of {self.least:.0%}. "
            "Read the SQL, and run it when it says what you mean."
        )
        if lacking := what_is_lacking(question, self.database):
            told = f"{lacking} {told}"
        return replace(answer, status="abstained", message=told, columns=(), rows=(), row_count=0)

    def _best_of(self, question: str, first: Answer, on_text: Callable[[str], None]) -> Answer:
        """The answer, or the likeliest of those that the model nearly gave which have the fewest
        faults, when these are fewer."""
        best, least = first, self._critic.faults(question, first)
        if not least:
            return first
        likely = math.inf

        def enough(text: str, candidate: Candidate) -> float:
            nonlocal best, least, likely
            known = [x for x in (first.likelihood, candidate.confidence) if x is not None]
            answer = self._checked(text, question, min(known))
            if answer.exit_code > 1:
                return math.inf
            faults = self._critic.faults(question, answer)
            better = (faults, -candidate.log_likelihood) < (least, -likely)
            if answer.status == "ok" and better:
                best, least, likely = answer, faults, candidate.log_likelihood
            return -math.inf if least else likely

        self.model.alternatives(MOST, enough)
        self._heed()
        best, least = self._simpler(question, best, least)
        if best is not first:
            on_text(best.sql)
        return doubted(best, least)

    def _simpler(self, question: str, best: Answer, least: Faults) -> tuple[Answer, Faults]:
        """The answer, or what the question's own words make of it when that has fewer faults."""
        for change, what in CHANGES if least else ():
            sql = simpler(change, best.sql, question, self.database)
            if not sql:
                continue
            answer = self._run(sql)
            faults = self._critic.faults(question, answer)
            if answer.status == "ok" and faults < least:
                parts = (best.message.rstrip("."), answer.message.rstrip("."), what)
                told = "; ".join(dict.fromkeys(part for part in parts if part))
                best = replace(
                    answer, confidence=best.confidence, likelihood=best.likelihood, message=told
                )
                least = faults
        return best, least

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
            if changed == question.strip():
                return None
            answer = self._try(prompt, changed, on_text)
            if answer.status != "ok":
                return answer
            told = f'Read as "{changed}"'
            return replace(answer, message=f"{told}. {answer.message}".strip())
        failed = f"\n\nNot this: {first.sql[:400]}\nIt fails: {first.message[:200]}"
        return self._try(prompt, question, on_text, failed)

    def _try(
        self, prompt: Prompt, question: str, on_text: Callable[[str], None], more: str = ""
    ) -> Answer:
        """more: what the model is told besides the question, which is what is to be answered"""
        tokens, shared = self._tokens(prompt, question, more)
        text = ""
        self._heed()
        for piece in self.model.stream(tokens, max_tokens=_ANSWER_TOKENS, shared=shared):
            self._heed()
            text += piece
            if not may_be_refusal(text):
                on_text(text)
            if is_whole(text) or goes_round(text, ROUND_LETTERS):
                break
        else:
            if self.model.cut:  # what it says so far may mean something else: y < 2 of y < 20
                return Answer(sql=statement_in(text), message=_BROKE_OFF, exit_code=1)
        return self._checked(text, question, self.model.confidence)

    def _heed(self) -> None:
        """Raise Interrupted when `cancel` was called since the question came: a model that begins
        to answer knows nothing of that."""
        if self._cancelled:
            raise Interrupted("The answer was stopped")

    def _checked(self, text: str, question: str, likelihood: float | None) -> Answer:
        """What a model said: mended, guarded, bound, run; or told, when it is no SQL but says
        that there is none. likelihood: mean probability of its tokens"""
        if said := refusal_in(text):
            answer = Answer(status="abstained", message=said, exit_code=1)
        else:
            statement = statement_in(text)
            if statement not in self._made:
                self._made[statement] = self._answer_of(text, statement, question)
            answer = self._made[statement]
        confidence = None if likelihood is None else calibrated(likelihood)
        return replace(answer, confidence=confidence, likelihood=likelihood)

    def _answer_of(self, text: str, statement: str, question: str) -> Answer:
        if not self.repair:
            return self._run(statement)
        mended = mend(text, self.database, question)
        answer = self._run(mended.sql)
        if answer.status == "ok" and holds_nothing(answer):
            along = along_keys(mended.sql, self.database, question)
            other = self._run(along.sql) if along else answer
            if along and other.status == "ok" and not holds_nothing(other):
                answer, mended = other, Mended(along.sql, [*mended.changes, *along.changes])
        changes = [*mended.changes, *guessed(question, answer.sql, self.database)]
        changes += self._shown.told if self._shown else []
        told = dict.fromkeys([answer.message, *changes] if answer.message else changes)
        message = "; ".join(part.rstrip(".") for part in told) + "." if told else ""
        return replace(answer, message=message)

    def _run(self, sql: str) -> Answer:
        """One statement through all checks, once a question."""
        self._heed()
        if sql not in self._ran:
            self._ran[sql] = run_sql(self.database, sql, stopped=lambda: self._cancelled)
        return self._ran[sql]

    def _tokens(self, prompt: Prompt, question: str, more: str) -> tuple[list[int], int]:
        """The prompt's tokens, and how many of the first are those of every question."""
        hints, tokenize = self.database.linker.hints(question), self.model.tokenize
        if prompt.schema == "weights":
            self._shown = None
            return prompt.tokens(tokenize, question + more, hints=hints), 0
        if self._shown is None or self._shown.prompt != prompt:
            room = self.model.context - _ANSWER_TOKENS
            self._shown = ShownSchema(self.database.schema, prompt, tokenize, room)
        return self._shown.tokens(question, hints, more)
