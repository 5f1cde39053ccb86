"""A GGUF in llama.cpp: silent, greedy, streaming, cancellable, with the shared prefix kept.

Works on llama.cpp's own functions, since the high-level class copies logits and cannot be stopped
inside a long prompt. llama_cpp is imported when a model is opened, not before.
"""

from __future__ import annotations

import codecs
import ctypes
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from llmtui.inference.adapters import Adapters
from llmtui.inference.candidates import MOST, Candidate, Doubts, Together
from llmtui.inference.drafts import MOST as MOST_GUESSED
from llmtui.inference.drafts import Drafts
from llmtui.inference.memory import BATCH, Memory
from llmtui.inference.pieces import Pieces
from llmtui.inference.prefixes import Prefixes, told_apart
from llmtui.inference.stopflag import StopFlag
from llmtui.quantize.adapter import SUFFIX, base_of
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.quantize.trusted import require_sound
from llmtui.trainer.prompt import prompt_from_identity, prompt_of_base
from llmtui.workspace.errors import Interrupted, ModelError
from llmtui.workspace.machine import cores


class Engine:
    """One loaded model and one context. Threads take turns, each with a whole stream, or with all
    that they do while they hold `turn`; `cancel` works from any.

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
        self._together: Together | None = None
        self._turn = threading.RLock()
        self._doubts, self._asked, self.cut = Doubts(), 0, False
        """Of the last answer; the tokens of its prompt; whether only its length ended it."""
        self._expected: Iterator[str] = iter(())
        self._read: list[list[int]] = []
        """Of what is expected: what is not read yet, and the tokens of the rest."""
        self._drafts = Drafts(())
        params = llama.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = llama.llama_model_load_from_file(str(base).encode(), params)
        if not self._model:
            raise ModelError(
                "llama.cpp cannot load this model: it is damaged, incomplete or of an unknown kind",
                where=str(model),
                hint="Make or fetch it again.",
            )
        try:
            self._prepare(threads or cores())
            if is_adapter:
                self.use_adapters([(model, 1.0)])
        except BaseException:
            self.close()
            raise

    def _prepare(self, threads: int) -> None:
        """All that a loaded model needs before it answers."""
        llama = self._llama
        self.pieces = Pieces(llama, self._model)
        self._stop = StopFlag(llama.ggml_abort_callback)
        self._context = self._open_context(threads)
        self._prefixes = Prefixes(llama, self._context, told_apart(self._base))
        self._memory = Memory(llama, self._context, self.pieces.count, self._prefixes, self._stop)
        self._together = Together(llama, self._context, self.pieces.count)
        self._adapters = Adapters(llama, self._model, self._base)
        self._adapter_facts: dict[str, Any] = {}
        self._choose_prompt()

    def _open_context(self, threads: int) -> Any:
        params = self._llama.llama_context_default_params()
        params.n_ctx = self.context
        params.n_batch = params.n_ubatch = BATCH
        params.n_threads = params.n_threads_batch = threads
        params.swa_full = params.kv_unified = True
        params.n_seq_max = 1 + MOST
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
        with self._turn:
            self._adapter_facts = self._adapters.use(self._context, chosen)
            told = [f"{told_apart(path)} {weight}" for path, weight in chosen]
            self._prefixes.model = "\n".join([told_apart(self._base), *told])
            self._memory.forget()
            self._choose_prompt()

    def _choose_prompt(self) -> None:
        """The prompt that the model was tuned with, and the tokens that close its answers."""
        identity = self.metadata("llmtui.prompt")
        if identity:
            self.prompt = prompt_from_identity(identity)
        else:
            template = self.metadata("tokenizer.chat_template")
            self.prompt = prompt_of_base(
                template, lambda text: len(self.tokenize(text, True)) == 1, schema="prompt"
            )
        self._ends = frozenset(self.tokenize(self.prompt.end, True))

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        """Token ids; special tokens are parsed in control text only, none are added."""
        return self.pieces.tokenize(text, control)

    def expect(self, statements: Iterable[str]) -> None:
        """Statements that answers will be like: the model is asked for several tokens at once where
        these tell how it goes on. They are read before the second answer, as the first one would
        wait for them longer than they save."""
        self._expected, self._read, self._drafts = iter(statements), [], Drafts(())

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
        with self._turn:
            self._stop.lower()
            self._memory.feed(list(tokens), shared)
            if self._asked:
                self._read_expected()
            self._doubts, self._asked, self.cut = Doubts(), len(tokens), False
            yield from self._said(max_tokens)

    def _read_expected(self) -> None:
        """Raises Interrupted when `cancel` was called; what was not read by then is read later."""
        for statement in self._expected:
            self._read.append(self.tokenize(statement))
            if self._stop.up:
                raise Interrupted("The answer was stopped")
        if self._read:
            self._drafts, self._read = Drafts(self._read), []

    def _said(self, most: int) -> Iterator[int]:
        """The answer to the prompt that was fed, of at most so many tokens."""
        said: list[int] = []
        logits, row, ahead = self._memory.logits(1), 0, list[int]()
        while len(said) < most:
            token = self._doubts.take(logits[row])
            if self._is_end(token):
                return
            yield token
            said.append(token)
            if row < len(ahead) and ahead[row] == token:
                row += 1
                continue
            self._memory.unread(len(ahead) - row)
            ahead = self._drafts.after(said, min(MOST_GUESSED, most - len(said)))
            logits, row = self._memory.read([token, *ahead]), 0
        self.cut = True

    def complete(self, tokens: Sequence[int], *, max_tokens: int = 256) -> list[int]:
        return list(self.stream_tokens(tokens, max_tokens=max_tokens))

    def _is_end(self, token: int) -> bool:
        """Whether a token closes an answer."""
        return token in self._ends or self.pieces.ends(token)

    @property
    def confidence(self) -> float | None:
        """Geometric mean of the probabilities of the tokens of the last answer, 0 to 1."""
        return self._doubts.confidence

    @property
    def used(self) -> tuple[int, int]:
        """Tokens of the last prompt, and of its answer with the one that ended it."""
        return self._asked, len(self._doubts)

    def alternatives(self, most: int, enough: Callable[[str, Candidate], float]) -> None:
        """Other answers to the last prompt: each says what the last one did up to a token that
        another came close to, goes on with that, and is then greedy. `enough` is told each as it
        ends, and gives the least log-likelihood of those that are still wanted.
        Raises Interrupted when `cancel` was called, and what `enough` raises.
        """
        assert self._together is not None
        with self._turn:
            found = self._doubts.begun(min(most, MOST))
            room = (self.context - len(self._memory.held)) // (len(found) + 1)
            branch = min((len(candidate.tokens) for candidate in found), default=0)
            longest = min(2 * len(self._doubts) + 16, branch + room)
            self._memory.check(self._together.read_on(
                found, self._asked, longest, self._is_end,
                lambda candidate: enough(self._text(candidate.tokens), candidate),
            ))  # fmt: skip

    def _text(self, tokens: Sequence[int]) -> str:
        return self.pieces.text(tokens[:-1] if self._is_end(tokens[-1]) else tokens)

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]:
        """The continuation as pieces of text, never half a character. See `stream_tokens`."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in self.stream_tokens(tokens, max_tokens=max_tokens, shared=shared):
            piece = decoder.decode(self.pieces.piece(token))
            if piece:
                yield piece
        rest = decoder.decode(b"", True)
        if rest:
            yield rest

    def turn(self) -> threading.RLock:
        """To be held from a prompt until all that is asked about its answer: `confidence`, `cut`,
        `alternatives`."""
        return self._turn

    def cancel(self) -> None:
        """Stop the answer that is being made, also inside a long prompt."""
        self._stop.hoist()

    def close(self) -> None:
        if self._together is not None:
            self._together.close()
            self._together = None
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
