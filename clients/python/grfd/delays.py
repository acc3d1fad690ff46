"""Taking the delays of filters off: every column of a row then belongs to the row's time."""
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .stream_info import StreamInfo

Floats = npt.NDArray[np.float64]


def has_delays(info: StreamInfo) -> bool:
    return any(c.shift_s for c in info.columns)


def ahead_s(info: StreamInfo) -> float:
    """Rows up to this much later are needed for a value at a row's time."""
    return max((-c.shift_s for c in info.columns), default=0.0)


def align(
    info: StreamInfo, t: Floats, flags: npt.NDArray[np.uint16], values: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint16]]:
    """Values and flags at the times t of the rows themselves.

    A column that lies d behind is read at t + d, linearly between the two rows around it; NaN where one of them is NaN
    or missing (further apart than 1.5 periods) or not there yet. Codes and whole numbers are taken from the nearest row
    and, outside the rows, become NaN too, so the result is floating whenever something had to be shifted. Flags are
    those of all rows used.
    """
    if not has_delays(info) or not len(t):
        return values, flags
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    out, marks = np.empty(values.shape, kind), flags.copy()
    longest = 1.5 / info.rate_hz if info.rate_hz > 0 else np.inf
    for shift in sorted({c.shift_s for c in info.columns}):
        which = [i for i, c in enumerate(info.columns) if c.shift_s == shift]
        if not shift:
            out[:, which] = values[:, which]
            continue
        at = t - shift
        high = np.searchsorted(t, at, "left")
        inside = (high > 0) & (high < len(t))
        inside |= (high < len(t)) & (t[np.minimum(high, len(t) - 1)] == at)
        high = np.clip(high, 1, max(len(t) - 1, 1)) if len(t) > 1 else np.zeros(len(t), int)
        low = np.maximum(high - 1, 0)
        span = t[high] - t[low]
        good = inside & (span <= longest)
        share = np.where(span > 0, (at - t[low]) / np.where(span > 0, span, 1), 0)
        for i in which:
            v = values[:, i].astype(np.float64)
            exact = info.type.startswith("i") or info.columns[i].unit == "code"
            new = np.where(share < 0.5, v[low], v[high]) if exact else v[low] + share * (v[high] - v[low])
            out[:, i] = np.where(good, new, np.nan)
        marks |= np.where(good, flags[low] | flags[high], 0).astype(np.uint16)
    if out.size:
        marks |= np.where(np.isnan(out).any(axis=1), 8, 0).astype(np.uint16)
    return out, marks
