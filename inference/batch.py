"""Many questions or statements: one JSON line in, one answer line out, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from llmtui.database.text import json_line
from llmtui.inference.answer import Answer
from llmtui.workspace.errors import Interrupted, RecordError
from llmtui.workspace.events import Event, Finished, Note, Progress, Saved, Started
from llmtui.workspace.files import whole_file
from llmtui.workspace.records import read_lines


def read_items(path: Path, field: str) -> list[tuple[str, str]]:
    """(id, text) of every line; `field` is "question" or "sql".

    Raises RecordError naming the line that lacks it. An id that is missing is the line's number.
    """
    items: list[tuple[str, str]] = []
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        try:
            data: Any = json.loads(line)
        except ValueError as error:
            raise RecordError(f"Not valid JSON ({error})", where=where) from error
        if not isinstance(data, dict) or not isinstance(data.get(field), str):
            raise RecordError(f'A line needs the text field "{field}"', where=where)
        items.append((str(data.get("id", number)), data[field]))
    return items


def answer_file(
    source: Path, target: Path, field: str, answer: Callable[[str, str], Answer]
) -> Iterator[Event]:
    """Answer every line of `source` with `answer(id, text)` into `target`, whole or not at all.

    Raises RecordError, StorageError, and Interrupted when an answer was stopped by the person.
    """
    items = read_items(source, field)
    yield Started("answers", str(source), of=len(items))
    counts: dict[str, int] = {}
    seconds = 0.0
    with whole_file(target) as temporary, temporary.open("w", encoding="utf-8") as out:
        for number, (id, text) in enumerate(items, 1):
            got = answer(id, text)
            if got.exit_code == Interrupted.exit_code:
                raise Interrupted(f"Stopped at line {number}; nothing was written")
            data = got.to_dict(asked=field == "question")
            out.write(json_line(json.dumps(data, ensure_ascii=False)) + "\n")
            counts[got.status] = counts.get(got.status, 0) + 1
            seconds += got.seconds
            yield Progress("answers", number, len(items), unit=field)
    yield Saved("answers", str(target))
    yield Note(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    yield Finished("answers", seconds)
