"""From an adapter to a verified Q8_0 file, against merging, converting and quantizing by hand.

The adapter is random, of the default rank, on the starter; what PyTorch answers with it is recorded
as training records it. Ours is `llmtui quantize`, process start to verified file. By hand is what
guides tell: PEFT merges into a Hugging Face folder that is there already, saves it, a converter
makes an F16 GGUF of it, llama.cpp quantizes that; nothing is verified. The converter is
`convert_hf_to_gguf.py` of llama.cpp with --converter (it is in the sdist of llama-cpp-python, not
in its wheel), else llmtui's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from common import arguments, finish

RANK, ALPHA = 16, 32


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--converter", type=Path, help="llama.cpp's convert_hf_to_gguf.py")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--step", choices=("prepare", "by-hand"), help="used by the benchmark")
    parser.add_argument("--place", type=Path, help="used by the benchmark")
    options = parser.parse_args()
    if options.step == "prepare":
        return prepare(options.place)
    if options.step == "by-hand":
        return by_hand(options.place, options.converter)
    place = Path(tempfile.mkdtemp(prefix="llmtui-export-"))
    me = [sys.executable, __file__, "--place", str(place)]
    subprocess.run([*me, "--step", "prepare"], check=True)
    ours = [sys.executable, "-m", "llmtui.tui", "quantize", str(place / "shop.csv"),
            "--project", str(place / "project")]  # fmt: skip
    hand = [*me, "--step", "by-hand"]
    if options.converter:
        hand += ["--converter", str(options.converter)]
    runs: dict[str, list[tuple[float, float]]] = {"ours": [], "by hand": []}
    for _ in range(1 if options.quick else options.runs):
        runs["ours"].append(timed(ours))
        runs["by hand"].append(timed(hand))
    seconds = {name: median(wall for wall, _ in got) for name, got in runs.items()}
    memory = {name: max(peak for _, peak in got) for name, got in runs.items()}
    results = {"runs": runs, "converter": str(options.converter or "llmtui's own")}
    bars = {
        "adapter to verified Q8_0, s": (seconds["ours"], 6.0, seconds["ours"] <= 6),
        "its peak memory, GB": (memory["ours"], 1.2, memory["ours"] <= 1.2),
        "by hand, unverified, s (ours must be less)":
            (seconds["by hand"], seconds["ours"], seconds["ours"] < seconds["by hand"]),
        "by hand, peak memory, GB (ours must be less)":
            (memory["by hand"], memory["ours"], memory["ours"] < memory["by hand"]),
    }  # fmt: skip
    return finish(options, results, bars)


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory in GB of a command. Ends the benchmark when it fails."""
    with tempfile.TemporaryFile("w+") as told:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        if status != 0:
            told.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{told.read()}")
    return wall, usage.ru_maxrss / 1e6


def prepare(place: Path) -> int:
    """A project with a trained run, and the same base and adapter as Hugging Face folders."""
    import torch
    from safetensors.torch import save_file

    from llmtui.quantize.bases import find_base
    from llmtui.trainer.finetune import importance, parity
    from llmtui.trainer.finetune.batches import encode
    from llmtui.trainer.finetune.config import RunConfig
    from llmtui.trainer.finetune.model import (
        add_lora,
        load_base,
        prompt_for_training,
        tokenizer_of,
        use_threads,
    )
    from llmtui.trainer.finetune.recipe import write_adapter
    from llmtui.workspace.project import Project, start
    from llmtui.workspace.records import Instruction

    (place / "shop.csv").write_text("name,total\nAda,3\n", encoding="utf-8")
    project = Project(place / "project")
    start(project, place / "shop.csv")
    use_threads(0)
    base = find_base("smollm2-135m")
    model, tokenizer = load_base(base)
    model.save_pretrained(place / "hf")
    tokenizer.save_pretrained(place / "hf")
    model = add_lora(model, RANK, ALPHA, 1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.002)
    save_for_peft(model, place / "lora")
    prompt = prompt_for_training(tokenizer, "weights")
    rows = [Instruction(str(n), f"how many names start with {letter}?", f"SELECT {n}")
            for n, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWX")]  # fmt: skip
    expected = parity.record(model, tokenizer, prompt, rows, most_tokens=32)
    run = project.new_run()
    config = RunConfig(str(base), "", rank=RANK, alpha=ALPHA)
    config.save(run)
    folder = run / "adapter"
    folder.mkdir()
    write_adapter(folder, model, config, prompt.identity, expected)
    logits = parity.logits_after(model, expected["contexts"])
    save_file({"logits": logits}, str(folder / "parity.safetensors"))
    examples = [encode(row, prompt, tokenizer_of(tokenizer)) for row in rows]
    save_file(importance.record(model, examples), str(folder / "importance.safetensors"))
    return 0


def save_for_peft(model: Any, folder: Path) -> None:
    """The adapter as PEFT keeps one."""
    from peft import LoraConfig
    from safetensors.torch import save_file

    from llmtui.trainer.finetune.checkpoint import adapter_weights

    weights = adapter_weights(model)
    targets = {name.split(".")[-2] for name in weights}
    config = LoraConfig(
        r=RANK, lora_alpha=ALPHA, target_modules=sorted(targets), task_type="CAUSAL_LM"
    )
    config.save_pretrained(folder)
    named = {f"base_model.model.{name}.weight": tensor for name, tensor in weights.items()}
    save_file(named, str(folder / "adapter_model.safetensors"))


def by_hand(place: Path, converter: Path | None) -> int:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from llmtui.quantize.levels import LEVELS, quantize_file

    base = AutoModelForCausalLM.from_pretrained(place / "hf", dtype=torch.float32)
    PeftModel.from_pretrained(base, place / "lora").merge_and_unload().half().save_pretrained(
        place / "merged"
    )
    AutoTokenizer.from_pretrained(place / "hf").save_pretrained(place / "merged")
    whole = place / "merged.gguf"
    if converter is not None:
        command = [sys.executable, str(converter), str(place / "merged"), "--outtype", "f16"]
        subprocess.run([*command, "--outfile", str(whole)], check=True)
    else:
        from llmtui.quantize.convert import convert

        convert(place / "merged", whole)
    quantize_file(whole, place / "merged-q8_0.gguf", LEVELS["q8_0"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
