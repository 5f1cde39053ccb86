"""What is open in the app: a source, its project, and, once needed, its database and models."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.tui.jobs import TuneJob
from llmtui.tui.texts import t
from llmtui.workspace import paths
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import Interrupted, ModelError, SourceError
from llmtui.workspace.project import Project, project_for, start

if TYPE_CHECKING:
    from llmtui.database.execute import Database
    from llmtui.database.schema import Schema
    from llmtui.inference.ask import Asker
    from llmtui.inference.engine import Engine
    from llmtui.workspace.history import History

_STOPPED = "The answer was stopped"
_LOOKED_EVERY = 0.1  # seconds, while an answer waits for another


_MOST_ENGINES = 2
"""Models that stay open: one to ask and one to talk with."""


class Session:
    """One source. `database`, `engine` and `asker` are slow at first: call them from a thread."""

    def __init__(self, source: Path, folder: Path | None = None) -> None:
        self.source = paths.full_path(source)
        if not self.source.exists():
            raise SourceError("There is no such file or folder", where=str(self.source))
        self.project: Project = project_for(self.source, folder)
        self.job = TuneJob(self.project)
        self.schema: Schema | None = None
        """None until the database was read."""
        self.talk_with: Path | None = None
        """The model that was chosen for the next chat."""
        self._database: Database | None = None
        self._outdated = False
        self._asker: Asker | None = None
        self._engines: dict[Path, Engine] = {}
        """In the order of their last use."""
        self.closed = False
        self._lock = threading.RLock()
        self.answering = threading.RLock()
        """Held while a model answers: an engine serves one at a time. Taken before `_lock`."""

    @property
    def settings(self) -> settings_of.Settings:
        return settings_of.load(self.project.file if self.project.file.is_file() else None)

    def history(self) -> History:
        from llmtui.workspace.history import History

        start(self.project, self.source)
        return History(self.project.history)

    def outline(self) -> Schema:
        """The schema as far as it is known at once: of many tables, before their rows were read.

        Raises SourceError.
        """
        with self._lock:
            return self._open().outline()

    def database(self) -> Database:
        """Raises SourceError."""
        with self._lock:
            database = self._open()
            self.schema = database.schema
            return database

    def _open(self) -> Database:
        if self.closed:
            raise Interrupted(_STOPPED)
        if self._outdated and self._database is not None:
            self._database.close()
            self._database = self._asker = self.schema = None
        self._outdated = False
        if self._database is None:
            from llmtui.database.execute import Access, Database

            self._database = Database.open(self.source, Access.of(self.settings))
            start(self.project, self.source)
        return self._database

    def forget_database(self) -> None:
        """Let the next use open it with the settings of then. Never waits for one that opens it."""
        self._outdated = True

    def engine(self, model: Path) -> Engine:
        """The engine of a model, opened once as long as it is among the last few that were used.

        Waits for an answer that is being made when it is not open. Raises ModelError.
        """
        found = self._opened(model)
        if found is not None:
            return found
        with self.answering, self._lock:
            found = self._opened(model)  # by whoever held the locks
            if found is None:
                if self.closed:
                    raise Interrupted(_STOPPED)
                from llmtui.inference.engine import Engine

                found = self._engines[model] = Engine(model, threads=self.settings.threads)
                self._close_the_oldest()
            return found

    def _opened(self, model: Path) -> Engine | None:
        with self._lock:
            found = self._engines.pop(model, None)
            if found is not None:
                self._engines[model] = found
            return found

    def _close_the_oldest(self) -> None:
        while len(self._engines) > _MOST_ENGINES:
            engine = self._engines.pop(next(iter(self._engines)))
            if self._asker is not None and self._asker.model is engine:
                self._asker = None
            engine.close()

    def asker(self) -> Asker:
        """The asker with the server of the settings, or the project's model of now, or else the
        head start of its base.

        Raises ModelError when there is none of them. The server is not reached before it is asked.
        """
        from llmtui.tui.headstart import model_of
        from llmtui.tui.verdicts import settled, usual

        database = self.database()
        if server := self.settings.server:
            with self._lock:
                from llmtui.inference.ask import Asker
                from llmtui.inference.server import ServerModel

                if self._asker is None or not isinstance(self._asker.model, ServerModel):
                    there = ServerModel(server, name=self.settings.server_model)
                    self._asker = Asker(database, there, settled=settled(self.project))
                return self._asker
        model = self.project.model or model_of(self.settings, lambda _event: None)
        if model is None:
            raise ModelError(t("no_model"))
        engine = self.engine(model)
        with self._lock:
            if self._asker is None or self._asker.model is not engine:
                from llmtui.inference.ask import Asker

                self._asker = Asker(
                    database,
                    engine,
                    least=self.settings.least_confidence,
                    settled=settled(self.project),
                    usual=usual(self.project),
                )
            return self._asker

    @contextmanager
    def turn(self, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Hold the models while one answers. Raises Interrupted when it was cancelled by then."""
        stopped = Interrupted(_STOPPED)
        while not self.answering.acquire(timeout=_LOOKED_EVERY):
            if self.closed or cancelled():
                raise stopped
        try:
            if self.closed or cancelled():
                raise stopped
            yield
        finally:
            self.answering.release()

    def settle(self, question: str, sql: str, *, right: bool) -> None:
        """Let the asker know a person's word on an answer."""
        if self._asker is not None and right:
            self._asker.recall.learn(question, sql)
        elif self._asker is not None:
            self._asker.recall.forget(question)

    def recalls(self, question: str) -> bool:
        """Whether the asker knows a person's word on a question."""
        return self._asker is not None and self._asker.recall.sql_for(question) != ""

    def stop(self) -> None:
        """Stop the answer or query that is being made."""
        if self._asker is not None:
            self._asker.cancel()
        else:
            self.stop_query()

    def stop_query(self) -> None:
        """Stop the query that is being run, and no model, which may answer elsewhere."""
        if self._database is not None:
            self._database.interrupt()

    def close(self) -> None:
        """Stop whatever is being answered or run; nothing else is begun after that. The models are
        closed by a thread, as soon as none of them answers any more."""
        self.closed = True
        self._hush()
        if self._database is not None:
            self._database.close()
        threading.Thread(target=self._close_models).start()

    def _hush(self) -> None:
        for engine in list(self._engines.values()):
            engine.cancel()
        self.stop()

    def _close_models(self) -> None:
        while not self.answering.acquire(timeout=_LOOKED_EVERY):
            self._hush()  # once more: an answer that began since does not know of it
        with self._lock:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()
            self._asker = None
        self.answering.release()
