"""One task from a row to the rows that come of it; several makers may work beside each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from llmtui.database.link import Linker
from llmtui.inference.answer import holds_nothing
from llmtui.inference.ask import Asker
from llmtui.inference.coverage import left_out
from llmtui.inference.model import Model
from llmtui.inference.rewriting.parents import ORIGIN, HeldOut, Task
from llmtui.inference.rewriting.teacher import PatientServer, Teacher
from llmtui.inference.rewriting.trip import Trip
from llmtui.inference.rewriting.ways import language_after, proposed, reworded, self_instruct
from llmtui.inference.rewriting.wordings import Known, Literals, problem_of
from llmtui.inference.wording import schema_texts
from llmtui.trainer.evaluate.misses import difficulty_of, shape_of
from llmtui.workspace.errors import Interrupted, LlmtuiError, ModelError
from llmtui.workspace.records import Instruction

_SHOWN = 100
"""Characters of a dropped question that are told."""
NEAR = "is nearly a question that is there"


@dataclass
class Made:
    """What came of a task: rows, and questions that were dropped with the reason.

    error: why nothing could come of it, None when all went well
    """

    task: Task
    rows: list[Instruction] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    error: LlmtuiError | None = None

    def drop(self, reason: str, question: str) -> None:
        self.dropped.append((reason, f"{self.task.row.id}: {question[:_SHOWN]}"))


class Answerer:
    """A model that answers questions; `alone` is held while it does, where makers share it."""

    def __init__(self, trip: Trip, model: Model, alone: AbstractContextManager[object]) -> None:
        self._asker = Asker(trip.database, model)
        self._model = model
        self._alone = alone

    def sql_for(self, question: str) -> str:
        """The SQL of an answer that holds something, "" for none.

        Raises ServerError when a server failed, Interrupted when it was stopped.
        """
        with self._alone:
            answer = self._asker.ask(question)
        if answer.exit_code == Interrupted.exit_code:
            raise Interrupted(answer.message)
        if isinstance(self._model, PatientServer) and self._model.failed is not None:
            raise self._model.failed
        return answer.sql if answer.status == "ok" and not holds_nothing(answer) else ""


@dataclass(frozen=True)
class Bench:
    """What makers have in common: the database, the questions that are there, what is held out."""

    trip: Trip
    linker: Linker
    known: Known
    held: HeldOut
    teacher: str


class Maker:
    """A teacher and the models that answer, the first of them first. Use it from one thread."""

    def __init__(
        self,
        bench: Bench,
        teacher: Model,
        answering: Sequence[tuple[Model, AbstractContextManager[object] | None]],
    ) -> None:
        """answering: models with what is held while they answer, None where nothing is"""
        self.bench = bench
        self.models = [teacher, *(model for model, _ in answering)]
        self._teacher = Teacher(teacher)
        self._answerers = [
            Answerer(bench.trip, model, alone or nullcontext()) for model, alone in answering
        ]
        self._schema = ""

    def make(self, task: Task) -> Made:
        """Never raises LlmtuiError: it is in what is made."""
        made = Made(task)
        try:
            if task.way == "self-instruct":
                self._propose(task, made)
            else:
                self._reword(task, made)
        except LlmtuiError as error:
            made.error = error
        return made

    def cancel(self) -> None:
        for model in self.models:
            model.cancel()

    def _reword(self, task: Task, made: Made) -> None:
        """Other words for the row's question, answered with what its own query gives."""
        row, trip = task.row, self.bench.trip
        gold = trip.wanted(row.sql)  # before the question goes anywhere
        if gold is None:
            made.drop("its query gives nothing to compare", row.question)
            return
        for question in self._other_words(task.way, row, made):
            problem = "is not answered"
            for answerer in self._answerers:
                problem = trip.problem(row.sql, gold, answerer.sql_for(question))
                if not problem:
                    break
            self._end(made, problem, row, question)

    def _other_words(self, way: str, row: Instruction, made: Made) -> list[str]:
        """What the teacher says, without what is seen to be wrong."""
        literals = Literals.of(row, self.bench.linker)
        lang = language_after(way, row.lang)
        said = reworded(way, row.lang, row.question, literals.told, self._teacher.write)
        if not said:
            made.drop("the teacher gave no question", row.question)
        fit = []
        for question in said:
            problem = problem_of(question, row.question, lang, literals.values)
            problem = problem or literals.lost(question)
            if not problem and self.bench.known.has(question, row.sql):
                problem = NEAR
            if problem:
                made.drop(problem, question)
            else:
                fit.append(question)
        return fit

    def _propose(self, task: Task, made: Made) -> None:
        """New questions, each answered twice with the same results."""
        row = task.row
        questions = proposed(row.lang, self._schema_for(task), task.examples, self._teacher.write)
        if not questions:
            made.drop("the teacher gave no question", row.question)
        for question in questions:
            problem = problem_of(question, row.question, row.lang, ())
            if not problem and self.bench.known.has(question):
                problem = NEAR
            new = replace(row, sql="", question=question)
            if not problem:
                new, problem = self._answered(new)
            self._end(made, problem, new, question)

    def _answered(self, row: Instruction) -> tuple[Instruction, str]:
        """A new question with the SQL of the first model; and why it is not trusted, "" if it is.

        The second answer is another model's, or the same one's to the question in other words.
        """
        trip, question = self.bench.trip, row.question
        sql = self._answerers[0].sql_for(question)
        row = replace(row, sql=sql, shape=shape_of(sql), difficulty=difficulty_of(sql))
        gold = trip.wanted(sql) if sql else None
        if gold is None:
            return row, "is not answered"
        if self.bench.held.resembles(sql):
            return row, "is too near what is held out"
        if left_out(question, self.bench.linker.mentions(question), sql):
            return row, "is answered without something that it names"
        if len(self._answerers) > 1:
            return row, trip.problem(sql, gold, self._answerers[1].sql_for(question))
        own = Known([row])
        said = self._other_words("paraphrase", row, Made(Task("", row)))
        others = [other for other in said if not own.has(other)]
        if not others:
            return row, "was not said in other words, for a second answer"
        return row, trip.problem(sql, gold, self._answerers[0].sql_for(others[0]))

    def _schema_for(self, task: Task) -> str:
        """As much of the schema as the teacher has room for."""
        if not self._schema:
            for text in schema_texts(self.bench.trip.database.schema):
                self._schema = text
                if self._teacher.has_room(self_instruct(task.row.lang, text, task.examples)):
                    break
        return self._schema

    def _end(self, made: Made, problem: str, row: Instruction, question: str) -> None:
        """Drop a question with its problem, or make a row of it."""
        if problem:
            made.drop(problem, question)
            return
        parent, way = made.task.row, made.task.way
        made.rows.append(
            Instruction(
                id=hashlib.sha256(f"{question}\0{row.sql}".encode()).hexdigest()[:12],
                question=question,
                sql=row.sql,
                lang=language_after(way, parent.lang),
                origin=ORIGIN,
                shape=row.shape,
                difficulty=row.difficulty,
                split=parent.split,
                extra={"from": parent.id, "way": way, "by": self.bench.teacher},
            )
        )


def is_final(error: LlmtuiError) -> bool:
    """Whether every further task would fail in the same way."""
    status = getattr(error, "status", None)
    return isinstance(error, ModelError) and status in (0, 401, 403, 404)
