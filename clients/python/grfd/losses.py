"""What a client missed of one stream, by the two numbers of schemas/feed.md, "Was anything lost?"."""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .blocks import Block

PREVIEW = "preview/"  #: topics that leave rows out on purpose


@dataclass
class Missed:
    """messages: holes in the number of messages: ZeroMQ dropped them because this client was too slow.
    rows_on_the_way: rows missing in such holes. rows_lost: rows missing for everyone; the stream `gaps` says why."""

    messages: int = 0
    rows_on_the_way: int = 0
    rows_lost: int = 0
    _next_message: int | None = field(default=None, repr=False)
    _next_row: int | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.messages or self.rows_on_the_way or self.rows_lost)

    def account(self, block: Block) -> tuple[int, int]:
        """Takes a block in. @return messages missed before it, rows missed before and in it"""
        messages = 0
        if self._next_message is not None and block.message_seq > self._next_message:
            messages = block.message_seq - self._next_message
        self._next_message = block.message_seq + 1
        if not len(block) or block.stream.startswith(PREVIEW):
            self.messages += messages
            return messages, 0
        before = 0
        if self._next_row is not None:
            before = max(0, int(block.seq[0]) - self._next_row)
        steps = np.diff(block.seq.astype(np.int64)) - 1
        inside = int(steps[steps > 0].sum())
        self._next_row = int(block.seq[-1]) + 1
        self.messages += messages
        if messages:
            self.rows_on_the_way += before
            self.rows_lost += inside
        else:
            self.rows_lost += before + inside
        return messages, before + inside
