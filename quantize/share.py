"""A tuned model as a folder that runs in llama.cpp, Ollama and LM Studio without llmtui.

The chat template inside the GGUF is replaced by the prompt that the model was tuned with: that of
its base would put a system message before every question, which the tuned model has never seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmtui.quantize.adapter import SUFFIX
from llmtui.quantize.gguf import patched_copy
from llmtui.quantize.header import TensorInfo, read
from llmtui.quantize.trusted import sha256
from llmtui.trainer.prompt import Prompt, prompt_from_identity
from llmtui.workspace.errors import ModelError
from llmtui.workspace.files import whole_folder

_QUESTION = "{question}"


@dataclass(frozen=True)
class Turns:
    """The text around a question: before it, after it, and what ends the answer."""

    before: str
    after: str
    end: str


def turns_of(prompt: Prompt, adds_bos: str) -> Turns:
    """How `prompt` frames a question; `adds_bos` is a text that the runtime puts first by itself.

    Raises ModelError for a prompt that holds more than the question, such as the schema.
    """
    pieces = [piece.text for piece in prompt.pieces(_QUESTION)]
    if prompt.schema != "weights" or pieces.count(_QUESTION) != 1:
        raise ModelError(
            f'A model with the prompt "{prompt.identity}" reads the schema with every question',
            hint="Only llmtui can ask it. Tune one with `llmtui tune` and export that.",
        )
    place = pieces.index(_QUESTION)
    before, after = "".join(pieces[:place]), "".join(pieces[place + 1 :])
    return Turns(before.removeprefix(adds_bos), after, prompt.end)


def jinja_of(turns: Turns) -> str:
    """The chat template for the GGUF; a system message is left out, as in training."""
    return (
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        f"{{{{ {turns.before!r} + message['content'].strip() + {turns.after!r} }}}}"
        "{% elif message['role'] == 'assistant' %}"
        f"{{{{ message['content'] + {turns.end + chr(10)!r} }}}}"
        "{% endif %}{% endfor %}"
    )


def modelfile_of(file: str, turns: Turns, context: int) -> str:
    """Ollama's Modelfile: https://docs.ollama.com/modelfile."""
    return (
        f"FROM ./{file}\n"
        f'TEMPLATE """{turns.before}{{{{ .Prompt }}}}{turns.after}{{{{ .Response }}}}"""\n'
        f'PARAMETER stop "{turns.end}"\n'
        "PARAMETER temperature 0\n"
        f"PARAMETER num_ctx {context}\n"
    )


def share(model: Path, folder: Path, card: Mapping[str, str]) -> None:
    """Write `folder`: the GGUF, a Modelfile, a model card and checksums; whole or not at all.

    card: heading → Markdown text, in order. Raises ModelError for what cannot run elsewhere.
    """
    if model.name.endswith(SUFFIX):
        raise ModelError(
            "An adapter file needs its base beside it",
            where=str(model),
            hint="Make a whole model of it with `llmtui quantize SOURCE --level q8_0`.",
        )
    header = read(model)
    prompt = prompt_from_identity(str(header.facts.get("llmtui.prompt", "")))
    adds_bos = "<bos>" if header.facts.get("tokenizer.ggml.add_bos_token") else ""
    turns = turns_of(prompt, adds_bos)
    with whole_folder(folder) as place:
        file = place / model.name
        patched_copy(model, file, {}, {"tokenizer.chat_template": jinja_of(turns)})
        _check(header.tensors, read(file).tensors, file)
        (place / "Modelfile").write_text(modelfile_of(model.name, turns, 2048), encoding="utf-8")
        parts = [f"# {model.stem}\n", *(f"## {title}\n\n{text}\n" for title, text in card.items())]
        parts.append(_HOW.format(file=model.name, name=model.stem.lower()))
        (place / "README.md").write_text("\n".join(parts), encoding="utf-8")
        sums = [f"{sha256(one)}  {one.name}\n" for one in sorted(place.iterdir())]
        (place / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def _check(before: Sequence[TensorInfo], after: Sequence[TensorInfo], file: Path) -> None:
    """Tensors must be the same ones, byte for byte. Raises ModelError."""
    for one, two in zip(before, after, strict=True):
        same = (one.name, one.kind, one.shape) == (two.name, two.kind, two.shape)
        if not same or one.data.tobytes() != two.data.tobytes():
            raise ModelError(f"The copy of the tensor {one.name} differs", where=str(file))


_HOW = """## How to run it

The file holds the prompt that the model was tuned with as its chat template. Ask one question at a
time, with temperature 0; the answer is one DuckDB query. Nothing here checks that query: run it on
a read-only connection. llmtui checks it before it shows it.

llama.cpp:

    llama-cli -m {file} --jinja --temp 0 -p "how many orders are there?"
    llama-server -m {file} --jinja

Ollama, in this folder:

    ollama create {name} -f Modelfile
    ollama run {name} "how many orders are there?"

LM Studio:

    lms import {file}

Check the files with `sha256sum -c SHA256SUMS`.
"""
