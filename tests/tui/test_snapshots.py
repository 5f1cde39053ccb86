"""Every screen looks as it is kept in `snapshots/`: sizes, themes and languages.

After a change that is meant, look at the pictures that this writes and keep them:

    LLMTUI_SNAPSHOTS=keep pytest tests/tui/test_snapshots.py
"""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from llmtui.tui.texts import LANGUAGES
from tests.tui.pictures import FORMS, name_of

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "snapshots"
NAMES = sorted(name_of(screen, *form) for screen, forms in FORMS.items() for form in forms)


def other_drawing() -> str:
    """What draws otherwise than it did for the kept pictures, '' when nothing does."""
    known = dict(
        line.partition("==")[::2] for line in (ROOT / "constraints.txt").read_text().splitlines()
    )
    drawn_by = ("textual", "rich", "textual-fastdatatable", "textual-plot")
    other = (f"{name} {version(name)}" for name in drawn_by if version(name) != known[name])
    return next(other, "")


pytestmark = pytest.mark.skipif(
    bool(other_drawing()), reason=f"the pictures were not drawn with {other_drawing()}"
)


def surroundings() -> dict[str, str]:
    """The environment without what changes how the app looks."""
    changes = ("LLMTUI_", "TEXTUAL", "NO_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(changes)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures as they are now."""
    folder = tmp_path_factory.mktemp("pictures")
    kept = folder / "none" if "LLMTUI_SNAPSHOTS" in os.environ else KEPT
    for lang in LANGUAGES:
        done = subprocess.run(
            [sys.executable, "-m", "tests.tui.pictures", str(folder), str(kept)],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env=surroundings() | {"LLMTUI_LANG": lang},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    if "LLMTUI_SNAPSHOTS" in os.environ:
        KEPT.mkdir(exist_ok=True)
        for old in KEPT.glob("*.svg"):
            old.unlink()
        for name in NAMES:
            (KEPT / name).write_bytes((folder / name).read_bytes())
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_looks_as_it_did(drawn: Path, name: str) -> None:
    same = (drawn / name).read_bytes() == (KEPT / name).read_bytes()
    assert same, f"compare {drawn / name} with {KEPT / name}; how to keep it: see this file's head"


def test_no_picture_is_kept_that_no_screen_makes_and_none_tells_of_a_machine() -> None:
    files = sorted(KEPT.glob("*.svg"))
    assert [file.name for file in files] == NAMES
    for file in files:
        text = file.read_text("utf-8")
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert all(word not in text for word in ("/tmp", "/home", "/root", "C:\\"))
