"""Every error and every refusal is told in Chinese in the Chinese app."""

import ast
import re
from itertools import product
from pathlib import Path
from string import Formatter

import pytest

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.texts import errors_catalogue, translated, words_of
from llmtui.workspace.errors import LlmtuiError, ModelError, SourceError
from tests.tui.raised import FILLED, modules
from tests.tui.waiting import until

HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")
TYPED = re.compile(r"`[^`]*`|llmtui \w+( build)?|pip \w+|ON column IN|--\w+( import)?|http\S+")
"""What a person types as it is."""
ELSEWHERE = {
    "workspace/errors.py",
    "database/holder.py",  # the reason of a refusal
    "trainer/finetune/recipe.py",  # the advice of a plan
    "trainer/instructions/mining/sources.py",  # an error as it was raised
    "trainer/instructions/mining/stage.py",  # the first of several faults
    "inference/rewriting/maker.py",  # the message of an answer
    "inference/server.py",  # what an answer of a server lacks
    "tui/pipeline.py",  # the error of a process
    "tui/session.py",  # a text of the app
}
"""Files in which a part of an error is no string of that file."""
MODULES = modules()
RAISED = [one for module in MODULES for one in module.raised()]


def in_english(text: str) -> bool:
    told = translated(text, "zh")
    return not HAN.search(told) or bool(ENGLISH.search(TYPED.sub("", told)))


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_error_and_every_refusal_has_a_chinese_text() -> None:
    assert len(RAISED) > 250
    missing = [
        f"{one.place}: {text}"
        for one in RAISED
        for text in (*one.whats, *one.hints)
        if in_english(text)
    ]
    missing += [
        f"{one.place}: not read"
        for one in RAISED
        if one.unread and one.place.partition(":")[0] not in ELSEWHERE
    ]
    assert not missing, "\n".join(missing)


def test_everything_that_is_mended_in_sql_has_a_chinese_text() -> None:
    mended = [
        text
        for module in MODULES
        if module.name.startswith("inference/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "changes.append"
        for text in module.texts(*node.args)
    ]
    assert len(mended) > 20
    assert not [text for text in mended if in_english(text)]
    joined = '"a" was joined; a column was shown twice; new thing.'
    assert translated(joined, "zh") == "连接了表“a”；有一列重复显示，去掉了一个；new thing。"
    assert translated("this; that.", "zh") == "this; that."


def test_an_error_is_told_the_same_when_it_comes_as_one_string(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    for one in RAISED:
        for what, hint in product(one.whats, (*one.hints, "")):
            placed = what.startswith((f"{FILLED}: ", f"{FILLED}, "))  # of a fault, in its text
            error = LlmtuiError(what, where="" if placed else "/a: b/x, line 3", hint=hint)
            assert translated(str(error), "zh") == words_of(error), one.place
            assert placed or words_of(error).startswith("/a: b/x，第 3 行："), one.place


def test_every_chinese_text_is_of_something_that_is_said() -> None:
    said = {text.removesuffix(".") for module in MODULES for text in module.strings()}
    said |= {text.removesuffix(".") for one in RAISED for text in (*one.whats, *one.hints)}
    placed = [text.partition(": ") for text in said if text.startswith(FILLED)]
    said |= {part for place, _, what in placed for part in (place, what)}
    texts = {key: text for part in errors_catalogue("zh").values() for key, text in part.items()}
    assert all(slots(english) == slots(chinese) for english, chinese in texts.items())
    assert all(HAN.search(chinese) for chinese in texts.values())
    unsaid = []
    for english in texts:
        pieces = re.split(r"\{\w+\}", english.removesuffix("."))
        longest, pattern = max(pieces, key=len), ".+?".join(map(re.escape, pieces))
        if not any(longest in text and re.fullmatch(pattern, text, re.DOTALL) for text in said):
            unsaid.append(english)
    assert not unsaid, "\n".join(unsaid)


def test_parts_of_an_error_are_told_and_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    error = SourceError("This database is encrypted", where="/x/model",
                        hint="Give llmtui a copy that is not.")  # fmt: skip
    new = ModelError("Something quite new", where="base", hint="Fetch it again.")
    monkeypatch.setenv("LLMTUI_LANG", "en")
    assert words_of(error) == str(error)
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    assert words_of(error) == "/x/model：这个数据库已加密。请给 llmtui 一份未加密的副本。"
    assert words_of(new) == "base：Something quite new. 请重新下载。"
    assert words_of(OSError("no luck: at all.")) == "no luck: at all."
    assert words_of(ModelError('There is no base model "tune" here')) == "这里没有基础模型“tune”。"


async def test_a_source_that_cannot_be_opened_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    damaged, missing = tmp_path / "x.duckdb", tmp_path / "none.csv"
    damaged.write_bytes(b"nothing of a database " * 99)
    for source, told in (
        (missing, "没有这个文件或文件夹。"),
        (damaged, "文件名像数据库，但这不是数据库文件。它可能已损坏或加密。"),
    ):
        app = LlmtuiApp(source)
        async with app.run_test(size=(120, 24)):
            problem = app.screen.query_one("#problem")
            await until(lambda shown=problem: shown.content)  # type: ignore[misc]
            assert str(problem.content) == f"{source}：{told}"  # type: ignore[attr-defined]
