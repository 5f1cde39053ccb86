"""A GGUF in llama.cpp: silent, greedy, streaming, cancellable, with the shared prefix kept.

Works on llama.cpp's own functions, since the high-level class copies logits and cannot be stopped
inside a long prompt. llama_cpp is imported when a model is opened, not before.
"""

from __future__ import annotations

import codecs
import ctypes
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llmtui.inference.adapters import Adapters
from llmtui.inference.prefixes import LEAST, Prefixes
from llmtui.inference.stopflag import StopFlag
from llmtui.quantize.adapter import SUFFIX, base_of
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.quantize.trusted import require_sound
from llmtui.trainer.prompt import Prompt, prompt_from_identity, prompt_of_base
from llmtui.workspace.errors import Interrupted, ModelError
from llmtui.workspace.machine import cores

_BATCH = 512
_ABORTED = 2
"""llama_decode's code for a computation that the abort callback ended."""


class Engine:
    """One loaded model and one context. Use it from one thread; `cancel` works from any.

    model: a GGUF, or an adapter file, which is put on its base
    threads: 0 means every core; context: tokens of prompt and answer together.
    Raises ModelError when the file is missing, not a GGUF, damaged, or of an unknown kind.
    """

    def __init__(self, model: Path, *, threads: int = 0, context: int = 2048) -> None:
        self.path = model
        is_adapter = model.name.endswith(SUFFIX)
        self._base = base = base_of(model) if is_adapter else model
        require_sound(base)
        self.context = context
        self._llama = llama = llama_cpp_silent()
        self._model: Any = None
        self._context: Any = None
        self._held: list[int] = []
        self.confidence: float | None = None
        """Geometric mean of the probabilities of the tokens of the last answer, 0 to 1."""
        self._said: list[int] = []
        self._doubts: list[tuple[float, int, int]] = []
        """Probability, place and token of what the last answer could have said instead."""
        params = llama.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = llama.llama_model_load_from_file(str(base).encode(), params)
        if not self._model:
            raise ModelError(
                "llama.cpp cannot load this model: it is damaged, incomplete or of an unknown kind",
                where=str(model),
                hint="Make or fetch it again.",
            )
        self._vocab = llama.llama_model_get_vocab(self._model)
        self._words = llama.llama_vocab_n_tokens(self._vocab)
        self._stop = StopFlag(llama.ggml_abort_callback)
        self._context = self._open_context(threads or cores())
        self._memory = llama.llama_get_memory(self._context)
        self._adapters = Adapters(llama, self._model, base)
        self._adapter_facts: dict[str, Any] = {}
        self.prompt = self._choose_prompt()
        self._prefixes = Prefixes(llama, self._context, _told_apart(base))
        if is_adapter:
            self.use_adapters([(model, 1.0)])

    def _open_context(self, threads: int) -> Any:
        params = self._llama.llama_context_default_params()
        params.n_ctx = self.context
        params.n_batch = params.n_ubatch = _BATCH
        params.n_threads = params.n_threads_batch = threads
        params.swa_full = True
        params.abort_callback, params.abort_callback_data = self._stop.callback, self._stop.data
        context = self._llama.llama_init_from_model(self._model, params)
        if not context:
            raise ModelError("There is not enough memory to run this model", where=str(self.path))
        return context

    def metadata(self, key: str) -> str:
        """A text value of the metadata of the adapter in use or the model, '' when it has none."""
        if key in self._adapter_facts:
            return str(self._adapter_facts[key])
        size = 1 << 16
        buffer = ctypes.create_string_buffer(size)
        got = self._llama.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
        return buffer.value.decode("utf-8", "replace") if got >= 0 else ""

    def use_adapters(self, chosen: Sequence[tuple[Path, float]]) -> None:
        """Swap the adapter files in use, each with its weight; none leaves the bare base.

        The prompt becomes the one they were tuned with. Raises ModelError when one is for another
        base, or when their prompts differ.
        """
        self._adapter_facts = self._adapters.use(self._context, chosen)
        told = [f"{_told_apart(path)} {weight}" for path, weight in chosen]
        self._prefixes.model = "\n".join([_told_apart(self._base), *told])
        self._llama.llama_memory_clear(self._memory, True)
        self._held = []
        self.prompt = self._choose_prompt()

    def _choose_prompt(self) -> Prompt:
        identity = self.metadata("llmtui.prompt")
        if identity:
            return prompt_from_identity(identity)
        template = self.metadata("tokenizer.chat_template")
        return prompt_of_base(
            template, lambda text: len(self.tokenize(text, True)) == 1, schema="prompt"
        )

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        """Token ids; special tokens are parsed in control text only, none are added."""
        raw = text.encode("utf-8")
        room = len(raw) + 8
        buffer = (self._llama.llama_token * room)()
        count = self._llama.llama_tokenize(self._vocab, raw, len(raw), buffer, room, False, control)
        return list(buffer[: max(count, 0)])

    def stream_tokens(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[int]:
        """Greedy continuation, without the token that ends it.

        shared: how many of the first tokens other prompts begin with too; what the model makes of
        them is kept for those.
        Raises ModelError when the prompt does not fit, Interrupted when `cancel` was called.
        """
        if len(tokens) + max_tokens > self.context:
            raise ModelError(
                f"The prompt has {len(tokens)} tokens; {self.context - max_tokens} fit",
                hint="Ask a shorter question.",
            )
        self._stop.lower()
        self._feed_prompt(list(tokens), shared)
        total = 0.0
        self.confidence, self._said, self._doubts = None, [], []
        for count in range(1, max_tokens + 1):
            logits = self._logits()
            second, token = map(int, logits.argpartition(-2)[-2:])
            top = float(logits[token])
            likely = 1 / float(np.exp(logits - top).sum())
            total += math.log(likely)
            self.confidence = math.exp(total / count)
            other = likely * math.exp(float(logits[second]) - top)
            self._doubts.append((other, count - 1, second))
            self._said.append(token)
            if self._is_end(token):
                return
            yield token
            self._decode([token])

    def complete(self, tokens: Sequence[int], *, max_tokens: int = 256) -> list[int]:
        return list(self.stream_tokens(tokens, max_tokens=max_tokens))

    def _is_end(self, token: int) -> bool:
        """Whether a token closes an answer."""
        ends = self.tokenize(self.prompt.end, True)
        return token in ends or bool(self._llama.llama_vocab_is_eog(self._vocab, token))

    def _logits(self) -> NDArray[np.float32]:
        """Logits (vocabulary,) of the last token; valid until the next decode."""
        pointer = self._llama.llama_get_logits_ith(self._context, -1)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, shape=(self._words,))
        return logits

    def other_beginnings(self, most: int) -> list[list[int]]:
        """Beginnings of other answers to the last prompt, the likeliest first: each is the last
        answer up to a token that another came close to, and that other token."""
        likely = sorted(self._doubts, reverse=True)[:most]
        return [[*self._said[:place], token] for _, place, token in likely]

    def stream(
        self,
        tokens: Sequence[int],
        *,
        max_tokens: int = 256,
        begun: Sequence[int] = (),
        shared: int = 0,
    ) -> Iterator[str]:
        """The continuation as pieces of text, never half a character. See `stream_tokens`.

        begun: tokens that it begins with, whatever the model would say
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        said = decoder.decode(b"".join(map(self._piece, begun)))
        if said:
            yield said
        if begun and self._is_end(begun[-1]):
            return
        for token in self.stream_tokens([*tokens, *begun], max_tokens=max_tokens, shared=shared):
            piece = decoder.decode(self._piece(token))
            if piece:
                yield piece
        rest = decoder.decode(b"", True)
        if rest:
            yield rest

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._llama.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(size, 0)]

    def _feed_prompt(self, tokens: list[int], shared: int = 0) -> None:
        """Run the prompt, keeping what the last one shares with it in the cache."""
        same = 0
        limit = min(len(tokens) - 1, len(self._held))
        while same < limit and tokens[same] == self._held[same]:
            same += 1
        if LEAST <= shared < len(tokens) and same < shared:
            same = self._begin(tokens[:shared])
        self._run_on(tokens, same)

    def _begin(self, tokens: list[int]) -> int:
        """Bring the model to where it has read `tokens`, from what is kept or else anew."""
        self._llama.llama_memory_clear(self._memory, True)
        self._held = []
        if self._prefixes.restore(tokens):
            self._held = list(tokens)
        else:
            self._run_on(tokens, 0)
            self._prefixes.keep(tokens)
        return len(tokens)

    def _run_on(self, tokens: list[int], same: int) -> None:
        """Run what comes after the first `same` tokens, which the cache holds."""
        if not self._llama.llama_memory_seq_rm(self._memory, 0, same, -1):
            self._llama.llama_memory_clear(self._memory, True)
            same = 0
        del self._held[same:]
        for start in range(same, len(tokens), _BATCH):
            self._decode(tokens[start : start + _BATCH])

    def _decode(self, tokens: list[int]) -> None:
        array = (self._llama.llama_token * len(tokens))(*tokens)
        code = self._llama.llama_decode(
            self._context, self._llama.llama_batch_get_one(array, len(tokens))
        )
        if self._stop.up or code == _ABORTED:
            self._held = []
            self._llama.llama_memory_clear(self._memory, True)
            raise Interrupted("The answer was stopped")
        if code != 0:
            raise ModelError(f"llama.cpp failed while answering (code {code})")
        self._held += tokens

    def cancel(self) -> None:
        """Stop the answer that is being made, also inside a long prompt."""
        self._stop.hoist()

    def close(self) -> None:
        if self._context:
            self._llama.llama_free(self._context)
            self._context = None
        if self._model:
            self._llama.llama_model_free(self._model)
            self._model = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def _told_apart(file: Path) -> str:
    """A file's place, size and time of change."""
    facts = file.stat()
    return f"{file.absolute()} {facts.st_size} {facts.st_mtime_ns}"
