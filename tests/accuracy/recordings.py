"""Plate recordings of sets 01, 04, 05, 06 as packets of emulated devices through the whole pipeline."""
import csv
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from direct import numbers, table

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import check_recordings as played  # noqa: E402
from predict import Predictor  # noqa: E402

WAY = played.Way("steps only", noise=0)
G, LOADED_N, FLIGHT_N = 9.80665, 200, 20


class Set06:
    """Answers in the axes of each plate: the surveys are not planar, and the reference reads them by two edges only."""

    def __init__(self, path):
        self.path, self.name, self.jumps = path, path.name, []
        r = table(path.parent / f"reference/{path.name}.csv.gz")
        self.count = sum(f"fp{i}_Tz_plate" in r for i in (1, 2))
        self.fz = [abs(numbers(r, f"fp{min(i, self.count)}_Fz_plate_N")[:, 0]) for i in (1, 2)]
        self.cop = [1e-3 * numbers(r, *(f"fp{min(i, self.count)}_cop_plate_xy_{a}" for a in (0, 1))) for i in (1, 2)]
        self.step_ms = 1e3 * float(np.diff(numbers(r, "t")[:2, 0])[0])


def by_steps(predictor, rotation, moment_arm, fz):
    """(n, 2): what half a step of each channel of one plate and the tare's miss can move a centre of pressure by, all
    the worst way. moment_arm: (n, 2), from that point to the plate's centre; fz: the force that divides."""
    per_step = np.vstack([rotation.T @ predictor.per_step[:3], rotation.T @ predictor.per_step[3:]])
    steps = 0.5 + abs(predictor.tare_error)
    gx = (-per_step[4] + moment_arm[:, :1] * per_step[2]) / fz[:, None]
    gy = (per_step[3] + moment_arm[:, 1:] * per_step[2]) / fz[:, None]
    return np.column_stack([abs(gx) @ steps, abs(gy) @ steps])


def play(grfd, file, count, folder):
    """With as many plates as the file has."""
    folder = pathlib.Path(folder)
    rig = played.RIG.read_text().replace('"../../config/', f'"{played.ROOT}/config/')
    if count == 1:
        first, second = rig.index("[[plate]]"), rig.rindex("[[plate]]")
        assert first != second
        rig = rig[:second] + rig[rig.index("[record]") :]
    (folder / "rig.toml").write_text(rig)
    out = folder / "played.h5"
    command = [
        grfd,
        "simulate",
        folder / "rig.toml",
        "-o",
        out,
        "--recording",
        file,
        "--plates",
        "left=1,right=2"[: 6 if count == 1 else None],
        "--lead-in",
        played.LEAD_IN_S,
    ]
    for s in WAY.settings:
        command += ["--set", s]
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return (played.Recording(out), "") if run.returncode == 0 else (None, run.stderr.strip().splitlines()[-1])


