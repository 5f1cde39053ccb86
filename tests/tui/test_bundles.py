"""Bundles: what is packed, what is refused, and that nothing is written over."""

import os
import random
import sqlite3
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from llmtui.tui import unbundle
from llmtui.tui.cli import run
from llmtui.workspace.history import History
from llmtui.workspace.project import Project, project_for, start


def tuned(source: Path) -> Project:
    """A project whose model in use is a file of noise, with all that a person makes in it."""
    project = project_for(source)
    start(project, source)
    project.models.mkdir()
    (project.models / "m.gguf").write_bytes(random.Random(3).randbytes(20_000))
    project.update(model="models/m.gguf", run="r")
    project.instructions.write_text('{"id": "1", "question": "q", "sql": "SELECT 1"}\n' * 50)
    project.glossary.write_text('customers = "client"\n')
    project.rewrites.write_text("{}\n")
    History(project.history).add_question("how many?", "SELECT 1", "ok", "m")
    return project


def test_what_a_person_made_goes_along_whatever_its_date(shop: Path, tmp_path: Path) -> None:
    project = tuned(shop)
    os.utime(project.glossary, (0, 0))
    assert run(["bundle", str(shop), str(tmp_path / "b.zip")]) == 0
    assert run(["unbundle", str(tmp_path / "b.zip"), str(tmp_path / "there")]) == 0
    there = Project(tmp_path / "there" / "project")
    for mine, packed in (
        (project.glossary, there.glossary), (project.rewrites, there.rewrites),
        (project.instructions, there.instructions),
    ):  # fmt: skip
        assert packed.read_bytes() == mine.read_bytes()
    assert [one.question for one in History(there.history).questions()] == ["how many?"]


def test_a_source_is_packed_with_its_log_of_changes(tmp_path: Path) -> None:
    source = tmp_path / "s.sqlite"
    connection = sqlite3.connect(source)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t AS SELECT 41 + 1 AS a")
    connection.commit()
    tuned(source)
    assert run(["bundle", str(source), str(tmp_path / "b.zip"), "--with-source"]) == 0
    connection.close()
    assert run(["unbundle", str(tmp_path / "b.zip"), str(tmp_path / "there")]) == 0
    with sqlite3.connect(tmp_path / "there" / "source" / "s.sqlite") as packed:
        assert packed.execute("SELECT a FROM t").fetchall() == [(42,)]


def test_a_bundle_is_written_over_nothing(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned(shop)
    mine = tmp_path / "b.zip"
    mine.write_text("mine")
    assert run(["bundle", str(shop), str(mine)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert run(["bundle", str(shop), str(tmp_path / "b.duckdb")]) == 2
    assert "must end in .zip" in capsys.readouterr().err
    assert mine.read_text() == "mine"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def damaged(whole: bytes, rng: random.Random) -> bytes:
    broken = bytearray(whole)
    tail = max(0, len(whole) - 1200)  # where zip keeps its list of files
    match rng.randrange(5):
        case 0:
            return whole[: rng.randrange(len(whole))]
        case 1:
            for _ in range(rng.randint(1, 30)):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
        case 2:
            for _ in range(rng.randint(1, 4)):
                broken[rng.randrange(tail, len(broken))] = rng.randrange(256)
        case 3:
            at = rng.randrange(len(broken))
            broken[at : at + rng.randrange(1, 2000)] = bytes(rng.randrange(1, 300))
        case 4:
            at = rng.randrange(len(broken))
            broken[at:at] = rng.randbytes(rng.randrange(1, 300))
    return bytes(broken)


def test_a_damaged_bundle_is_refused_or_what_it_unpacks_is_whole(
    shop: Path, tmp_path: Path
) -> None:
    tuned(shop)
    file, bad, there = (tmp_path / name for name in ("b.zip", "bad.zip", "there"))
    assert run(["bundle", str(shop), str(file)]) == 0
    unbundle.unpack(file, tmp_path / "good")
    wanted, rng, refused = contents(tmp_path / "good"), random.Random(7), 0
    for _ in range(200):
        bad.write_bytes(damaged(file.read_bytes(), rng))
        try:
            unbundle.unpack(bad, there)
        except ValueError:
            refused += 1
            assert not there.exists()
        else:
            assert contents(there) == wanted
            unbundle.shutil.rmtree(there)
    assert refused > 150


@pytest.mark.parametrize("manifest", [b"[]", b'{"format": 1, "files": []}', b"\xff", b"[" * 9999])
def test_a_manifest_of_another_make_is_refused(
    manifest: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("manifest.json", manifest)
    assert run(["unbundle", str(tmp_path / "b.zip"), str(tmp_path / "there")]) == 2
    assert "The bundle was not opened: " in capsys.readouterr().err
    assert not (tmp_path / "there").exists()


def test_an_installation_that_fails_can_be_tried_again(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned(shop)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "llmtui-1-py3-none-any.whl").write_bytes(b"no wheel")
    file, there = tmp_path / "b.zip", tmp_path / "there"
    assert run(["bundle", str(shop), str(file), "--wheels", str(wheels)]) == 0

    def no_pip(folder: Path, *, with_pip: bool) -> None:
        folder.mkdir()
        raise subprocess.CalledProcessError(1, ["ensurepip"])

    monkeypatch.setattr(venv, "create", no_pip)
    for _ in range(2):
        assert run(["unbundle", str(file), str(there), "--install"]) == 2
        assert "no Python environment can be made here" in capsys.readouterr().err
    assert run(["unbundle", str(file), str(there)]) == 0
