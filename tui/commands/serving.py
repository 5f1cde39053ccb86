"""`llmtui serve`: checked answers and chat for other programs, on this machine only."""

from __future__ import annotations

import os
import secrets

from llmtui.tui.commands.asking import ModelOption, choose_model, open_engine
from llmtui.tui.commands.common import (
    ProjectOption,
    SourceArgument,
    open_database,
    place,
    say,
    settings_for,
)
from llmtui.tui.commands.web import PortOption
from llmtui.workspace.errors import SourceError, UsageError

TOKEN = "LLMTUI_TOKEN"


def serve(
    source: SourceArgument,
    port: PortOption = 8811,
    model: ModelOption = None,
    project: ProjectOption = None,
) -> None:
    """Serve /ask (checked SQL) and /v1/chat/completions (OpenAI's protocol) on 127.0.0.1.

    Every request needs the token, from LLMTUI_TOKEN or made anew and shown at the start:

    curl -H "Authorization: Bearer $LLMTUI_TOKEN" -H "Content-Type: application/json"
    -d '{"question": "How many employees are there?"}' http://127.0.0.1:8811/ask
    """
    try:
        from aiohttp import web

        from llmtui.tui.serving import Service
    except ImportError as error:
        raise UsageError(
            "Serving needs a package that is not installed",
            hint="Install it with: pip install 'llmtui[web]'",
        ) from error
    full, kept = place(source, project)
    settings = settings_for(kept)
    chosen = choose_model(kept, model, full, settings)
    token = os.environ.get(TOKEN) or secrets.token_urlsafe(24)
    from llmtui.inference.ask import Asker
    from llmtui.tui.verdicts import settled, usual

    with (
        open_database(full, settings) as database,
        open_engine(chosen, settings, database) as engine,
    ):
        least, known = settings.least_confidence, settled(kept)
        asker = Asker(database, engine, least=least, settled=known, usual=usual(kept))
        app = Service(asker, engine, token, chosen.name).app()
        say(f"Serving {full.name} with {chosen.name} at http://127.0.0.1:{port} until Ctrl-C")
        if not os.environ.get(TOKEN):
            say(f"Token: {token}")
        try:
            web.run_app(
                app, host="127.0.0.1", port=port, print=None, access_log=None,
                handler_cancellation=True,
            )  # fmt: skip
        except OSError as error:
            raise SourceError(
                f"Port {port} cannot be used ({error.strerror})", hint="Choose another with --port."
            ) from error
