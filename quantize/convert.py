"""A Hugging Face folder (config.json, tokenizer.json, safetensors) written as a GGUF.

What llama.cpp would run otherwise than transformers is refused before anything is written; the
tokenizer must split a thousand strings alike. Tensors are copied one at a time in their own type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize
from gguf.utility import LocalTensor
from numpy.typing import NDArray

from llmtui.quantize.architectures import Architecture, architecture_named, to_gguf_rows
from llmtui.quantize.gguf import Tensor, write
from llmtui.quantize.stored import KINDS, stored
from llmtui.quantize.vocabulary import Vocabulary, choose_splitting, read_vocabulary
from llmtui.workspace.errors import ModelError

HEAD_SIZES = {"qwen3": 128, "gemma3": 256}
"""Architectures that transformers reads with only this head size and scale from a GGUF."""
_NEEDED = (
    "hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size",
    "max_position_embeddings", "vocab_size",
)  # fmt: skip
_BUFFERS = ("rotary_emb.inv_freq", "attn.masked_bias", "attn.bias")


def convert(folder: Path, target: Path) -> Vocabulary:
    """Write the model of `folder` to `target`, in the types it is stored in; whole or not at all.

    Raises ModelError, before writing, for what would not be the same model in llama.cpp.
    """
    config = _json(folder / "config.json")
    if config is None:
        raise ModelError("This folder holds no model: it has no config.json", where=str(folder))
    classes = config.get("architectures") or [str(config.get("model_type", ""))]
    architecture = architecture_named(str(classes[0]), folder)
    needed = (*_NEEDED, "sliding_window") if architecture.name == "gemma3" else _NEEDED
    for name in needed:
        if not isinstance(config.get(name), int) or config[name] < 1:
            raise ModelError(
                f"This model cannot be converted: config.json gives no {name}",
                where=str(folder),
                hint="Fetch the file again.",
            )
    problem = unsupported(config, architecture)
    if problem:
        raise ModelError(f"This model cannot be converted: {problem}", where=str(folder))
    tensors = list(_tensors(folder, config, architecture))
    rows = next(tensor.shape[0] for tensor in tensors if tensor.name == "token_embd.weight")
    vocabulary = choose_splitting(read_vocabulary(folder, rows), folder, architecture.name)

    def add_keys(writer: GGUFWriter) -> None:
        writer.add_type("model")
        writer.add_name(folder.name)
        licence = _licence(folder)
        if licence:
            writer.add_license(licence)
        _add_shape(writer, config, architecture)
        vocabulary.add_to(writer)

    write(target, architecture.name, add_keys, tensors)
    return vocabulary


def unsupported(config: dict[str, Any], architecture: Architecture) -> str:
    """What of a config llama.cpp's graph of this architecture does not do, '' when nothing."""
    head = config["hidden_size"] // config["num_attention_heads"]
    activation = "gelu_pytorch_tanh" if architecture.name == "gemma3" else "silu"
    used = config.get("hidden_activation") or config.get("hidden_act") or activation
    local = _rope(config, "sliding_attention").get("rope_theta", 10_000.0)
    kinds = config.get("layer_types") or []
    every = 6 if architecture.name == "gemma3" else 1
    pattern = config.get("sliding_window_pattern") if architecture.name == "gemma3" else None
    expected = [
        "full_attention" if number % every == 0 else "sliding_attention"
        for number in range(1, len(kinds) + 1)
    ]
    wrong = {
        "it needs code of its own (auto_map)": "auto_map" in config,
        "its weights are quantized": "quantization_config" in config,
        f'its rotary embedding is scaled ("{_rope(config).get("rope_type")}")': _rope(config).get(
            "rope_type", "default"
        )
        != "default",
        f'its activation is "{used}"': used != activation,
        "its attention or MLP has unknown biases": bool(
            (config.get("attention_bias") and architecture.name != "qwen2")
            or config.get("mlp_bias")
        ),
        "its layers use a sliding window in an unknown order": kinds != expected
        or (not kinds and pattern not in (None, every))
        or bool(config.get("use_sliding_window")),
        "its attention scores are capped": bool(config.get("attn_logit_softcapping")),
        "its attention is scaled in an unknown way": architecture.name == "gemma3"
        and config.get("query_pre_attn_scalar", 256) != 256,
        "transformers would read another head size from the GGUF": config.get("head_dim", head)
        != HEAD_SIZES.get(architecture.name, config.get("head_dim", head)),
        "its local rotary base is unknown": architecture.name == "gemma3" and local != 10_000.0,
        "its head size is odd": (config.get("head_dim") or head) % 2 == 1,
    }
    return next((reason for reason, holds in wrong.items() if holds), "")


