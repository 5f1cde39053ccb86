"""What is told in passing, safe against the moment in which it runs out."""

from __future__ import annotations

from textual.notifications import Notification

_LEAST = 0.05  # seconds


class Toasted(Notification):
    """A notification whose time left is never zero or less.

    A notification that runs out between being listed and being drawn starts a timer of a negative
    interval, and Textual's timer (8.x, `Timer._run`) then counts for ever without giving way: the
    whole app hangs.
    """

    @property
    def time_left(self) -> float:
        """Seconds, at least `_LEAST`."""
        return max(_LEAST, super().time_left)

    @property
    def has_expired(self) -> bool:
        return super().time_left <= 0
