"""Nothing leaves this computer, and nothing that is written here can be read by others."""

from __future__ import annotations

import os

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE",
           "HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK")  # fmt: skip


def keep_private() -> None:
    """For this process and its children, before they import a library that could connect."""
    os.environ.update(dict.fromkeys(OFFLINE, "1"))
    os.umask(0o077)
