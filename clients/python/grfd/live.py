"""The live feed as an iterator of blocks, as rows, and as a rolling DataFrame."""
from __future__ import annotations

import dataclasses
import difflib
import os
import time
from typing import TYPE_CHECKING, Any, Iterable, Iterator

from . import window
from .blocks import Block, Row, TextRow, decode
from .errors import FeedError, UnknownStream
from .feed_link import DEFAULT_FEED, FeedLink, Message, stream_names
from .keys import File
from .losses import PREVIEW, Missed
from .stream_info import StreamInfo
from .window import Aligner, Window

if TYPE_CHECKING:
    import pandas as pd


class Live:
    """Use grfd.live() to make one. Not for several threads at once.

    infos: StreamInfo by stream, as far as they have come. session: the session message (id, start, participant, ...).
    missed: Missed by stream. ledger: rows of the stream `gaps`, the daemon's own account of losses, since this client
    joined.
    """

    def __init__(
        self,
        streams: str | Iterable[str] | None,
        endpoint: str | None,
        timeout_s: float | None,
        remove_delays: bool,
        keep_s: float,
        key: File = None,
        server_key: File = None,
    ):
        wanted = [streams] if isinstance(streams, str) else list(streams) if streams is not None else [""]
        if not wanted:
            raise FeedError("streams is empty: name at least one, or leave it out for all of them")
        for name in wanted:
            if len(name.encode()) > 200:
                raise FeedError(f"{name[:40]!r}... is longer than any stream's name")
        self._wanted = wanted
        self.endpoint: str = endpoint or os.environ.get("GRFD_FEED") or DEFAULT_FEED
        self.timeout_s = timeout_s
        self.remove_delays = remove_delays
        self.keep_s = keep_s
        self.infos: dict[str, StreamInfo] = {}
        self.session: dict[str, Any] = {}
        self.missed: dict[str, Missed] = {}
        self.ledger: list[TextRow] = []
        self._windows: dict[str, Window] = {}
        self._aligners: dict[str, Aligner] = {}
        self._looked_up = False
        self._keys = (key, server_key)
        self._link = FeedLink(self.endpoint, [*wanted, "gaps"], 100_000, key, server_key)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._link.close()

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        """The next block; waits for it. Raises FeedSilent, FeedError, UnknownStream."""
        while True:
            block = self.poll(0.1)
            if block is not None:
                return block
            self._check()

    def rows(self) -> Iterator[Row | TextRow]:
        """One row after another. For 1 kHz streams blocks are kinder to the processor."""
        for block in self:
            yield from block

    def info(self, stream: str) -> StreamInfo:
        """What a stream is; waits until the daemon has told."""
        while stream not in self.infos:
            self.poll(0.1)
            self._check()
        return self.infos[stream]

    @property
    def silent_s(self) -> float:
        """Seconds since the last sign of life; above 0.5 nothing here is live any more."""
        return self._link.silent_s

    def frame(self, seconds: float = 10.0, *, remove_delays: bool | None = None, wait: bool = False) -> pd.DataFrame:
        """The last seconds of all numeric streams: index t_s, columns (stream, column), `attrs["units"]` by column.

        Takes what has come meanwhile and returns at once, except that it waits for the first row of every stream with a
        rate; `wait` waits until the window is full. Rows older than keep_s are gone. With remove_delays every value
        stands at its own time; the newest rows of delayed columns are NaN then. Raises FeedSilent rather than give old
        data as new.
        """
        if seconds > self.keep_s:
            raise FeedError(f"{seconds} s were asked for and {self.keep_s} s are kept: live(..., keep_s={seconds})")
        while self.poll(0) is not None:
            pass
        while not self._filled(seconds if wait else 0):
            self.poll(0.05)
            self._check()
        self._check()
        use = self.remove_delays if remove_delays is None else remove_delays
        frame = window.join({name: w.tables(seconds, self._newest()) for name, w in self._windows.items()}, use)
        frame.attrs["session"] = self.session.get("session", "")
        return frame

    def _newest(self) -> float:
        return max(
            (w.newest for w in self._windows.values() if w.info.rate_hz > 0),
            default=max((w.newest for w in self._windows.values()), default=0.0),
        )

    def _filled(self, seconds: float) -> bool:
        if not all(self._matching(name) for name in self._wanted):
            return False
        regular = [i for i in self.infos.values() if i.rate_hz > 0 and not i.is_text and self._is_wanted(i.name)]
        return all(i.name in self._windows and self._windows[i.name].span >= seconds - 1.5 / i.rate_hz for i in regular)

    def _is_wanted(self, stream: str) -> bool:
        return any(
            stream == w or w.endswith("/") and stream.startswith(w) or not w and not stream.startswith(PREVIEW)
            for w in self._wanted
        )

    def _matching(self, wanted: str) -> bool:
        return any(
            name == wanted or (wanted.endswith("/") or not wanted) and name.startswith(wanted) for name in self.infos
        )

    def _check(self) -> None:
        if self.timeout_s is not None and self._link.silent_s > self.timeout_s:
            raise self._link.silence()
        if self._looked_up or not self.session or time.monotonic() - self._joined_s < 2:
            return
        self._looked_up = True
        missing = [w for w in self._wanted if not self._matching(w)]
        if missing:
            names = stream_names(self.endpoint, 0.7, *self._keys)
            for w in missing:
                if names and not any(n == w or w.endswith("/") and n.startswith(w) for n in names):
                    near = difflib.get_close_matches(w, names, 3, 0.5)
                    raise UnknownStream(
                        f"this session has no stream {w!r}; "
                        + (f"near: {', '.join(near)}" if near else f"there are: {', '.join(names)}")
                    )

    def poll(self, wait_s: float) -> Block | None:
        """The next block, or None when none came in time; raises no FeedSilent: look at silent_s."""
        until = time.monotonic() + wait_s
        while True:
            message = self._link.receive(max(0.0, until - time.monotonic()))
            if message is None:
                return None
            block = self._take(message)
            if block is not None:
                return block

    def _take(self, message: Message) -> Block | None:
        header = message.header
        kind, session = header.get("type"), header.get("session", "")
        if self.session and session != self.session["session"]:
            self._forget()
        if not self.session:
            self.session = {"session": session}
            self._joined_s = time.monotonic()
        if kind == "session":
            self.session = header
        elif kind == "info":
            info = StreamInfo.from_feed(header["info"])
            if message.stream.startswith(PREVIEW):  # the newest row now and then: a stream of its own, without a rate
                info = dataclasses.replace(info, name=message.stream, rate_hz=0.0)
            self.infos[message.stream] = info
        elif kind == "data" and message.stream in self.infos:
            block = decode(
                self.infos[message.stream],
                message.rows,
                header["count"],
                session=session,
                age_ms=float(header["age_ms"]),
                message_seq=header["seq"],
            )
            return self._account(block)
        return None

    def _account(self, block: Block) -> Block | None:
        messages, rows = self.missed.setdefault(block.stream, Missed()).account(block)
        block = dataclasses.replace(block, missed_messages=messages, missed_rows=rows)
        if block.stream == "gaps":
            self.ledger.extend(block.texts)
        if not self._is_wanted(block.stream):
            return None
        if not block.info.is_text:
            self._windows.setdefault(block.stream, Window(block.info, self.keep_s)).add(block)
            if self.remove_delays:
                return self._aligners.setdefault(block.stream, Aligner(block.info)).add(block)
        return block

    def _forget(self) -> None:
        """Another session: the daemon was started anew, all numbers begin at 0."""
        self.session, self._looked_up = {}, False
        self.infos.clear()
        self.missed.clear()
        self._windows.clear()
        self._aligners.clear()
        self.ledger.clear()


def live(
    streams: str | Iterable[str] | None = None,
    *,
    endpoint: str | None = None,
    timeout_s: float | None = 5.0,
    remove_delays: bool = False,
    keep_s: float = 60.0,
    key: File = None,
    server_key: File = None,
) -> Live:
    """Subscribes to the feed of a running daemon.

    streams: names ("cop/total"), or beginnings that end in a slash ("ankle/" for both sides); None: all but the
        previews. "fast/..." leaves the daemon at once, "preview/..." is the newest row 30 times a second
        (schemas/feed.md, "How fast").
    endpoint: feed.endpoint of the daemon's settings; None: GRFD_FEED of the environment, or tcp://127.0.0.1:7390.
    timeout_s: after this much silence FeedSilent is raised; None: wait for ever, through restarts of the daemon.
    remove_delays: blocks come with the delay of every column taken off, later by the largest delay.
    keep_s: how much frame() can look back.
    key, server_key: for a daemon on another computer: files NAME.key of this client and server.pub of the daemon; None:
        GRFD_KEY and GRFD_SERVER_KEY of the environment (schemas/keys.md)."""
    return Live(streams, endpoint, timeout_s, remove_delays, keep_s, key, server_key)
