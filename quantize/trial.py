"""The first load of a foreign model file, thrown away: `python -m llmtui.quantize.trial FILE`.

Exit codes: 0 it loads and computes a token; 3 it does not load; 4 it does not run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from llmtui.database.harden import confine, limit_files, limit_time
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.workspace.private import keep_private

_SECONDS = 600
"""Processor time."""


def main(file: Path) -> int:
    keep_private()
    llama = llama_cpp_silent()
    confine([file])
    limit_files()
    limit_time(_SECONDS)
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
    token = max(0, llama.llama_vocab_bos(llama.llama_model_get_vocab(model)))
    batch = llama.llama_batch_get_one((llama.llama_token * 1)(token), 1)
    return 0 if llama.llama_decode(context, batch) == 0 else 4


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
