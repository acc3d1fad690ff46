"""Recordings (schemas/recording.md): streams as numpy and pandas, attributes, gaps, events, repetitions."""
from __future__ import annotations

import json
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterable

import numpy as np
import numpy.typing as npt

from . import window
from .blocks import TextRow
from .errors import NotARecording
from .modules import need
from .stream_info import Column, StreamInfo

if TYPE_CHECKING:
    import pandas as pd


def _plain(x: Any) -> Any:
    if isinstance(x, bytes):
        return x.decode("utf-8", "replace")
    if isinstance(x, np.ndarray):
        return [_plain(i) for i in x.tolist()]
    return x.item() if isinstance(x, np.generic) else x


class RecordedStream:
    """One stream of a recording; arrays are read when they are asked for."""

    def __init__(self, name: str, group: Any):
        self._group = group
        self.attributes: dict[str, Any] = {k: _plain(v) for k, v in group.attrs.items()}
        for key in ("columns", "units", "labels", "parameters", "description", "flag_names"):
            if key not in self.attributes and key in group:  # too long for an attribute
                self.attributes[key] = _plain(group[key][()])
        self.info = self._info(name)

    def _info(self, name: str) -> StreamInfo:
        a = self.attributes
        names, units = a["columns"], a["units"]
        zeros, empty = [0.0] * len(names), [""] * len(names)
        hypotheses = [bool(e) for e in a.get("exploratory", zeros)]
        optional = [bool(e) for e in a.get("optional", zeros)]
        shifts = (a.get("delay_s", zeros), a.get("skew_s", zeros))
        columns = tuple(map(Column, names, units, *shifts, a.get("labels", empty), hypotheses, optional))
        fields = (
            "device",
            "serial",
            "clock",
            "clock_unit",
            "frame",
            "point",
            "sign",
            "formula",
            "parameters",
            "description",
        )
        return StreamInfo(
            name,
            a["kind"],
            a["type"],
            columns,
            rate_hz=float(a.get("rate_hz", 0)),
            exploratory=bool(names) and all(hypotheses),
            flag_names=tuple(a.get("flag_names", ()))[-8:],
            **{f: a.get(f, "") for f in fields},
        )

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def units(self) -> dict[str, str]:
        return self.info.units

    def __len__(self) -> int:
        return len(self._group["flags"])

    @property
    def t(self) -> npt.NDArray[np.float64]:
        """Seconds since the session's start; NaN before the device's clock was mapped."""
        return np.asarray(self._group["t"][:])

    @property
    def seq(self) -> npt.NDArray[np.uint64]:
        return np.asarray(self._group["seq"][:])

    @property
    def flags(self) -> npt.NDArray[np.uint16]:
        return np.asarray(self._group["flags"][:])

    @property
    def epoch(self) -> npt.NDArray[np.uint16]:
        return np.asarray(self._group["epoch"][:])

    @property
    def values(self) -> npt.NDArray[Any]:
        """rows x columns, in the stream's own type"""
        self._need_numbers()
        return np.asarray(self._group["values"][:])

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        self._need_numbers()
        return np.asarray(self._group["values"][:, self.info.index(column)])

    def time(self, column: str) -> npt.NDArray[np.float64]:
        """The times the values of this column belong to: its delay taken off."""
        return self.t + self.info.column(column).shift_s

    @property
    def texts(self) -> list[TextRow]:
        """Rows of a text stream."""
        if not self.info.is_text:
            raise TypeError(f"stream {self.name!r} holds numbers, not texts")
        rows = zip(self.t, self.seq, self.flags, self.epoch, self._group["name"][:], self._group["detail"][:])
        return [
            TextRow(float(t), int(s), int(f), int(e), f"{_plain(n)} {_plain(d)}".rstrip(" "))
            for t, s, f, e, n, d in rows
        ]

    def frame(self, *, remove_delays: bool = False) -> pd.DataFrame:
        """Columns by name and `flags`, index t_s. Text streams: name and detail."""
        if self.info.is_text:
            pd = need("pandas", "python3-pandas")
            rows = self.texts
            return pd.DataFrame(
                {"seq": [r.seq for r in rows], "name": [r.name for r in rows], "detail": [r.detail for r in rows]},
                index=pd.Index([r.t for r in rows], name="t_s", dtype=float),
            )
        frame = window.join({self.name: self.table()}, remove_delays, flags=True)
        frame.columns = frame.columns.droplevel(0)
        frame.attrs["units"] = self.units
        return frame

    def table(self) -> window.Table:
        return window.Table(self.info, self.t, self.flags, self.values)

    def missing_rows(self) -> int:
        """Holes in seq, within this file."""
        steps = np.diff(self.seq.astype(np.int64)) - 1
        return int(steps[steps > 0].sum())

    def _need_numbers(self) -> None:
        if self.info.is_text:
            raise TypeError(f"stream {self.name!r} holds texts: use .texts")


