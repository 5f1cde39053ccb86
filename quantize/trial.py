"""The first load of a foreign model file, thrown away: `python -m llmtui.quantize.trial FILE`.

Exit codes: 0 it loads and computes a token; 3 it does not load; 4 it does not run; 5 what it
computes is not finite.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from llmtui.database.harden import confine, limit_files, limit_memory, limit_time
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.workspace.private import keep_private

_SECONDS = 600
"""Processor time."""
_SPARE_MB = 2048
"""Beside the file, which llama.cpp maps and may lay out anew in memory."""


def main(file: Path) -> int:
    keep_private()
    llama = llama_cpp_silent()
    confine([file])
    limit_files()
    limit_time(_SECONDS)
    limit_memory(2 * file.stat().st_size // 1_000_000 + _SPARE_MB)
    params = llama.llama_model_default_params()
    params.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(str(file).encode(), params)
    if not model:
        return 3
    settings = llama.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = 32
    settings.n_threads = settings.n_threads_batch = 1
    context = llama.llama_init_from_model(model, settings)
    if not context:
        return 4
    vocab = llama.llama_model_get_vocab(model)
    token = max(0, llama.llama_vocab_bos(vocab))
    batch = llama.llama_batch_get_one((llama.llama_token * 1)(token), 1)
    if llama.llama_decode(context, batch) != 0:
        return 4
    logits = llama.llama_get_logits_ith(context, -1)
    words = llama.llama_vocab_n_tokens(vocab)
    return 0 if np.isfinite(np.ctypeslib.as_array(logits, (words,))).all() else 5


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
