"""What is kept of what a model has read: how much of it, and beside other processes."""

import ctypes
import os
from pathlib import Path

import pytest

from llmtui.inference import prefixes
from llmtui.inference.prefixes import Prefixes
from llmtui.workspace import paths

SIZE = 100


class Llama:
    """A context whose state is always the same."""

    __version__ = "1"

    def llama_state_seq_get_size(self, _context: None, _sequence: int) -> int:
        return SIZE

    def llama_state_seq_get_data(
        self, _context: None, buffer: ctypes.Array[ctypes.c_uint8], size: int, _sequence: int
    ) -> int:
        buffer[0] = 1
        return size

    def llama_state_seq_set_data(self, *_: object) -> bool:
        return True


def anew() -> Prefixes:
    """As after a start: only what is on disk is known."""
    return Prefixes(Llama(), None, "model")


def keep(*numbers: int) -> None:
    """Keep a state for each number, one second after the other."""
    for number in numbers:
        anew().keep([number])
        file = paths.prefixes_dir() / f"{anew()._key([number])}.state"
        os.utime(file, (number, number))


def test_a_state_that_another_process_deletes_meanwhile_is_no_fault() -> None:
    keep(1)
    (paths.prefixes_dir() / "deleted.state").symlink_to(Path("nowhere"))
    keep(2)
    assert anew().restore([2])


def test_those_that_were_used_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "_ON_DISK", 3)
    keep(1, 2, 3)
    assert anew().restore([1])
    keep(4)
    assert [number for number in (1, 2, 3, 4) if anew().restore([number])] == [1, 3, 4]


def test_large_states_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "_DISK_BYTES", 3 * SIZE)
    monkeypatch.setattr(prefixes, "_MEMORY_BYTES", SIZE // 2)
    held = anew()
    for number in (1, 2, 3):
        keep(number)
        assert held.restore([number])
        assert len(held._held) == 1
    assert [number for number in (1, 2, 3) if anew().restore([number])] == [2, 3]
