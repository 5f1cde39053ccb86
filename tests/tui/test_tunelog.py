"""The log of a tune is Chinese in the Chinese app."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmtui.tui.commands.common import describe
from llmtui.tui.texts import catalogue, translated
from llmtui.tui.tunelog import line_of
from llmtui.workspace.events import (
    Event,
    Failed,
    Finished,
    Planned,
    RowDropped,
    RowsKept,
    Saved,
    Scored,
    Started,
    from_line,
)

HAN = re.compile(r"[\u4e00-\u9fff]")
PLAN = Planned(
    "finetune", 968, 121, 243.0, 4.0, 2.2, 0.5, "bfloat16, 2 threads, 480 tokens at once"
)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Started("tune", "shop.db"), "在 shop.db 上训练模型"),
        (RowDropped("gives no rows", count=85), "  去掉 85 条：没有结果"),
        (RowsKept(6000, "1724 queries"), "  保留 6000 条，来自 1724 个查询"),
        (Finished("instructions", 29.0, "6000 rows"), "✓ 构造指令用时 29 秒：6000 条"),
        (Finished("tune", 558.0), "✓ 训练用时 9.3 分钟"),
        (Saved("model", "/x/m.gguf"), "  已保存模型：/x/m.gguf"),
        (Failed("quantize", "It broke."), "✗ 量化：It broke."),
        (Failed("finetune", "Paused. Tune again to go on from here.", 130),
         "‖ 已暂停。再次开始即从这里继续。"),
        (PLAN, "  计划：968 条、121 步，每秒 243 词元，4.0 分钟，内存 2.2 GB，磁盘 0.50 GB"
         "（bfloat16，2 个线程，一次 480 个词元）"),
        (Scored("tuned · held-out en", "strict", 26, 60, 0.32, 0.56),
         "  已微调 · 留出 en：43.3% 严格（26/60，95% 区间 32%–56%）"),
    ],
)  # fmt: skip
def test_what_the_stages_say_is_said_in_chinese(
    event: Event, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    assert line_of(event) == line


def test_every_sentence_is_found_again_and_english_stays() -> None:
    for key, text in catalogue("en").items():
        if key.startswith("said_"):
            said = re.sub(r"\{\w+\}", "7", text)
            assert translated(said, "zh") == re.sub(r"\{\w+\}", "7", catalogue("zh")[key])
            assert translated(said, "en") == said
    assert translated("  something quite new", "zh") == "  something quite new"
    assert translated("dropped 3: {x} %s [/]", "zh") == "去掉 3 条：{x} %s [/]"
    assert "“model”" in translated('There is no table "model" in this database.', "zh")


def test_every_line_that_building_rows_tells_is_chinese(shop: Path) -> None:
    command = [sys.executable, "-m", "llmtui.tui", "instructions", "build", str(shop), "--rows",
               "60", "--json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    events = [from_line(line) for line in done.stdout.splitlines()]
    assert len(events) > 3
    for event in events:
        if event is not None and not isinstance(event, Saved):
            english = describe(event)
            assert not english or HAN.search(translated(english, "zh")), english
