"""The rows of one message of the feed (schemas/feed.md, "A row")."""
from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Iterator, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import FeedError
from .stream_info import StreamInfo

_HEAD = struct.Struct("<qQHHI")
_TIME_UNKNOWN = -(2**63)  # schemas/feed.md


class TextRow(NamedTuple):
    """A row of a text stream: what happened, and its JSON object."""

    t: float
    seq: int
    flags: int
    epoch: int
    text: str

    @property
    def name(self) -> str:
        return self.text.split(" ", 1)[0]

    @property
    def detail(self) -> dict[str, Any]:
        """The object behind the name; empty when there is none or it was cut (flag `truncated`)."""
        try:
            found = json.loads(self.text.split(" ", 1)[1])
        except (IndexError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class Row(NamedTuple):
    """One row of a numeric stream."""

    stream: str
    t: float
    seq: int
    flags: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Block:
    """Rows of one stream. `t` in seconds since the session's start; `block["fz"]` is a column; `rows` is all of it as a
    structured array (or TextRows). A value that is not known is NaN and its row has the flag `invalid`
    (unless its column is `optional` and there was none).

    missed_messages: messages of this stream that did not reach this client just before this block.
    missed_rows: rows missing just before or inside this block, for whichever reason."""

    info: StreamInfo
    session: str
    t: npt.NDArray[np.float64]
    seq: npt.NDArray[np.uint64]
    flags: npt.NDArray[np.uint16]
    epoch: npt.NDArray[np.uint16]
    values: npt.NDArray[Any]
    texts: tuple[TextRow, ...] = ()
    age_ms: float = float("nan")
    message_seq: int = -1
    missed_messages: int = 0
    missed_rows: int = 0
    delays_removed: bool = False

    @property
    def stream(self) -> str:
        return self.info.name

    @property
    def units(self) -> dict[str, str]:
        return self.info.units

    def __len__(self) -> int:
        return len(self.seq)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        return self.values[:, self.info.index(column)]

    def time(self, column: str) -> npt.NDArray[np.float64]:
        """The times the values of this column belong to: its delay taken off."""
        return self.t if self.delays_removed else self.t + self.info.column(column).shift_s

    @property
    def rows(self) -> npt.NDArray[Any] | tuple[TextRow, ...]:
        """Fields t, seq, flags, epoch and the columns by name."""
        if self.info.is_text:
            return self.texts
        kinds = [("t", "f8"), ("seq", "u8"), ("flags", "u2"), ("epoch", "u2")] + [
            (n, self.values.dtype) for n in self.info.names
        ]
        table = np.empty(len(self), kinds)
        table["t"], table["seq"], table["flags"], table["epoch"] = self.t, self.seq, self.flags, self.epoch
        for i, name in enumerate(self.info.names):
            table[name] = self.values[:, i]
        return table

    def __iter__(self) -> Iterator[Row | TextRow]:
        if self.info.is_text:
            yield from self.texts
            return
        for i in range(len(self)):
            yield Row(
                self.stream,
                float(self.t[i]),
                int(self.seq[i]),
                int(self.flags[i]),
                dict(zip(self.info.names, self.values[i].tolist())),
            )


def decode(
    info: StreamInfo,
    data: bytes,
    count: int | None = None,
    *,
    session: str = "",
    age_ms: float = float("nan"),
    message_seq: int = -1,
) -> Block:
    """Rows as they come in frame 3. Raises FeedError when the bytes are not `count` whole rows."""
    texts: tuple[TextRow, ...] = ()
    if info.is_text:
        texts = tuple(_texts(info, data))
        heads = np.array(
            [(_TIME_UNKNOWN if np.isnan(x.t) else round(x.t * 1e9), x.seq, x.flags, x.epoch) for x in texts],
            [("t_ns", "i8"), ("seq", "u8"), ("flags", "u2"), ("epoch", "u2")],
        )
        values = np.empty((len(texts), 0))
    else:
        kind = info.row_dtype()
        if len(data) % kind.itemsize:
            raise FeedError(f"stream {info.name!r}: {len(data)} bytes are not whole rows of {kind.itemsize} bytes")
        heads = np.frombuffer(data, kind)
        width = info.value_type.itemsize * len(info.columns)
        flat = np.frombuffer(data, np.uint8).reshape(len(heads), kind.itemsize)[:, kind.itemsize - width :]
        values = np.ascontiguousarray(flat).view(info.value_type).reshape(len(heads), len(info.columns))
    if count is not None and count != len(heads):
        raise FeedError(f"stream {info.name!r}: the header promises {count} rows, {len(heads)} came")
    t = np.where(heads["t_ns"] == _TIME_UNKNOWN, np.nan, heads["t_ns"] / 1e9)
    return Block(
        info,
        session,
        t,
        heads["seq"].astype(np.uint64),
        heads["flags"].astype(np.uint16),
        heads["epoch"].astype(np.uint16),
        values,
        texts,
        age_ms,
        message_seq,
    )


def _texts(info: StreamInfo, data: bytes) -> Iterator[TextRow]:
    at = 0
    while at < len(data):
        if at + _HEAD.size > len(data):
            raise FeedError(f"stream {info.name!r}: the last row is cut in its header")
        t_ns, seq, flags, epoch, length = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + length
        if end + -length % 8 > len(data):
            raise FeedError(f"stream {info.name!r}: a text of {length} bytes is cut")
        t = float("nan") if t_ns == _TIME_UNKNOWN else t_ns / 1e9
        yield TextRow(t, seq, flags, epoch, data[at + _HEAD.size : end].decode("utf-8", "replace"))
        at = end + -length % 8
