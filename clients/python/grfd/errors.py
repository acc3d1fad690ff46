"""Everything that can go wrong, each with one sentence that says what would be right."""
from __future__ import annotations

from typing import Any


class GrfdError(Exception):
    """Base of all errors of this package."""


class FeedError(GrfdError):
    """The feed sent something that schemas/feed.md does not allow, or speaks another version of it."""


class FeedSilent(GrfdError):
    """Nothing came for the time-out: no daemon, a stopped one, or a frozen one; the text says which."""


class UnknownStream(GrfdError):
    """The session has no stream of that name; the text names the nearest ones."""


class NoAnswer(GrfdError):
    """No daemon answered a command within the time-out."""


class Refused(GrfdError):
    """The daemon refused a command; nothing was done. The text is the daemon's own sentence."""


class CommandFailed(GrfdError):
    """An accepted command came to a bad end. `event` names what happened, `detail` says more (schemas/control.md)."""

    def __init__(self, text: str, event: str, detail: dict[str, Any]):
        super().__init__(text)
        self.event = event
        self.detail = detail


class NotARecording(GrfdError):
    """The file is no finished recording; the text says what it is and what to do."""


class MissingModule(GrfdError, ImportError):
    """A Python module is missing; the text names Debian's package."""
