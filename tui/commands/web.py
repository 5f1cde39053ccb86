"""`llmtui web`: the same app in a browser, on this machine only."""

from __future__ import annotations

import re
import shlex
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands.common import ProjectOption, say
from llmtui.workspace.errors import SourceError, UsageError
from llmtui.workspace.paths import typed_path

_FOCUS = """<script>
  new MutationObserver(() => document.querySelector(".xterm-helper-textarea")?.focus())
    .observe(document.body, {attributes: true, attributeFilter: ["class"]});
</script>
</body>"""
"""Gives the terminal the keys when it is first drawn; else one has to click into it."""

PortOption = Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.", min=1, max=65535)]


def web(
    source: Annotated[Path | None, typer.Argument(help="A database, file or folder.")] = None,
    port: PortOption = 8000,
    project: ProjectOption = None,
) -> None:
    """Open the app in a browser; only this machine can reach it."""
    try:
        import textual_serve

        from llmtui.tui.webserver import OwnServer
    except ImportError as error:
        raise UsageError(
            "The app in a browser needs a package that is not installed",
            hint="Install it with: pip install 'llmtui[web]'",
        ) from error
    command = [sys.executable, "-m", "llmtui.tui", "open"]
    command += [str(typed_path(source).absolute())] if source is not None else []
    command += ["--project", str(project)] if project is not None else []
    with tempfile.TemporaryDirectory() as folder:
        templates = Path(folder)
        for page in (Path(textual_serve.__file__).parent / "templates").glob("*.html"):
            own_page(page, templates / page.name)
        server = OwnServer(
            shlex.join(command), host="127.0.0.1", port=port, title="llmtui",
            templates_path=templates,
        )  # fmt: skip
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SourceError(
                f"Port {port} cannot be used ({error.strerror})", hint="Choose another with --port."
            ) from error
        say(f"The app is at http://127.0.0.1:{port} until Ctrl-C")
        server.serve()


def own_page(page: Path, target: Path) -> None:
    """Copy a page without what its head fetches from elsewhere (a font), and with keys that work
    at once."""
    text = re.sub(r"<link\b[^>]*https?://[^>]*>", "", page.read_text(encoding="utf-8"))
    target.write_text(text.replace("</body>", _FOCUS), encoding="utf-8")
