"""What a change of the training recipe is worth, on the same rows: loss and exact answers.

    python benchmarks/recipe.py RUN --try '{"learning_rate": 7e-4}' --try '{"rank": 32}'

RUN is a run folder that `llmtui tune` left (…/projects/NAME/runs/DATE). Its recipe, and that recipe
with each of the changes, learn the same rows in the same order, without a limit of time; then the
held-out rows of the project are looked at. A change of the rank begins without the head start.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import arguments, finish

from llmtui.trainer.evaluate.statistics import paired, share
from llmtui.trainer.finetune.batches import encode, schema_of
from llmtui.trainer.finetune.checkpoint import load_adapter
from llmtui.trainer.finetune.config import RunConfig, load_config
from llmtui.trainer.finetune.loop import ALONE, learn
from llmtui.trainer.finetune.loss import fast, first_choices, loss_sum
from llmtui.trainer.finetune.model import (
    add_lora,
    load_base,
    place,
    prompt_for_training,
    tokenizer_of,
    use_threads,
)
from llmtui.trainer.finetune.plan import make_plan, probe, use_exact_weights
from llmtui.trainer.finetune.recipe import encoded
from llmtui.workspace.records import load_rows

ROWS, QUICK_ROWS = 2400, 800
LOOKED_AT, TOGETHER = 400, 8


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--try", action="append", default=[], type=json.loads, dest="tries")
    parser.add_argument("--rows", type=int, help="rows that each learns")
    options = parser.parse_args()
    rows = options.rows or (QUICK_ROWS if options.quick else ROWS)
    usual = dataclasses.replace(
        load_config(options.run), rows=rows, minutes=0.0, until_flat=False, save_seconds=1e9
    )
    print("| recipe | rows a second | held-out loss | exact | against the first |")
    print("|---|--:|--:|--:|--:|", flush=True)
    results: list[dict[str, Any]] = []
    for change in ({}, *options.tries):
        found = tried(dataclasses.replace(usual, **change))
        results.append({"change": change, **found})
        exact, first = found["exact"], results[0]["exact"]
        against, told = paired(exact, first), share(sum(exact), len(exact))
        print(
            f"| {json.dumps(change)} | {found['speed']:.1f} | {found['loss']:.3f} "
            f"| {told.hits}/{told.of} ({told.low:.0%}–{told.high:.0%}) "
            f"| +{against.only_first} −{against.only_second}, p {against.p:.2f} |",
            flush=True,
        )
    return finish(options, {"rows": rows, "recipes": results}, {})


def tried(config: RunConfig) -> dict[str, Any]:
    """Learn as `config` says: rows a second, loss in nats a token and what is exact."""
    torch.manual_seed(config.seed)
    use_threads(config.threads)
    model, tokenizer = load_base(Path(config.base))
    tokenize, prompt = tokenizer_of(tokenizer), prompt_for_training(tokenizer, config.asked_with)
    rows = drained(encoded(config, prompt, tokenize, tokenizer.pad_token_id or 0))
    model = add_lora(model, config.rank, config.alpha, config.seed)
    if config.start and config.rank == RunConfig.rank:
        load_adapter(model, Path(config.start))
    place(model)
    steps = len(rows.batches(config))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = probe(model, rows, config, folder)  # number format and threads of a real run
        at_once = make_plan(model, rows, config, chosen).at_once
        began = time.monotonic()
        drained(learn(model, rows, config, folder, lambda: False, steps, at_once, ALONE))
        seconds = time.monotonic() - began
    use_exact_weights(model.to("cpu"))
    model.eval()
    unseen = [row for row in load_rows(Path(config.instructions)) if row.split != "train"]
    held_out = [
        encode(row, prompt, tokenize, schema_of(row, config.schema_text), 0)
        for row in [row for row in unseen if row.usable][:LOOKED_AT]
    ]
    exact, loss = list[bool](), 0.0
    with torch.no_grad(), fast(model):
        for start in range(0, len(held_out), TOGETHER):
            some = held_out[start : start + TOGETHER]
            exact += first_choices(model, some, rows.pad)
            loss += float(loss_sum(model, some, rows.pad))
    tokens = sum(len(example.tokens) - example.answer for example in held_out)
    return {"speed": config.rows / seconds, "loss": loss / tokens, "exact": exact}


def drained(steps: Any) -> Any:
    """Run a generator to its end; what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


if __name__ == "__main__":
    sys.exit(main())
