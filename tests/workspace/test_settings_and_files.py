from pathlib import Path

import pytest

from llmtui.workspace import paths, settings
from llmtui.workspace.errors import SourceError, StorageError, UsageError
from llmtui.workspace.events import Note, Progress, from_line, to_line
from llmtui.workspace.files import whole_file, whole_folder, write_text
from llmtui.workspace.project import project_for, start


def test_flag_beats_environment_beats_project_beats_user_beats_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project.toml"
    assert settings.load(project).minutes == settings.Settings().minutes
    settings.save_user(minutes=1)
    assert settings.load(project).minutes == 1
    project.write_text("[settings]\nminutes = 2\n")
    assert settings.load(project).minutes == 2
    monkeypatch.setenv("LLMTUI_MINUTES", "3")
    assert settings.load(project).minutes == 3
    assert settings.load(project, minutes=4).minutes == 4
    assert settings.load(project, minutes=None).minutes == 3


def test_a_misspelt_setting_is_told_with_the_nearest_one() -> None:
    write_text(paths.settings_file(), "minuets = 3\n")
    with pytest.raises(UsageError, match='Did you mean "minutes"'):
        settings.load()


def test_a_setting_of_the_wrong_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTUI_THREADS", "many")
    with pytest.raises(UsageError, match="must be a whole number"):
        settings.load()


def test_one_variable_moves_everything(home: Path) -> None:
    assert all(place.is_relative_to(home) for place in paths.everything().values())


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    file = tmp_path / "f.txt"
    write_text(file, "old")

    def fail_half_way() -> None:
        with whole_file(file) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.glob(".*partial")] == []


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with whole_folder(tmp_path / "d") as temporary:
            (temporary / text).write_text(text)
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["two"]


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    def write() -> None:
        with whole_file(tmp_path / "f"):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="The disk is full; nothing was changed"):
        write()


def test_a_project_belongs_to_one_source(tmp_path: Path) -> None:
    one, two = tmp_path / "one.duckdb", tmp_path / "two.duckdb"
    project = project_for(one, tmp_path / "p")
    start(project, one)
    with pytest.raises(SourceError, match="belongs to"):
        project_for(two, tmp_path / "p")
    assert project_for(one).root != project_for(two).root


def test_one_file_has_one_project_however_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    (tmp_path / "one.db").touch()
    (tmp_path / "work" / "one.db").touch()
    (tmp_path / "link").symlink_to(tmp_path / "work" / "deep")
    assert project_for(tmp_path / "work" / ".." / "one.db") == project_for(tmp_path / "one.db")
    inside = project_for(tmp_path / "link" / ".." / "one.db")
    assert inside == project_for(tmp_path / "work" / "one.db")


def test_events_survive_their_line_and_foreign_lines_are_nothing() -> None:
    event = Progress("finetune", 3, 10, 0.5, 2.0, "rows", 9.0)
    assert from_line(to_line(event)) == event
    assert from_line(to_line(Note("你好"))) == Note("你好")
    assert from_line("Loading weights: 100%") is None
    assert from_line('{"event": "Nothing"}') is None


def test_a_place_without_a_name_is_told_to_be_a_folder() -> None:
    for place in (Path(), Path("/")):
        with pytest.raises(StorageError, match="This is a folder"):
            write_text(place, "text")
        with pytest.raises(StorageError, match="This is a folder"), whole_folder(place):
            pass
