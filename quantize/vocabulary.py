"""The vocabulary of a Hugging Face folder as GGUF has it, and the proof that it splits alike.

llama.cpp knows the way a byte-level tokenizer cuts text only by a name. The folder does not have
that name, so each likely one is tried, and the one that splits a thousand strings as the folder's
own tokenizer does is written. If there is none the model is refused.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, SpecialVocab, TokenType

from llmtui.quantize.gguf import write
from llmtui.quantize.sample_strings import sample_strings
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.workspace.errors import ModelError, UsageError

SPLITTINGS = (
    "qwen2", "smollm", "llama-bpe", "gpt-2", "default", "starcoder", "deepseek-coder",
    "deepseek-llm", "tekken", "gpt-4o", "olmo", "falcon", "mpt", "refact", "stablelm2",
    "hunyuan", "seed-coder", "bloom", "qwen35",
)  # fmt: skip
"""Names that llama.cpp has for ways to cut text before merging, the likely ones first."""


@dataclass(frozen=True)
class Vocabulary:
    """model: "gpt2" (byte-level merges) or "llama" (sentencepiece); splitting: a name of
    SPLITTINGS, of "gpt2" only; scores: of "llama" only; special: ids, template and merges."""

    model: str
    tokens: list[str]
    types: list[TokenType]
    scores: list[float]
    special: SpecialVocab
    space_prefix: bool
    splitting: str = "default"

    def add_to(self, writer: GGUFWriter) -> None:
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.splitting)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        if self.scores:
            writer.add_token_scores(self.scores)
            writer.add_add_space_prefix(self.space_prefix)
        self.special.add_to_gguf(writer, quiet=True)


def read_vocabulary(folder: Path, size: int) -> Vocabulary:
    """The vocabulary in tokenizer.json, filled up to `size` tokens. Raises ModelError."""
    file = folder / "tokenizer.json"
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The tokenizer cannot be read ({error})",
            where=str(file),
            hint="Only tokenizers that come as tokenizer.json can be converted.",
        ) from error
    model = data["model"]
    pieces = model.get("type") == "BPE" and bool(model.get("byte_fallback"))
    if model.get("type") != "BPE" or (not pieces and "ByteLevel" not in _kinds(data)):
        raise ModelError(
            f'The tokenizer is of the kind "{model.get("type")}"',
            where=str(file),
            hint="Byte-level BPE and sentencepiece BPE can be converted.",
        )
    tokens, types = _tokens(data, size, pieces)
    merges = model.get("merges") or []
    scores = _scores(tokens, merges) if pieces else []
    prefix = "▁" in str((data.get("normalizer") or {}).get("prepend", "")) or _prefixed(data)
    special = SpecialVocab(folder, load_merges=not pieces, n_vocab=size)
    return Vocabulary("llama" if pieces else "gpt2", tokens, types, scores, special, prefix)


def _kinds(part: Any) -> set[str]:
    """The types named anywhere in the pre-tokenizer."""
    found: set[str] = set()
    todo = [part.get("pre_tokenizer") or {}]
    while todo:
        item = todo.pop()
        found.add(str(item.get("type")))
        todo += item.get("pretokenizers") or []
    return found


def _prefixed(data: dict[str, Any]) -> bool:
    before = data.get("pre_tokenizer") or {}
    return before.get("type") == "Metaspace" and before.get("prepend_scheme", "always") != "never"


def _tokens(data: dict[str, Any], size: int, pieces: bool) -> tuple[list[str], list[TokenType]]:
    tokens = [f"[PAD{i}]" for i in range(size)]
    types = [TokenType.UNUSED] * size
    added = {item["id"]: item for item in data.get("added_tokens") or []}
    known = {id: token for token, id in data["model"]["vocab"].items()}
    known |= {id: item["content"] for id, item in added.items()}
    if max(known) >= size:
        raise ModelError(f"The tokenizer has {max(known) + 1} tokens and the model {size}")
    for id, token in known.items():
        kind = TokenType.NORMAL
        if id in added:
            special = added[id].get("special")
            kind = TokenType.CONTROL if special else TokenType.USER_DEFINED
        if token == data["model"].get("unk_token"):
            kind = TokenType.UNKNOWN
        elif pieces and id not in added and len(token) == 6 and token.startswith("<0x"):
            kind = TokenType.BYTE
        user = pieces and kind == TokenType.USER_DEFINED
        tokens[id] = token.replace("▁", " ") if user else token
        types[id] = kind
    return tokens, types


def _scores(tokens: Sequence[str], merges: Sequence[Any]) -> list[float]:
    """Scores that order merges as their list does; sentencepiece prefers the higher one."""
    first: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        left, right = merge.split(" ", 1) if isinstance(merge, str) else merge
        first.setdefault(left + right, rank)
    return [-float(first.get(token, len(merges))) for token in tokens]


def choose_splitting(vocabulary: Vocabulary, folder: Path, architecture: str) -> Vocabulary:
    """The vocabulary with the splitting under which llama.cpp agrees with the folder's tokenizer.

    Raises ModelError, naming a text, when there is none.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise UsageError(
            "Converting needs the package tokenizers, which is not installed",
            hint="Install it with: pip install 'llmtui[train]'",
        ) from error
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = sample_strings()
    wanted = [list(one.ids) for one in own.encode_batch(texts, add_special_tokens=False)]
    differing = ""
    for name in SPLITTINGS if vocabulary.model == "gpt2" else ("default",):
        tried = replace(vocabulary, splitting=name)
        got = split_with(tried, texts, architecture)
        wrong = [text for text, a, b in zip(texts, got, wanted, strict=True) if a != b]
        if not wrong:
            return tried
        differing = differing or min(wrong, key=len)
    raise ModelError(
        f"llama.cpp would split text otherwise than this model's tokenizer does, "
        f"for example {differing!r}",
        where=str(folder),
        hint="Nothing was written. Look for a GGUF of this model that its makers publish.",
    )


def split_with(vocabulary: Vocabulary, texts: Sequence[str], architecture: str) -> list[list[int]]:
    """Token ids of each text as llama.cpp gives them. Raises ModelError when it cannot load it."""
    llama = llama_cpp_silent()
    with tempfile.TemporaryDirectory(prefix="llmtui-vocabulary-") as place:
        file = Path(place) / "vocabulary.gguf"
        write(file, architecture, vocabulary.add_to, ())
        params = llama.llama_model_default_params()
        params.vocab_only = True
        model = llama.llama_model_load_from_file(str(file).encode(), params)
    if not model:
        raise ModelError("llama.cpp cannot load this vocabulary")
    try:
        vocab = llama.llama_model_get_vocab(model)
        found = []
        for text in texts:
            raw = text.encode("utf-8")
            room = len(raw) + 16
            buffer = (llama.llama_token * room)()
            count = llama.llama_tokenize(vocab, raw, len(raw), buffer, room, False, False)
            found.append(list(buffer[: max(count, 0)]))
        return found
    finally:
        llama.llama_model_free(model)