class Recording:
    """Use grfd.open() to make one; closes with `with` or close().

    attributes: those of the file (session_id, start_utc, participant_code, dominant_side, clean_end, ...)."""

    def __init__(self, path: str | os.PathLike[str]):
        h5py = need("h5py", "python3-h5py")
        self.path = os.fspath(path)
        if not os.path.exists(self.path):
            raise FileNotFoundError(f"{self.path}: no such file")
        if self.path.endswith(".journal"):
            raise NotARecording(f"{self.path} is a journal, not finished yet: grfd finalise {self.path}")
        try:
            self._file = h5py.File(self.path, "r")
        except OSError as e:
            raise NotARecording(
                f"{self.path} is no whole HDF5 file ({e}); after a crash: grfd recover FOLDER"
            ) from None
        self.attributes: dict[str, Any] = {k: _plain(v) for k, v in self._file.attrs.items()}
        if self.attributes.get("format") != "grfd-recording":
            self._file.close()
            raise NotARecording(f"{self.path} is HDF5, but no recording of grfd (attribute 'format')")
        if self.attributes.get("format_version") != 1:
            self._file.close()
            raise NotARecording(
                f"{self.path} has format version {self.attributes.get('format_version')}; this package reads 1: "
                "use a newer one"
            )
        self._groups: dict[str, Any] = {}
        self._file["streams"].visititems(self._see)
        self._streams: dict[str, RecordedStream] = {}

    def _see(self, name: str, thing: Any) -> None:
        if "kind" in thing.attrs:
            self._groups[name] = thing

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    @property
    def streams(self) -> list[str]:
        """Names of all streams, also of those that stayed empty."""
        return sorted(self._groups)

    def __contains__(self, stream: str) -> bool:
        return stream in self._groups

    def __getitem__(self, stream: str) -> RecordedStream:
        if stream not in self._groups:
            raise KeyError(f"{self.path} has no stream {stream!r}; it has {', '.join(self.streams)}")
        if stream not in self._streams:
            self._streams[stream] = RecordedStream(stream, self._groups[stream])
        return self._streams[stream]

    def frame(self, streams: str | Iterable[str], *, remove_delays: bool = False) -> pd.DataFrame:
        """Numeric streams side by side: index t_s, columns (stream, column)."""
        names = [streams] if isinstance(streams, str) else list(streams)
        return window.join({n: self[n].table() for n in names}, remove_delays)

    @property
    def events(self) -> list[TextRow]:
        """What happened: answers to commands, repetitions, devices (schemas/control.md, "Events")."""
        return self["events"].texts

    @property
    def commands(self) -> list[TextRow]:
        return self["commands"].texts

    @property
    def gaps(self) -> list[TextRow]:
        """The account of all losses: what, when, how many, why."""
        return self["gaps"].texts

    @property
    def reps(self) -> pd.DataFrame:
        """One row per repetition: index rep, columns (side, column) with the sides left, right, pair."""
        pd = need("pandas", "python3-pandas")
        parts = {}
        for side in ("left", "right", "pair"):
            if f"reps/{side}" in self:
                part = self[f"reps/{side}"].frame()
                parts[side] = part.set_index(part["rep"].astype(int)).drop(columns="rep")
        if not parts:
            raise KeyError(f"{self.path} has no streams reps/...: this rig measures no squats")
        frame = pd.concat(parts, axis=1)
        frame.attrs["units"] = {(side, c.name): c.unit for side in parts for c in self[f"reps/{side}"].info.columns}
        return frame

    @property
    def settings(self) -> str:
        """The settings as they were read, as text."""
        return str(_plain(self._file["settings"][()]))

    def calibration(self, plate: str) -> dict[str, Any]:
        """Everything about the calibration of a plate."""
        group = self._file[f"calibration/{plate}"]
        return dict(json.loads(_plain(group["json"][()])))

    def utc(self, t: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
        """UTC of times t, between the recorded pairs of clocks; to the microsecond or so."""
        wanted, known = np.atleast_1d(np.asarray(t, float)), self._file["anchor/t"][:]
        start_ns = int(self.attributes["start_utc_ns"])
        ahead_ns = self._file["anchor/utc_ns"][:] - start_ns - np.round(known * 1e9).astype(np.int64)
        ns = start_ns + np.round(wanted * 1e9 + np.interp(wanted, known, ahead_ns)).astype(np.int64)
        return np.asarray(ns.astype("datetime64[ns]"))


def open(path: str | os.PathLike[str]) -> Recording:  # noqa: A001 - grfd.open() reads well
    """Opens a finished recording for reading. Raises NotARecording, FileNotFoundError."""
    return Recording(path)
