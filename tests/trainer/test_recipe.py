"""Whole training runs on a tiny GGUF: what they tell, what they leave, and kill -9."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmtui.trainer.evaluate.cost import training_tables
from llmtui.trainer.finetune.config import RunConfig
from llmtui.workspace import paths
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.events import Planned, Progress, Started, from_line
from llmtui.workspace.files import write_text
from tests.conftest import write_lines
from tests.quantize.tiny import tiny_folder
from tests.trainer.tiny import tiny_model

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from llmtui.quantize.convert import convert  # noqa: E402
from llmtui.trainer.finetune import plan  # noqa: E402
from llmtui.trainer.finetune.model import add_lora, device  # noqa: E402
from llmtui.trainer.finetune.recipe import finetune  # noqa: E402

ROWS = [
    {"id": str(i), "question": f"how many of {i}", "sql": f"SELECT {i} FROM t", "split": split}
    for i, split in enumerate(["train"] * 24 + ["dev"] * 4)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("base")
    convert(tiny_folder(place / "model", "llama"), place / "model.gguf")
    return place / "model.gguf"


@pytest.fixture
def config(base: Path, tmp_path: Path) -> RunConfig:
    torch.set_num_threads(1)
    file = write_lines(tmp_path / "instructions.jsonl", *ROWS)
    return RunConfig(str(base), str(file), minutes=0, rows=64, threads=1, rank=4, alpha=8)


def run(config: RunConfig, folder: Path) -> list[Any]:
    folder.mkdir()
    return list(finetune(config, folder))


def test_a_run_tells_its_plan_first_and_what_came_of_it_last(
    config: RunConfig, tmp_path: Path
) -> None:
    events = run(config, tmp_path / "run")
    kinds = [type(event) for event in events]
    assert kinds.index(Planned) < kinds.index(Progress)
    planned = next(event for event in events if isinstance(event, Planned))
    assert (planned.rows, planned.steps, planned.fits) == (64, 10, True)
    assert planned.memory_gb > 0
    assert planned.disk_gb >= 0
    told = json.loads((tmp_path / "run" / "training.json").read_text())
    assert told["actual"]["rows"] == 64
    assert set(told["general"]) == {"before", "after"}
    cost, perplexity = training_tables(tmp_path / "run")
    assert ("rows", "64", "64") in cost.rows
    assert "forgetting" in perplexity.rows[0][0]


@pytest.mark.parametrize(
    ("schema", "asked_with"), [("weights", "weights"), ("prompt", "prompt"), ("mixed", "weights")]
)
def test_the_adapter_says_where_the_model_is_told_the_schema_from(
    config: RunConfig, tmp_path: Path, schema: str, asked_with: str
) -> None:
    text = "t(id INTEGER, name VARCHAR)"
    run(replace(config, schema=schema, schema_text=text, max_tokens=128), tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "adapter" / "adapter.json").read_text())
    assert facts["prompt"].split("/")[1] == asked_with


def test_pre_training_learns_from_a_folder_of_text(config: RunConfig, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.sql").write_text("SELECT name, city FROM customers WHERE city = 'Rome';\n" * 150)
    (notes / "b.md").write_text("Customers place orders. An order has a total.\n" * 150)
    (notes / "c.bin").write_bytes(b"\xff" * 1000)
    given = replace(config, stage="pretrain", text=str(notes), rows=160, learning_rate=0.01)
    run(given, tmp_path / "run")
    loss = json.loads((tmp_path / "run" / "training.json").read_text())["held_out"]
    assert loss["after"] < 0.8 * loss["before"]
    assert "your own text" in training_tables(tmp_path / "run")[1].rows[1][0]
    with pytest.raises(UsageError, match="too little text"):
        run(replace(given, text=str(notes / "c.bin")), tmp_path / "other")


def test_a_plan_that_does_not_fit_says_what_would(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small:
        available = 0

    monkeypatch.setattr(plan.psutil, "virtual_memory", Small)
    with pytest.raises(LlmtuiError, match="smaller base"):
        run(config, tmp_path / "run")


def test_long_steps_are_taken_in_parts_rather_than_much_memory_taken(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(folder: Path) -> int:
        told = next(event for event in run(config, folder) if isinstance(event, Planned))
        return int(told.detail.split(", ")[2].removesuffix(" tokens at once"))

    monkeypatch.setattr(plan, "_MODEST", 1e12)
    whole = at_once(tmp_path / "large")
    monkeypatch.setattr(plan, "_MODEST", 0)
    assert whole // 2 <= at_once(tmp_path / "modest") < whole


def test_three_kills_change_nothing(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, rows=160, save_seconds=0.0)
    run(config, tmp_path / "whole")
    folder = tmp_path / "killed"
    folder.mkdir()
    config.save(folder)
    command = [sys.executable, "-m", "llmtui.trainer", str(folder)]
    for until in (3, 9, 15, 0):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            event = from_line(line)
            if until and isinstance(event, Progress) and event.step >= until:
                os.kill(child.pid, signal.SIGKILL)
                break
        child.stdout.close()
        assert child.wait() == (-signal.SIGKILL if until else 0)
    wanted, found = (
        load_file(str(place / "adapter" / "adapter.safetensors"))
        for place in (tmp_path / "whole", folder)
    )
    assert max(float((wanted[name] - found[name]).abs().max()) for name in wanted) < 1e-5


def test_two_processes_give_the_losses_of_one(config: RunConfig, tmp_path: Path) -> None:
    file = paths.cache_dir() / "probes.json"  # in bf16 rounding would hide what is not added up
    exact = {"dtype": "float32", "threads": 1, "tokens_per_second": 1e3, "kept": 1e3}
    write_text(file, json.dumps({plan._key(config, "cpu"): exact}))
    alone = [e.loss for e in run(config, tmp_path / "one") if isinstance(e, Progress)]
    folder = tmp_path / "two"
    folder.mkdir()
    config.save(folder)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
               "-m", "llmtui.trainer", str(folder)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    events = [from_line(line) for line in done.stdout.splitlines()]
    assert isinstance(events[0], Started)
    assert events[0].detail.endswith("2 processes")
    losses = [event.loss for event in events if isinstance(event, Progress)]
    assert losses == pytest.approx(alone, rel=1e-6)
    assert (folder / "adapter" / "adapter.safetensors").is_file()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_losses_of_the_processor(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [e.loss for e in run(config, tmp_path / "gpu") if isinstance(e, Progress)]
    device.cache_clear()
    monkeypatch.setenv("LLMTUI_DEVICE", "cpu")
    wanted = [e.loss for e in run(config, tmp_path / "processor") if isinstance(e, Progress)]
    device.cache_clear()
    assert found == pytest.approx(wanted, rel=0.05)


def test_weights_that_were_rounded_come_back_exactly(tmp_path: Path) -> None:
    model = add_lora(tiny_model("llama"), 4, 8, 7)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    plan.use_format(model, plan.Probe("bfloat16", 1, 0.0, 0.0), tmp_path)
    kinds = {p.requires_grad: p.dtype for p in model.parameters()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    plan.use_exact_weights(model)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]), name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("load", [3.0, 90.0])
def test_a_probe_is_remembered_only_when_nothing_disturbed_it(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: float
) -> None:
    monkeypatch.setenv("LLMTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(plan.psutil, "cpu_percent", lambda **_how: load)
    monkeypatch.setattr(plan, "_fastest", lambda threads: (threads or 1, "float32"))
    monkeypatch.setattr(plan, "cores", lambda: 2)
    planned = run(replace(config, threads=0, rows=8), tmp_path / "run")
    detail = next(event.detail for event in planned if isinstance(event, Planned))
    assert ("2 threads" in detail) == (load > 50)
    assert plan.paths.cache_dir().joinpath("probes.json").is_file() == (load < 50)
