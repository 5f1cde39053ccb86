"""What one fine-tuning run is asked to do: the content of run.toml."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from llmtui.workspace.errors import UsageError
from llmtui.workspace.files import write_text


@dataclass(frozen=True)
class RunConfig:
    base: str
    """Path of the base model's GGUF."""
    instructions: str
    """Path of the instruction rows; those of the split "train" that are not rejected are used."""
    rows_digest: str = ""
    """Of its constructed rows when the run began: with others an unfinished run does not go on."""
    schema_fingerprint: str = ""
    schema: str = "weights"
    """Where the model learns the schema from: its weights, the prompt, or mixed (half of each)."""
    schema_text: str = ""
    """The schema as a prompt shows it; for the schema in the prompt or mixed."""
    stage: str = "instructions"
    """What is learnt: instructions, or pretrain: plain text of the user's own."""
    text: str = ""
    """For pretrain: a folder of .sql, .txt and .md files, or one of them."""
    masked: float = 0.25
    """For pretrain: share of chunks of which a span is taken out and asked for."""
    replay: float = 0.05
    """Share of general instructions among the rows, against forgetting; 0 is none."""
    start: str = ""
    """An adapter.safetensors of the same rank from which training goes on; "" starts anew."""
    minutes: float = 8.0
    """Wall time for the training steps; loading and saving come on top. 0 is no limit."""
    rows: int = 0
    """Most rows to see, counting each time; 0 is no limit."""
    until_flat: bool = False
    """End when held-out answers no longer get better."""
    epochs: int = 3
    """Most passes over the rows when time allows."""
    threads: int = 0
    """Threads for PyTorch; 0 means every core this process may use."""
    seed: int = 7
    batch: int = 8
    """Rows a step."""
    rank: int = 16
    alpha: int = 32
    learning_rate: float = 1.5e-3
    """Peak; warmed up over the first steps, then linear to zero."""
    warmup: int = 20
    """Steps of warm-up."""
    max_tokens: int = 256
    """Rows longer than this (question and answer, in tokens) are left out and counted."""
    save_seconds: float = 45.0
    """Time between checkpoints."""
    languages: str = "en,zh"
    level: str = "q8_0"

    @property
    def asked_with(self) -> str:
        """Where the tuned model is told the schema from when it is asked."""
        return "prompt" if self.schema == "prompt" else "weights"

    def save(self, folder: Path) -> None:
        write_text(folder / "run.toml", tomlkit.dumps(dataclasses.asdict(self)))


def load_config(folder: Path) -> RunConfig:
    """Read run.toml of a run folder. Raises UsageError naming what is wrong with it."""
    file = folder / "run.toml"
    try:
        return RunConfig(**tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UsageError(
            "This is not a run folder: it has no run.toml", where=str(folder)
        ) from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"Not a valid run ({error})", where=str(file)) from error
