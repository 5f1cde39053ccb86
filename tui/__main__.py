"""`python -m llmtui.tui` is `llmtui`."""

from llmtui.tui.cli import main

main()
