"""The last seconds of a stream, and blocks with their delays taken off."""
from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import delays
from .blocks import Block
from .modules import need
from .stream_info import StreamInfo

if TYPE_CHECKING:
    import pandas as pd


class Table(NamedTuple):
    """Rows of one numeric stream."""

    info: StreamInfo
    t: npt.NDArray[np.float64]
    flags: npt.NDArray[np.uint16]
    values: npt.NDArray[Any]


class Window:
    """Blocks of one stream, the newest keep_s seconds of them."""

    def __init__(self, info: StreamInfo, keep_s: float):
        self.info = info
        self._keep_s = keep_s
        self._blocks: deque[Block] = deque()

    def add(self, block: Block) -> None:
        self._blocks.append(block)
        while self._blocks and self._blocks[0].t[-1] < self.newest - self._keep_s:
            self._blocks.popleft()

    @property
    def newest(self) -> float:
        return float(self._blocks[-1].t[-1]) if self._blocks else 0.0

    @property
    def span(self) -> float:
        return self.newest - float(self._blocks[0].t[0]) if self._blocks else -1.0

    def tables(self, seconds: float, newest: float) -> Table:
        t = np.concatenate([b.t for b in self._blocks])
        keep = t > newest - seconds
        return Table(
            self.info,
            t[keep],
            np.concatenate([b.flags for b in self._blocks])[keep],
            np.concatenate([b.values for b in self._blocks])[keep],
        )


class Aligner:
    """Blocks in, blocks out with all columns at the time of their row; a row leaves when its last value is there."""

    def __init__(self, info: StreamInfo):
        self._info = info
        self._held: Block | None = None
        self._left_until = -np.inf
        self._missed = (0, 0)

    def add(self, block: Block) -> Block | None:
        shifts = {c.shift_s for c in self._info.columns}
        if shifts <= {0.0}:
            return dataclasses.replace(block, delays_removed=True)
        if self._info.rate_hz <= 0:  # rows without a rate cannot be read between; one common delay can be taken off
            return (
                dataclasses.replace(block, t=block.t + shifts.pop(), delays_removed=True) if len(shifts) == 1 else block
            )
        self._missed = (self._missed[0] + block.missed_messages, self._missed[1] + block.missed_rows)
        held = block if self._held is None else _join(self._held, block)
        values, flags = delays.align(self._info, held.t, held.flags, held.values)
        ready = (held.t <= held.t[-1] - delays.ahead_s(self._info)) & (held.t > self._left_until)
        back_s = max(0.0, *shifts) + 2 / self._info.rate_hz
        if ready.any():
            self._left_until = float(held.t[ready][-1])
        keep = held.t >= max(self._left_until, held.t[-1] - delays.ahead_s(self._info) - 1) - back_s
        self._held = _pick(held, keep)
        if not ready.any():
            return None
        out = dataclasses.replace(
            _pick(dataclasses.replace(held, values=values, flags=flags), ready),
            delays_removed=True,
            missed_messages=self._missed[0],
            missed_rows=self._missed[1],
        )
        self._missed = (0, 0)
        return out


def _join(a: Block, b: Block) -> Block:
    return dataclasses.replace(
        b, **{k: np.concatenate([getattr(a, k), getattr(b, k)]) for k in ("t", "seq", "flags", "epoch", "values")}
    )


def _pick(block: Block, which: npt.NDArray[np.bool_]) -> Block:
    return dataclasses.replace(block, **{k: getattr(block, k)[which] for k in ("t", "seq", "flags", "epoch", "values")})


def join(tables: dict[str, Table], remove_delays: bool, flags: bool = False) -> pd.DataFrame:
    """Streams side by side on the times of all of them; columns (stream, column), with `flags` one more per stream."""
    pd = need("pandas", "python3-pandas")
    parts, repeated = {}, 0
    for name, table in tables.items():
        values, marks = (
            delays.align(table.info, table.t, table.flags, table.values)
            if remove_delays and table.info.rate_hz > 0
            else (table.values, table.flags)
        )
        part = pd.DataFrame(
            values.astype(values.dtype.newbyteorder("=")),
            index=pd.Index(table.t, name="t_s"),
            columns=list(table.info.names),
        )
        if flags:
            part["flags"] = marks
        if (
            len(tables) > 1 and part.index.has_duplicates
        ):  # only unmapped or irregular times repeat; they cannot be joined
            twice = part.index.duplicated(keep="last")
            repeated += int(twice.sum())
            part = part[~twice]
        parts[name] = part
    frame = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=pd.Index([], name="t_s", dtype=float))
    frame.index.name = "t_s"
    frame.attrs["units"] = {(name, c.name): c.unit for name, table in tables.items() for c in table.info.columns}
    frame.attrs["delays_removed"] = remove_delays
    frame.attrs["rows_with_repeated_times_left_out"] = repeated
    return frame
