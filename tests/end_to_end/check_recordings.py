#!/usr/bin/env python3
"""Plays real recordings as USB packets and holds the recorded plates against the published centres of pressure.

  check_recordings.py --grfd build/release/grfd [--only WORD] [--short]

The data are found through GRFD_TEST_DATA (default ../shared/data beside the project); without them it says so and exits
with 77, which ctest reports as skipped. Every file is played in four ways (WAYS). For
each plate and the combined centre of pressure, at the sample times of the recording and where the plate carries more than
200 N, the error in mm is printed beside what the converter's steps, noise and times of sampling predict (predict.py). Flight times of the
squat jumps are held against those of the original files, to 2 ms.
"""
import argparse
import csv
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from predict import Predictor
from recording import Recording

ROOT = pathlib.Path(__file__).resolve().parents[2]
RIG = ROOT / "tests/fixtures/rig_recording.toml"
LEAD_IN_S, LOADED_N, FLIGHT_N = 25, 200, 20
PLATES = ("left", "right")  # plate 1 and plate 2 of the file

# A way to play a file: drift, skew, noise of the converter (in steps). The recording's own samples fall between the
# converter's when its clock drifts or its channels come one after the other; a real signal is smooth between samples, these
# are not, so the last two ways are harder than any laboratory.
class Way:
    def __init__(self, name, noise=0.7, drift_ppm=0, skew_us=0):
        self.name, self.noise, self.drift, self.skew_s = name, noise, drift_ppm * 1e-6, skew_us * 1e-6
        emulated = {"noise": noise / 0.7, "drift_ppm": drift_ppm, "skew_us": skew_us}
        self.settings = [f"device.u6.emulation.{k}={v:g}" for k, v in emulated.items()]
        self.settings.append(f"device.u6.delay_s={3e-4 + 13 * self.skew_s:g}")  # see rig_recording.toml


WAYS = [Way("steps only", noise=0), Way("noise"), Way("skew 20 us", skew_us=20), Way("drift +35 ppm", drift_ppm=35)]


def table(path):
    with gzip.open(path, "rt") as f:
        rows = csv.reader(f)
        head = next(rows)
        values = np.array([[float(x or "nan") for x in row] for row in rows])
    return {name: values[:, i] for i, name in enumerate(head)}


class Jumps:
    """Set 01: CSV about the plates' centres. Published: the original file, in which y is up; x = px, y = -pz here."""

    def __init__(self, path):
        self.path, folder = path, path.parents[1]
        self.name = path.name.split(".")[0]
        with open(folder / f"{self.name}_squat_jump.csv", encoding="utf-8-sig") as f:
            rows = list(csv.reader(f))
        head, rows = rows[6], np.array(rows[7:], dtype=object)
        rows = np.array([[float(x) for x in r if x != ""] for r in rows])
        c = {n: rows[:, i] for i, n in enumerate(head)}
        self.fz = [c[f"ground_force{i}_vy"] for i in (1, 2)]
        self.cop = [np.column_stack([c[f"ground_force{i}_px"], -c[f"ground_force{i}_pz"]]) for i in (1, 2)]
        net = table(folder / f"reference/{path.name}")
        self.net = np.column_stack([net["net_cop_xz_m_0"], -net["net_cop_xz_m_1"]])
        with open(folder / "reference/jumps.csv") as f:
            self.jumps = [(int(j["takeoff_idx"]), float(j["flight_s"])) for j in csv.DictReader(f) if j["file"] == self.name]


class C3d:
    """Sets 04 and 05: raw channels; reference per sample in the laboratory of the file, mm."""
    jumps = []

    def __init__(self, path):
        self.path, self.name = path, path.name
        r = table(path.parent / f"reference/{path.name}.csv.gz")
        self.fz = [abs(r[f"fp{i}_Fz_plate_N"]) for i in (1, 2)]
        self.cop = [1e-3 * np.column_stack([r[f"fp{i}_cop_lab_xyz_0"], r[f"fp{i}_cop_lab_xyz_1"]]) for i in (1, 2)]
        self.net = 1e-3 * np.column_stack([r["net_cop_lab_0"], r["net_cop_lab_1"]])


def play(grfd, file, way, folder):
    out = pathlib.Path(folder) / "played.h5"
    command = [grfd, "simulate", RIG, "-o", out, "--recording", file, "--plates", "left=1,right=2", "--lead-in", str(LEAD_IN_S)]
    for s in way.settings:
        command += ["--set", s]
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Recording(out)


