"""One contestant of benchmarks/train.py, in a process of its own: NAME FOLDER BATCH STEPS OUT.

All load the same weights, those whose name ends in bf16 rounded to it, the same adapter and the
same token ids in the same order, and take the same steps: AdamW, a constant learning rate,
gradients clipped at 1.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

RATE = 1e-3
ALL = 10**9
"""Tokens that llmtui sends through the model together."""
AT_ONCE = 4
"""Rows that a peer sends through the model together; it adds gradients up to the batch."""


def base(name: str, folder: Path) -> Any:
    """The model; where the name says bf16 its frozen weights are rounded, as llmtui's are."""
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    return AutoModelForCausalLM.from_pretrained(folder / "model", dtype=dtype)


def ours(name: str, folder: Path, batch: int, steps: int) -> tuple[list[float], list[float]]:
    from llmtui.trainer.finetune.batches import Example
    from llmtui.trainer.finetune.checkpoint import load_adapter
    from llmtui.trainer.finetune.loop import step_loss
    from llmtui.trainer.finetune.loss import fast
    from llmtui.trainer.finetune.model import add_lora

    rows = [Example(tuple(r["tokens"]), r["answer"]) for r in read_rows(folder)]
    model = add_lora(base(name, folder), 16, 32, 7)
    load_adapter(model, folder / "adapter.safetensors")
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.0)
    losses, seconds = [], []
    with fast(model):
        for step in range(steps):
            began = time.monotonic()
            losses.append(step_loss(model, rows[step * batch : (step + 1) * batch], 0, ALL))
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            seconds.append(time.monotonic() - began)
    return losses, seconds


def peer(name: str, folder: Path, batch: int, steps: int) -> tuple[list[float], list[float]]:
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )
    from trl import SFTConfig, SFTTrainer

    adapter = load_file(folder / "adapter.safetensors")
    targets = sorted({key.split(".")[-2] for key in adapter})
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=targets, lora_dropout=0.0,
                      task_type="CAUSAL_LM")  # fmt: skip
    model = get_peft_model(base(name, folder), lora)  # keeps adapters in fp32
    for key, value in adapter.items():
        model.get_parameter(f"base_model.model.{key}.default.weight").data.copy_(value)
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    rows = [
        {"input_ids": r["tokens"], "attention_mask": [1] * len(r["tokens"]),
         "completion_mask": [int(i >= r["answer"]) for i in range(len(r["tokens"]))],
         "labels": [t if i >= r["answer"] else -100 for i, t in enumerate(r["tokens"])]}
        for r in read_rows(folder)[: batch * steps]
    ]  # fmt: skip
    seconds: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.monotonic()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            seconds.append(time.monotonic() - self.began)

    same: dict[str, Any] = {
        "output_dir": str(folder / name), "per_device_train_batch_size": AT_ONCE,
        "gradient_accumulation_steps": batch // AT_ONCE, "max_steps": steps, "learning_rate": RATE,
        "lr_scheduler_type": "constant", "weight_decay": 0.0, "max_grad_norm": 1.0,
        "logging_steps": 1, "save_strategy": "no", "report_to": [], "use_cpu": True,
        "train_sampling_strategy": "sequential",
    }  # fmt: skip
    if name == "trainer":
        trainer = Trainer(
            model, TrainingArguments(**same, remove_unused_columns=False),
            train_dataset=Dataset.from_list([{k: v for k, v in r.items() if k != "completion_mask"}
                                             for r in rows]),
            data_collator=DataCollatorForSeq2Seq(tokenizer), callbacks=[Clock()],
        )  # fmt: skip
    else:
        tuned = {"gradient_checkpointing": False, "bf16": name == "trl-bf16"}
        arguments = SFTConfig(
            **same, **({} if name == "trl" else tuned),
            dataset_kwargs={"skip_prepare_dataset": True},
        )  # fmt: skip
        trainer = SFTTrainer(model, arguments, train_dataset=Dataset.from_list(rows),
                             processing_class=tokenizer, callbacks=[Clock()])  # fmt: skip
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return losses, seconds


def read_rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "rows.json").read_text("utf-8"))
    return found


def main() -> None:
    name, folder, batch, steps, out = sys.argv[1:]
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    run = ours if name.startswith("llmtui") else peer
    losses, seconds = run(name, Path(folder), int(batch), int(steps))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    told = {"losses": losses, "seconds": seconds, "memory_gb": peak}
    Path(out).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
