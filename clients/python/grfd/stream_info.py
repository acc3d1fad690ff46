"""What a stream is: names, units, delays, flags. The same for the live feed and for recordings."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

import numpy as np

from .errors import FeedError

#: names of bits 0 to 7 of `flags`, the same in every stream (schemas/feed.md)
COMMON_FLAGS = (
    "gap_before",
    "bridged",
    "clipped",
    "invalid",
    "inferred_seq",
    "clock_unsettled",
    "new_epoch",
    "truncated",
)
#: type of a stream's columns -> little-endian numpy type
VALUE_TYPES = {"f32": "<f4", "f64": "<f8", "i32": "<i4", "i64": "<i8"}


@dataclass(frozen=True)
class Column:
    """One column of a stream. Its value belongs to the time `t - delay_s + skew_s` of a row with the time t."""

    name: str
    unit: str
    delay_s: float = 0.0
    skew_s: float = 0.0
    labels: str = ""
    exploratory: bool = False  # a hypothesis: not to be shown as good or bad
    optional: bool = False  # NaN may be the answer: there was none, or it does not apply

    @property
    def shift_s(self) -> float:
        """Add this to the time of the row to get the time of the value."""
        return self.skew_s - self.delay_s


@dataclass(frozen=True)
class StreamInfo:
    """A stream as the feed or the recording describes it. Fields as in schemas/feed.md; `extra` keeps unknown ones."""

    name: str
    kind: str
    type: str
    columns: tuple[Column, ...]
    rate_hz: float = 0.0
    device: str = ""
    serial: str = ""
    clock: str = ""
    clock_unit: str = ""
    frame: str = ""
    point: str = ""
    sign: str = ""
    formula: str = ""
    parameters: str = ""
    exploratory: bool = False
    flag_names: tuple[str, ...] = ("",) * 8
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_feed(cls, info: Mapping[str, Any]) -> StreamInfo:
        """From the object `info` of an info message. Raises FeedError when a field is missing or of an unknown type."""
        known = {
            k: v
            for k, v in info.items()
            if k in cls.__dataclass_fields__ and k not in ("columns", "extra", "flag_names")
        }
        try:
            columns = tuple(
                Column(
                    c["name"],
                    c["unit"],
                    float(c.get("delay_s", 0)),
                    float(c.get("skew_s", 0)),
                    str(c.get("labels", "")),
                    bool(c.get("exploratory", info.get("exploratory", False))),
                    bool(c.get("optional", False)),
                )
                for c in info["columns"]
            )
            made = cls(
                columns=columns,
                flag_names=tuple(info.get("flag_names", ("",) * 8)),
                extra={k: v for k, v in info.items() if k not in cls.__dataclass_fields__},
                **known,
            )
        except (KeyError, TypeError, AttributeError) as e:
            raise FeedError(
                f"the info of stream {info.get('name', '?')!r} is not as schemas/feed.md says: {e!r}"
            ) from None
        if made.type != "text" and made.type not in VALUE_TYPES:
            raise FeedError(
                f"stream {made.name!r} has columns of the unknown type {made.type!r}; "
                f"known: {', '.join(VALUE_TYPES)}, text"
            )
        return made

    @property
    def is_text(self) -> bool:
        return self.type == "text"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @property
    def units(self) -> dict[str, str]:
        return {c.name: c.unit for c in self.columns}

    @property
    def value_type(self) -> np.dtype[Any]:
        return np.dtype(VALUE_TYPES[self.type])

    def index(self, column: str) -> int:
        """Place of a column. Raises KeyError naming the columns there are."""
        try:
            return self.names.index(column)
        except ValueError:
            raise KeyError(f"stream {self.name!r} has no column {column!r}; it has {', '.join(self.names)}") from None

    def column(self, name: str) -> Column:
        return self.columns[self.index(name)]

    def flags_of(self, flags: int) -> list[str]:
        """Names of the bits set in a row's flags."""
        names = COMMON_FLAGS + tuple(self.flag_names[-8:])
        return [name or f"bit_{i}" for i, name in enumerate(names) if flags >> i & 1]

    def row_dtype(self) -> np.dtype[Any]:
        """A row of a numeric stream as it lies in a message."""
        values = [(name, VALUE_TYPES[self.type]) for name in self.names]
        clash = {"t_ns", "seq", "flags", "epoch", "text_bytes"} & set(self.names)
        if clash or len(set(self.names)) != len(self.names):
            values = [(f"value_{i}", VALUE_TYPES[self.type]) for i in range(len(self.columns))]
        return np.dtype(
            [("t_ns", "<i8"), ("seq", "<u8"), ("flags", "<u2"), ("epoch", "<u2"), ("text_bytes", "<u4"), *values]
        )