def cop_of(wrench, center):
    """Where the force meets the surface, lab x and y, of wrenches about the surface centre."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return center[:2] + np.stack([-wrench[..., 4], wrench[..., 3]], axis=-1) / wrench[..., 2:3]


def net_of(wrenches, centers):
    """Combined centre of pressure; plates below 20 N are left out, as in the references."""
    weighted, total = 0, 0
    for w, c in zip(wrenches, centers):
        on = (w[..., 2:3] >= FLIGHT_N) * 1.0
        weighted = weighted + on * (np.stack([-w[..., 4], w[..., 3]], axis=-1) + c[:2] * w[..., 2:3])
        total = total + on * w[..., 2:3]
    with np.errstate(divide="ignore", invalid="ignore"):
        return weighted / total


def wrench_at(recording, name, start, samples):
    s = recording[name]
    first = int(np.argmin(abs(s.t - start)))
    row = slice(first, first + samples)
    if not np.allclose(s.t[row], start + np.arange(samples) * 1e-3, atol=1e-9, rtol=0):
        raise SystemExit(f"{name}: the rows are not on the millisecond grid from recording_start on")
    return np.column_stack([s[c][row] for c in ("fx", "fy", "fz", "mx", "my", "mz")])


def figures(e):
    e = np.linalg.norm(e, axis=-1) * 1e3
    return np.stack([np.median(e, axis=-1), np.quantile(e, 0.99, axis=-1), e.max(axis=-1)], axis=-1)


def line(source, way, what, measured, draws, bad):
    """Median and 99th percentile of the errors must be as they were drawn: 4.5 standard deviations for chance, and 3 % for
    what is of second order."""
    if not np.isfinite(measured).all():
        bad.append(f"{source.name} {way.name} {what}: {int((~np.isfinite(measured)).any(axis=1).sum())} samples unknown")
        return print(bad[-1])
    m, d = figures(measured), figures(draws)
    missed = (m > 1.03 * d.mean(axis=0) + 4.5 * d.std(axis=0))[:2].any()
    if missed:
        bad.append(f"{source.name} {way.name} {what}")
    print(f"{source.name:33s} {way.name:13s} {what:5s} {len(measured):6d}  {m[0]:7.4f} {m[1]:7.4f} {m[2]:7.4f}   "
          + " ".join(f"{x:7.4f}" for x in np.median(d, axis=0)) + ("   <-- MISSED" if missed else ""), flush=True)


def check_flights(source, way, wrenches, bad):
    free = np.concatenate([[False], sum(w[:, 2] for w in wrenches) < FLIGHT_N, [False]])
    edges = np.flatnonzero(np.diff(free.astype(int)))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a >= 50]
    for k, (takeoff, flight_s) in enumerate(source.jumps):
        a, b = min(runs, key=lambda r: abs(r[0] - takeoff))
        published = round(flight_s * 1e3)
        missed = abs(a - takeoff) > 2 or abs(b - a - published) > 2
        if missed:
            bad.append(f"{source.name} {way.name} flight {k + 1}")
        print(f"{source.name:33s} {way.name:13s} jump {k + 1}: flight {b - a} ms, published {published} ms; take-off {a - takeoff:+d} ms"
              f"{'   <-- MISSED' if missed else ''}")


def check(source, way, recording, bad):
    n = len(source.fz[0])
    start = next(t for t, name, _ in recording["events"].texts() if name == "recording_start")
    predictors = [Predictor(recording, plate, seed) for seed, plate in enumerate(PLATES)]
    centers = [p.center for p in predictors]
    measured, drawn = [], []
    for p, plate in zip(predictors, PLATES):
        measured.append(wrench_at(recording, f"plate/{plate}", start, n))
        felt = wrench_at(recording, f"truth/plate/{plate}", start, n)
        drawn.append(p.looked_at(felt, way.drift, way.skew_s, LEAD_IN_S) + p.errors(n, way.noise))
    loaded = [fz > LOADED_N for fz in source.fz]
    found, predicted = ([cop_of(w, c) for w, c in zip(ws, centers)] + [net_of(ws, centers)] for ws in (measured, drawn))
    for i, (what, rows) in enumerate(zip((*PLATES, "net"), (*loaded, loaded[0] & loaded[1]))):
        if rows.any():
            true = (*source.cop, source.net)[i]
            line(source, way, what, (found[i] - true)[rows], (predicted[i] - true)[:, rows], bad)
    check_flights(source, way, measured, bad)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--grfd", default=ROOT / "build/release/grfd")
    arguments.add_argument("--only", default="", help="files whose name holds this word")
    arguments.add_argument("--short", action="store_true", help="one file of each set, one way")
    a = arguments.parse_args()
    data = pathlib.Path(os.environ.get("GRFD_TEST_DATA", ROOT.parent / "shared/data"))
    sources = [(Jumps, f) for f in sorted(data.glob("01*/derived_plate6/*.csv.gz"))]
    sources += [(C3d, f) for s in ("04", "05") for f in sorted(data.glob(f"{s}*/*.c3d"))]
    if not sources:
        print(f"skipped: no recordings in {data}; set GRFD_TEST_DATA")
        return 77
    sources = [(kind, f) for kind, f in sources if a.only in f.name]
    chosen = WAYS
    if a.short:
        seen = {f.parts[-3 if kind is Jumps else -2]: (kind, f) for kind, f in reversed(sources)}
        sources, chosen = list(seen.values()), WAYS[1:2]
    bad = []
    print(f"{'':60s}  {'error, mm':^23s}   {'predicted, mm':^23s}\n{'file':33s} {'way':13s} {'':5s} {'n':>6s}  {'median':>7s} {'p99':>7s} {'max':>7s}   {'median':>7s} {'p99':>7s} {'max':>7s}")
    with tempfile.TemporaryDirectory() as folder:
        for kind, f in sources:
            source = kind(f)
            for way in chosen:
                check(source, way, play(a.grfd, f, way, folder), bad)
    print("MISSED: " + "; ".join(bad) if bad else "all bounds held")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
