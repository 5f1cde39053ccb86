"""The child process: `python -m llmtui.trainer RUN_FOLDER`; JSON-line events on stdout.

SIGINT and SIGTERM finish the step, save, and keep what was learnt. When nobody reads the events
any more, the process that asked was killed: the step is saved, for the next try to go on from.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from llmtui.workspace.machine import ending_signals
from llmtui.workspace.private import keep_private


def main(folder: Path) -> int:
    keep_private()
    asked = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for number in ending_signals():
        signal.signal(number, ask_to_stop)

    from llmtui.trainer.finetune.config import load_config
    from llmtui.workspace.errors import LlmtuiError, UsageError
    from llmtui.workspace.events import Event, Failed, to_line

    def tell(event: Event) -> None:
        if os.environ.get("RANK", "0") == "0":  # of several processes the first one speaks
            print(to_line(event), flush=True)

    try:
        config = load_config(folder)
        try:
            from llmtui.trainer.finetune.recipe import finetune
        except ModuleNotFoundError as error:
            raise UsageError(
                f"Fine-tuning needs the package {error.name}, which is not installed",
                hint="Install it with: pip install 'llmtui[train]'",
            ) from error
        events = finetune(config, folder, stop=lambda: asked)
        try:
            for event in events:
                tell(event)
        except BrokenPipeError:
            events.close()
            os._exit(1)  # the interpreter would complain about the closed pipe
    except LlmtuiError as error:
        tell(Failed("finetune", str(error), error.exit_code))
        return error.exit_code
    except MemoryError:
        tell(Failed("finetune", "Out of memory. Tune with a smaller base or a smaller batch."))
        return 1
    except OSError as error:
        tell(Failed("finetune", f"The system refused: {error}. What was saved before is kept."))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
