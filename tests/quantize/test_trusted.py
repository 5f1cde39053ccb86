"""Known model files are held to their SHA-256; foreign ones are loaded in a child first."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gguf import GGUFWriter

from llmtui.quantize import trusted
from llmtui.quantize.trusted import remember, require_sound
from llmtui.workspace.errors import ModelError
from tests.conftest import needs_starter, starter


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A GGUF with a sound header, of a kind that llama.cpp does not know."""
    path = tmp_path / "m.gguf"
    writer = GGUFWriter(path, "nonsense")
    writer.add_tensor("a", np.zeros((64, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def ruined(file: Path) -> None:
    """Overwrite some weights, as a bad disk would."""
    with file.open("r+b") as content:
        content.seek(-4096, 2)
        content.write(b"x" * 2048)


def test_a_file_that_was_made_here_is_taken_until_it_changes(file: Path) -> None:
    remember(file)
    require_sound(file)
    ruined(file)
    with pytest.raises(ModelError, match="no longer what was made here"):
        require_sound(file)


def test_a_file_whose_time_alone_changed_is_still_the_same(file: Path) -> None:
    remember(file)
    file.touch()
    require_sound(file)


def test_a_foreign_file_that_llama_cpp_cannot_load_is_told(file: Path) -> None:
    with pytest.raises(ModelError, match=r"llama\.cpp cannot load it"):
        require_sound(file)


def test_a_foreign_file_that_ends_llama_cpp_is_told_and_ends_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: SimpleNamespace(returncode=-11))
    with pytest.raises(ModelError, match=r"it ended llama\.cpp"):
        require_sound(file)


@needs_starter
def test_a_sound_foreign_file_is_tried_out_once_and_again_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    path = starter()
    assert path is not None
    require_sound(path)
    (entry,) = json.loads((home / "data" / "models" / "known.json").read_text()).values()
    assert entry["own"] is False
    tried: list[Path] = []
    monkeypatch.setattr(trusted, "try_out", tried.append)
    require_sound(path)
    assert tried == []
    monkeypatch.setattr(trusted, "_same", lambda *_: False)
    require_sound(path)
    assert tried == [path]


def test_a_file_that_is_known_is_not_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(file)
    monkeypatch.setattr(trusted, "read", lambda _file: pytest.fail("its header was read"))
    require_sound(file)
