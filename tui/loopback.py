"""Which requests come from this machine: of its own programs, and of pages that it serves."""

from __future__ import annotations

from urllib.parse import urlsplit

_NAMES = {"127.0.0.1", "localhost", "::1"}


def from_here(host: str, origin: str = "") -> bool:
    """Whether a request names this machine, and the page that made it, if any, is of this server.

    host, origin: the request's headers; a page of elsewhere may call this machine by any name
    """
    try:
        asked = urlsplit(f"//{host}")
        page = urlsplit(origin) if origin else asked
        return {asked.hostname, page.hostname} <= _NAMES and asked.port == page.port
    except ValueError:
        return False
