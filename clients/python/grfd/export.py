"""A recording as CSV: one file per stream, units in the names of the columns, and streams.csv that explains them."""
from __future__ import annotations

import csv
import os
import re
from typing import Any

import numpy as np

from . import delays
from .recording import RecordedStream, Recording

_UNITS = {
    "": "",
    "1": "",
    "%": "percent",
    "N.m": "Nm",
    "deg/s": "deg_s",
    "m/s": "m_s",
    "m/s2": "m_s2",
    "rad/s": "rad_s",
    "1e-6": "ppm",
}


def column_name(name: str, unit: str) -> str:
    """fz, N -> fz_N. A unit that the name ends with already is not repeated."""
    short = _UNITS.get(unit, re.sub(r"[^0-9A-Za-z]+", "_", unit).strip("_"))
    return name if not short or name.lower().endswith("_" + short.lower()) else f"{name}_{short}"


def _texts(values: Any) -> list[str]:
    """Shortest texts that give exactly these numbers again; NaN is an empty field."""
    texts: list[str] = values.astype("U32").tolist() if values.dtype.itemsize < 8 else list(map(repr, values.tolist()))
    return ["" if x == "nan" else x for x in texts] if values.dtype.kind == "f" else texts


def export_stream(stream: RecordedStream, path: str, remove_delays: bool) -> int:
    """@return rows written"""
    info = stream.info
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        if info.is_text:
            writer.writerow(["t_s", "seq", "flags", "name", "detail"])
            rows = stream.texts
            writer.writerows([repr(r.t), r.seq, r.flags, r.name, r.text.partition(" ")[2]] for r in rows)
            return len(rows)
        writer.writerow(["t_s", "seq", "epoch", "flags", *(column_name(c.name, c.unit) for c in info.columns)])
        t, flags, values = stream.t, stream.flags, stream.values
        if remove_delays and info.rate_hz > 0:
            values, flags = delays.align(info, t, flags, values)
        columns = [
            _texts(t),
            stream.seq.tolist(),
            stream.epoch.tolist(),
            flags.tolist(),
            *(_texts(values[:, i]) for i in range(len(info.columns))),
        ]
        writer.writerows(zip(*columns))
        return len(t)


def export(
    recording: Recording, folder: str, *, streams: list[str] | None = None, remove_delays: bool = False
) -> list[str]:
    """Writes the CSV files; never replaces one. Empty streams are only in streams.csv. @return the files written"""
    os.makedirs(folder, exist_ok=True)
    names = streams or recording.streams
    files = {name: name.replace("/", "_") + ".csv" for name in names}
    for file in [*files.values(), "streams.csv"]:
        if os.path.exists(os.path.join(folder, file)):
            raise FileExistsError(f"{os.path.join(folder, file)} is there already: choose an empty folder")
    written = []
    with open(os.path.join(folder, "streams.csv"), "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(
            [
                "stream",
                "file",
                "rows",
                "rate_hz",
                "column",
                "name_in_file",
                "unit",
                "delay_s",
                "skew_s",
                "delays_removed",
                "labels",
                "kind",
                "frame",
                "point",
                "sign",
                "formula",
                "parameters",
                "exploratory",
                "description",
            ]
        )
        for name, file in files.items():
            stream = recording[name]
            rows = export_stream(stream, os.path.join(folder, file), remove_delays) if len(stream) else 0
            if rows:
                written.append(os.path.join(folder, file))
            i = stream.info
            done = int(remove_delays and i.rate_hz > 0)
            for c in i.columns:
                shown = c.name if i.is_text else column_name(c.name, c.unit)
                writer.writerow(
                    [
                        name,
                        file if rows else "",
                        rows,
                        i.rate_hz,
                        c.name,
                        shown,
                        c.unit,
                        c.delay_s,
                        c.skew_s,
                        done,
                        c.labels,
                        i.kind,
                        i.frame,
                        i.point,
                        i.sign,
                        i.formula,
                        i.parameters,
                        int(c.exploratory),
                        i.description,
                    ]
                )
    written.append(os.path.join(folder, "streams.csv"))
    return written
