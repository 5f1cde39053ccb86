"""The process that holds a database: `python -m llmtui.database.worker`, JSON lines in and out.

It is the only one that gives a source or a statement to DuckDB. Before it opens the source the
system takes from it what a query has no need of (see `harden`); it ends when nobody listens.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from llmtui.database import harden, wire
from llmtui.database.text import first_line
from llmtui.workspace.errors import Interrupted, LlmtuiError, QueryError, SourceError, StorageError
from llmtui.workspace.events import Event, to_line
from llmtui.workspace.private import keep_private

if TYPE_CHECKING:
    from llmtui.database.holder import Holder

_Message = dict[str, Any]
_SPARE_MB = 768
"""Address space beyond DuckDB's own limit: parsing, Python, the result on its way out."""


class Worker:
    """Takes one message after the other; `interrupt` comes from the thread that reads them."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._writing = threading.Lock()
        self._holder: Holder | None = None
        self._at = 0
        self.calls: dict[str, Callable[[_Message], _Message]] = {
            "open": self._open,
            "import": self._import,
            "perturb": self._perturb,
            "schema": self._schema,
            "views": self._views,
            "check": self._check,
            "bind": self._bind,
            "run": self._run,
        }

    def answer(self, message: _Message) -> None:
        self._at = int(message["id"])
        try:
            reply = self.calls[message["do"]](message)
        except LlmtuiError as error:
            reply = wire.write_error(error)
        except MemoryError:
            reply = wire.write_error(
                QueryError("The query needs more memory than it may have", hint=_MEMORY_HINT)
            )
        except OSError as error:
            reply = wire.write_error(StorageError(f"The system refused ({error.strerror})"))
        except Exception as error:  # what a file makes DuckDB, Arrow or Python say
            kind = SourceError if self._holder is None else QueryError
            reply = wire.write_error(kind(f"This cannot be read: {first_line(error)}"))
        self._at = 0
        self._write({**reply, "id": message["id"]})

    def interrupt(self, number: int) -> None:
        if number == self._at and self._holder is not None:
            self._holder.interrupt()

    def _write(self, message: _Message) -> None:
        with self._writing:
            self._out.write(wire.write(message))
            self._out.flush()

    def _tell(self, event: Event) -> None:
        self._write({"id": self._at, "event": to_line(event)})

    @property
    def holder(self) -> Holder:
        if self._holder is None:
            raise SourceError("No database is open")
        return self._holder

    def _open(self, message: _Message) -> _Message:
        """Confine this process, then open; the rest of Python is loaded while nobody waits."""
        file = Path(message["file"]) if message["file"] else None
        in_place = tuple(Path(name) for name in message["in_place"])
        readable = [*in_place]
        if file is not None:
            readable += [file, file.with_name(file.name + ".wal")]
        if message["confined"]:
            harden.confine(readable)
        from llmtui.database.holder import Holder

        self._holder = Holder(
            file, in_place, message["memory_mb"], message["threads"], message["exclude"]
        )
        harden.limit_files()
        return {"tables": sorted(self._holder.tables), "notes": self._holder.notes}

    def after_opening(self) -> None:
        """Load what checking needs, then fix how much more memory there may be."""
        if self._holder is not None and not self._holder.warm:
            self._holder.warm_up()
            harden.limit_memory(self._holder.memory_mb + _SPARE_MB)

    def _import(self, message: _Message) -> _Message:
        from llmtui.database.importing import import_source

        notes = import_source(
            Path(message["path"]),
            message["kind"],
            [Path(name) for name in message["files"]],
            Path(message["snapshot"]),
            message["rows"],
            self._tell,
        )
        return {"notes": notes}

    def _perturb(self, message: _Message) -> _Message:
        from llmtui.database.perturb import write_copies

        write_copies(
            Path(message["file"]) if message["file"] else None,
            [Path(name) for name in message["in_place"]],
            message["exclude"],
            [Path(name) for name in message["targets"]],
            message["seed"],
            message["planted"],
        )
        return {}

    def _schema(self, message: _Message) -> _Message:
        harden.limit_time(None)
        return {"schema": self.holder.schema(mask=message["mask"], facts=message["facts"])}

    def _views(self, _message: _Message) -> _Message:
        return {"views": self.holder.views()}

    def _check(self, message: _Message) -> _Message:
        return {"verdict": self.holder.check(message["sql"])}

    def _bind(self, message: _Message) -> _Message:
        self._limited(message, lambda: self.holder.execute(f"EXPLAIN {message['sql']}", 1))
        return {}

    def _run(self, message: _Message) -> _Message:
        def work() -> Any:
            return self.holder.run(message["sql"], message["max_rows"], message["guarded"])

        return {"result": self._limited(message, work)}

    def _limited(self, message: _Message, work: Callable[[], Any]) -> Any:
        """`work` within its time: interrupted, and if that does not help ended by the system."""
        seconds = float(message["limit"])
        harden.limit_time((seconds + 1) * (os.cpu_count() or 1))
        timer = threading.Timer(seconds, self.holder.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return work()
        except Interrupted:
            raise
        finally:
            timer.cancel()


_MEMORY_HINT = "Ask for less, or raise the setting memory_mb."


def main() -> None:
    keep_private()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is not a message
    worker = Worker(out)
    messages: SimpleQueue[_Message] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            message = wire.read(line)
            if message["do"] == "interrupt":
                worker.interrupt(int(message["id"]))
            else:
                messages.put(message)
        os._exit(0)  # the one that asked is gone

    first = wire.read(sys.stdin.buffer.readline())
    if first["do"] == "open":
        worker.answer(first)  # confined before there is a second thread
        threading.Thread(target=listen, daemon=True).start()
        worker.after_opening()
    else:
        messages.put(first)
        threading.Thread(target=listen, daemon=True).start()
    while True:
        worker.answer(messages.get())
        time.sleep(0)


if __name__ == "__main__":
    main()