def _rope(config: dict[str, Any], kind: str = "full_attention") -> dict[str, Any]:
    """Rotary parameters of a kind of layer, wherever this version of transformers wrote them."""
    given = config.get("rope_parameters") or {}
    if "full_attention" in given:
        return dict(given.get(kind) or {})
    if kind != "full_attention":
        base = config.get("rope_local_base_freq")
        return {"rope_theta": base} if base else {}
    scaling = config.get("rope_scaling") or {}
    merged = {"rope_theta": config.get("rope_theta"), **scaling, **given}
    if "type" in merged:
        merged.setdefault("rope_type", merged["type"])
    return merged


def _add_shape(writer: GGUFWriter, config: dict[str, Any], architecture: Architecture) -> None:
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    default_base = 1_000_000.0 if architecture.name == "gemma3" else 10_000.0
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))
    writer.add_rope_freq_base(_rope(config).get("rope_theta") or default_base)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_vocab_size(config["vocab_size"])
    if architecture.rotated_pairs:
        writer.add_rope_dimension_count(head)
    if architecture.name == "gemma3":
        writer.add_sliding_window(config["sliding_window"])
        if config.get("final_logit_softcapping"):
            writer.add_final_logit_softcapping(config["final_logit_softcapping"])


def _tensors(folder: Path, config: dict[str, Any], architecture: Architecture) -> Iterator[Tensor]:
    """The tensors of the folder in GGUF's names, order and layout. Raises ModelError."""
    blocks = int(config["num_hidden_layers"])
    names = architecture.tensor_names(blocks)
    heads = {"q_proj": int(config["num_attention_heads"])}
    heads["k_proj"] = int(config.get("num_key_value_heads") or heads["q_proj"])
    found: dict[str, Tensor] = {}
    for name, source in _stored(folder).items():
        tied = name == "lm_head.weight" and config.get("tie_word_embeddings")
        if tied or name.endswith(_BUFFERS):
            continue
        wanted = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if wanted is None or source.dtype not in KINDS:
            what = f'the tensor "{name}" ({source.dtype}) has no place in GGUF'
            raise ModelError(f"This model cannot be converted: {what}", where=str(folder))
        turned = heads.get(name.split(".")[-2], 0) if architecture.rotated_pairs else 0
        shift = architecture.norm_shift if name.endswith("norm.weight") else 0.0
        kind = KINDS[source.dtype] if len(source.shape) > 1 else GGMLQuantizationType.F32
        data = partial(_data, source, turned, shift)
        found[wanted] = Tensor(wanted, source.shape, kind, data)
    parts = {
        block: {name.split(".", 2)[2] for name in found if name.startswith(f"blk.{block}.")}
        for block in range(blocks)
    }
    whole = {"token_embd.weight", "output_norm.weight"} <= set(found)
    if not whole or not parts[0] or any(part != parts[0] for part in parts.values()):
        raise ModelError(
            "This model cannot be converted: some of its tensors are missing",
            where=str(folder),
            hint="Fetch all of its .safetensors files again.",
        )
    yield from (found[name] for name in sorted(found))


def _stored(folder: Path) -> dict[str, LocalTensor]:
    """Every tensor of the folder's safetensors files, those of its index when it has one.

    Raises ModelError.
    """
    index = _json(folder / "model.safetensors.index.json") or {}
    named = index.get("weight_map")
    parts = {folder / str(name) for name in named.values()} if isinstance(named, dict) else None
    files = sorted(parts or folder.glob("*.safetensors"))
    found: dict[str, LocalTensor] = {}
    for file in files:
        if not file.is_file():
            raise ModelError(
                f"This folder lacks {file.name}, which its index names",
                where=str(folder),
                hint="Fetch all of its .safetensors files again.",
            )
        try:
            found |= stored(file)
        except (ValueError, OSError) as error:
            raise ModelError(
                f"This file is damaged or incomplete ({error})",
                where=str(file),
                hint="Fetch it again.",
            ) from error
    if not found:
        raise ModelError("This folder has no .safetensors files", where=str(folder))
    return found


def _data(source: LocalTensor, heads: int, shift: float) -> NDArray[Any]:
    """Bytes of a tensor in GGUF's layout; what has one dimension is F32 there."""
    width = {"F32": np.dtype("<u4")}.get(source.dtype, np.dtype("<u2"))
    data: NDArray[Any] = source.mmap_bytes().view(width).reshape(source.shape)
    if heads:
        data = to_gguf_rows(data, heads)
    if data.ndim == 1:
        data = dequantize(data.view(np.uint8), KINDS[source.dtype]) if width.itemsize == 2 else (
            data.view(np.float32)
        )  # fmt: skip
        data = (data + np.float32(shift)).astype(np.float32)
    return data


def _json(file: Path) -> dict[str, Any] | None:
    """An object of a JSON file, None when there is no such file. Raises ModelError."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError("it holds no object")
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise ModelError(f"This file is damaged ({error})", where=str(file)) from error
    return data


def _licence(folder: Path) -> str:
    """The licence that the model card names in its first lines, '' when it names none."""
    card = folder / "README.md"
    lines = (
        card.read_text(encoding="utf-8", errors="replace").splitlines()[:60]
        if card.is_file()
        else []
    )
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("license:"))
    return next(named, "")