def check_recordings(report, grfd, data):
    report.part("Recorded plates through the whole pipeline (sets 01, 04, 05, 06)")
    rows, jumps = [], []
    sources = [(played.Jumps, f) for f in sorted(data.glob("01*/derived_plate6/*.csv.gz"))]
    sources += [(played.C3d, f) for s in ("04", "05") for f in sorted(data.glob(f"{s}*/*.c3d"))]
    sources += [(Set06, f) for f in sorted(data.glob("06*/*.[cC]3[dD]"))]
    for kind, file in sources:
        source = kind(file)
        own_axes, step_ms = kind is Set06, getattr(source, "step_ms", 1)
        with tempfile.TemporaryDirectory() as folder:
            recording, refused = play(grfd, file, getattr(source, "count", 2), folder)
            if recording is None:
                refused = refused.split(": ", 1)[-1].replace(str(file), source.name)
                report.text(f"{source.name}: not played, the configuration refuses it: {refused}.")
                continue
            start = next(t for t, name, _ in recording["events"].texts() if name == "recording_start")
            place = np.arange(len(source.fz[0])) * step_ms
            on_grid = np.flatnonzero(abs(place - np.round(place)) < 1e-3)  # the grid has whole milliseconds only
            wrenches, predictors = [], []
            for i, plate in enumerate(played.PLATES[: getattr(source, "count", 2)]):
                predictor = Predictor(recording, plate, 0)
                rotation = predictor.rotation if own_axes else np.eye(3)
                every = played.wrench_at(recording, f"plate/{plate}", start, int(place[-1] + 1.5))
                w = every[np.round(place[on_grid]).astype(int)]
                wrenches.append((every, predictor.center))
                predictors.append(predictor)
                w = np.hstack([w[:, :3] @ rotation, w[:, 3:] @ rotation])
                use = source.fz[i][on_grid] > LOADED_N
                if not use.any():
                    continue
                found = np.column_stack([-w[use, 4], w[use, 3]]) / w[use, 2:3]
                limit = by_steps(predictor, rotation, -found, w[use, 2])
                if not own_axes:
                    found += predictor.center[:2]
                error = abs(found - source.cop[i][on_grid][use])
                where = f"{source.name} {plate}"
                report.figure("play.cop", where, (error - limit).max())
                rows.append(
                    [
                        source.name,
                        plate,
                        int(use.sum()),
                        1e3 * np.median(error),
                        1e3 * error.max(),
                        1e3 * limit.max(),
                        (error - limit).max(),
                    ]
                )
            if not own_axes:
                use = (source.fz[0] > LOADED_N) & (source.fz[1] > LOADED_N)
                if use.any():
                    net = played.net_of([w for w, _ in wrenches], [c for _, c in wrenches])[use]
                    total = sum(w[use, 2] for w, _ in wrenches)
                    limit = sum(by_steps(p, np.eye(3), p.center[:2] - net, total) for p in predictors)
                    error = abs(net - source.net[use])
                    report.figure("play.net", source.name, (error - limit).max())
                    rows.append(
                        [
                            source.name,
                            "net",
                            int(use.sum()),
                            1e3 * np.median(error),
                            1e3 * error.max(),
                            1e3 * limit.max(),
                            (error - limit).max(),
                        ]
                    )
            if source.jumps:
                jumps += check_jumps(report, source, recording, start, sum(w[:, 2] for w, _ in wrenches))
    report.table(
        [
            "file",
            "plate",
            "samples over 200 N",
            "median error, mm",
            "largest, mm",
            "steps can make, mm",
            "beyond them, m",
        ],
        rows,
    )
    if jumps:
        report.table(
            [
                "jump",
                "take-off, samples off",
                "landing",
                "flight height, m",
                "published",
                "impulse height, m",
                "published",
            ],
            jumps,
        )
    if sources:
        four_ways(report, grfd)


def check_jumps(report, source, recording, start, fz):
    """Take-off, landing and heights, by the reference's own definitions, on what the pipeline recorded."""
    with open(source.path.parents[1] / "reference/jumps.csv") as f:
        published = [j for j in csv.DictReader(f) if j["file"] == source.name]
    pair, out = recording["reps/pair"], []
    for j in published:
        name = f"{source.name} jump {j['jump']}"
        takeoff, landing = int(j["takeoff_idx"]), int(j["landing_idx"])
        free = np.flatnonzero(fz[takeoff - 50 : landing + 50] < FLIGHT_N) + takeoff - 50
        longest = max(np.split(free, np.flatnonzero(np.diff(free) > 1) + 1), key=len)
        a, b = int(longest[0]), int(longest[-1]) + 1
        report.figure("play.takeoff", name, abs(a - takeoff))
        report.figure("play.landing", name, abs(b - landing))
        flight = G * ((b - a) * 1e-3) ** 2 / 8
        report.figure("play.flight", name, abs(flight - float(j["h_flight_m"])))
        impulse = want = "-"
        if int(j["impulse_ok"]):
            window = int(j["bw_window_start"])
            weight, quiet = fz[window : window + 500].mean(), int(j["start_idx"])
            v = G / weight * np.trapz(fz[quiet:a] - weight, dx=1e-3)
            impulse, want = v * v / (2 * G), float(j["h_impulse_m"])
            report.figure("play.impulse", name, abs(impulse - want))
        inside = (
            (pair["reason"] == 0)
            & (pair["t_start"] < start + 1e-3 * takeoff)
            & (pair["t_end"] > start + 1e-3 * landing)
        )
        report.figure("play.rejected", name, int(inside.sum()))
        out.append([name, a - takeoff, b - landing, flight, float(j["h_flight_m"]), impulse, want])
    return out


def four_ways(report, grfd):
    """Noise, skew and drift: errors as the steps, noise and times of the converter predict them."""
    run = subprocess.run(
        ["/usr/bin/python3", "-B", played.__file__, "--grfd", str(grfd)], capture_output=True, text=True
    )
    lines = run.stdout.splitlines()
    report.figure(
        "play.ways",
        "check_recordings.py, all files, four ways",
        sum("MISSED" in x for x in lines[:-1]) + (run.returncode != 0),
    )
    report.text(
        "check_recordings.py plays sets 01, 04, 05 in four ways (steps only, noise, skew 20 us, drift +35 ppm): "
        f"{len(lines) - 3} lines, "
        f"{lines[-1] if lines else run.stderr[-200:]}."
    )
