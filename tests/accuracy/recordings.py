"""Plate recordings of sets 01, 04, 05, 06 as packets of emulated devices through the whole pipeline."""
import csv
import pathlib
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np
from direct import numbers, table
from markers import INTEL
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import butter, lfilter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import check_recordings as played  # noqa: E402
from predict import Predictor  # noqa: E402

WAY = played.Way("steps only", noise=0)
G, LOADED_N, FLIGHT_N = 9.80665, 50, 20
SETTLED = 8
LEVEL_M = 1e-3  # surfaces of one height, or the weighted mean of the references is no centre of pressure


class Set01(played.Jumps):
    """Published about the plates' centres, y up; x = px, y = -pz here."""

    own_axes, step_ms, count = False, 1, 2

    def __init__(self, path):
        super().__init__(path)
        c = table(path.parents[1] / f"{self.name}_squat_jump.csv", skip=6)
        self.file, self.tz, self.net_tz = path, [numbers(c, f"ground_torque{i}_y")[:, 0] for i in (1, 2)], 0
        for i in range(2):
            x, z = numbers(c, f"ground_force{i + 1}_vx", f"ground_force{i + 1}_vz").T
            r = self.cop[i] - self.net
            self.net_tz = self.net_tz + self.tz[i] - r[:, 0] * z - r[:, 1] * x

    @staticmethod
    def net_sign(plates):
        return 1


class C3d:
    """Sets 04, 05: answers in the laboratory of the file. Set 06: in the axes of each plate, as some surveys are not planar and the
    reference reads them by two edges only. Free moments are in the plates' axes everywhere. The combined free moment is that of the
    part plates, which holds it against the references."""

    jumps, net, net_tz = [], None, None

    def __init__(self, path, direct):
        self.file, self.path, self.name, self.own_axes = path, path, path.name, path.parent.name.startswith("06")
        r = table(path.parent / f"reference/{path.name}.csv.gz")
        self.count = sum(f"fp{i}_Tz_plate" in r for i in (1, 2))
        plates, mm = range(1, self.count + 1), 1e-3
        point = "cop_plate_xy_" if self.own_axes else "cop_lab_xyz_"
        self.fz = [abs(numbers(r, f"fp{i}_Fz_plate_N")[:, 0]) for i in plates]
        self.cop = [mm * numbers(r, *(f"fp{i}_{point}{a}" for a in (0, 1))) for i in plates]
        self.tz = [mm * numbers(r, f"fp{i}_Tz_plate")[:, 0] for i in plates]
        self.step_ms = 1e3 * float(np.diff(numbers(r, "t")[:2, 0])[0])
        if self.count < 2:
            return
        _, values = direct("plates", path)
        values = values.reshape(len(self.fz[0]), -1)
        heights = values[:, 9 : 10 * self.count : 10]
        both = ~np.isnan(heights).any(axis=1)
        if "net_cop_lab_0" in r and (not both.any() or np.ptp(heights[both], axis=1).max() < LEVEL_M):
            self.net = mm * numbers(r, "net_cop_lab_0", "net_cop_lab_1")
        self.net_tz = values[:, -1]

    @staticmethod
    def net_sign(plates):
        """The part plates takes forces as the file has them."""
        return plates[0].sign


def levelled(source, folder):
    """A copy whose corners are turned from y up to z up: what such a plate's own axes see stays as it is."""
    raw = bytearray(source.path.read_bytes())
    if raw[(raw[0] - 1) * 512 + 3] != INTEL:
        raise ValueError(f"{source.name}: only Intel files are turned here")
    at = raw.index(b"CORNERS") + len("CORNERS") + 2  # then: real, number of dimensions, dimensions
    if raw[at] != 4 or list(raw[at + 2 : at + 4]) != [3, 4]:
        raise ValueError(f"{source.name}: FORCE_PLATFORM:CORNERS is not 3 x 4 reals")
    first = at + 2 + raw[at + 1]
    x, y, z = np.frombuffer(bytes(raw[first : first + 48]), "<f4").reshape(4, 3).T
    raw[first : first + 48] = np.column_stack([x, -z, y]).astype("<f4").tobytes()
    source.file = pathlib.Path(folder) / source.name
    source.file.write_bytes(raw)


def moved(wrench, by):
    """Wrenches (..., 6) about a point that lies at -by from theirs."""
    return np.concatenate([wrench[..., :3], wrench[..., 3:] + np.cross(by, wrench[..., :3])], axis=-1)


def point_of(w):
    """Centre of pressure x, y and free moment, of wrenches about the origin."""
    x, y = -w[:, 4] / w[:, 2], w[:, 3] / w[:, 2]
    return np.column_stack([x, y, w[:, 5] - x * w[:, 1] + y * w[:, 0]])


def by_steps(per_step, steps, w, fz):
    """(n, 3): what errors of so many steps of each channel can move point_of(w) by, all the worst way. per_step: (channels, 6), wrench
    of a step, about the origin; fz: the true force.
    With found = true + d: dx = (-dMy - x dFz) / Fz with the found x and the true Fz, and dy likewise, exactly;
    dTz = dMz - x dFy + y dFx - Fy dx + Fx dy + dx dFy - dy dFx, of which the last two are bounded by the product of their bounds."""
    x, y, _ = point_of(w).T[:, :, None]
    fx, fy, dfx, dfy, dfz, dmx, dmy, dmz = (v for v in (w[:, :1], w[:, 1:2], *per_step.T))
    dx, dy = (-dmy - x * dfz) / fz[:, None], (dmx - y * dfz) / fz[:, None]
    tz = dmz - x * dfy + y * dfx - fy * dx + fx * dy
    of_x, of_y, of_tz = (abs(v) @ steps for v in (dx, dy, tz))
    return np.column_stack([of_x, of_y, of_tz + of_x * (abs(dfy) @ steps) + of_y * (abs(dfx) @ steps)])


def play(grfd, file, count, folder, lead_in_s=played.LEAD_IN_S):
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
        f"{lead_in_s:.9f}",
    ]
    for s in WAY.settings:
        command += ["--set", s]
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return (played.Recording(out), "") if run.returncode == 0 else (None, run.stderr.strip().splitlines()[-1])


class Played:
    """The wrenches of one plate in the recording, and what a step of each of its channels is."""

    def __init__(self, recording, plate, start, samples):
        p = Predictor(recording, plate, 0)
        self.wrench = played.wrench_at(recording, f"plate/{plate}", start, samples)  # ground reaction about the centre
        self.center, self.rotation, self.per_step = p.center, p.rotation, p.per_step.T
        self.steps = 0.5 + abs(p.tare_error)
        self.sign = -1 if recording.file[f"calibration/{plate}"].attrs["sense"] in (b"action", "action") else 1

    def own(self, w):
        """In the plate's axes."""
        return np.hstack([w[..., :3] @ self.rotation, w[..., 3:] @ self.rotation])

    def lab(self, w):
        """About the origin of the laboratory."""
        return moved(w, self.center)


def check_recordings(report, direct, grfd, data):
    report.part("Recorded plates through the whole pipeline (sets 01, 04, 05, 06)")
    rows, jumps = [], []
    sources = [Set01(f) for f in sorted(data.glob("01*/derived_plate6/*.csv.gz"))]
    sources += [C3d(f, direct) for s in ("04", "05", "06") for f in sorted(data.glob(f"{s}*/*.[cC]3[dD]"))]
    for source in sources:
        found = {}
        for late_ms in places_between(source.step_ms):
            with tempfile.TemporaryDirectory() as folder:
                lead_in_s = played.LEAD_IN_S + 1e-3 * late_ms
                recording, refused = play(grfd, source.file, source.count, folder, lead_in_s)
                if recording is None and "not horizontal" in refused:
                    levelled(source, folder)
                    recording, refused = play(grfd, source.file, source.count, folder, lead_in_s)
                    report.text(f"{source.name}: its laboratory has y up; played with the corners turned to z up.")
                if recording is None:
                    raise RuntimeError(f"{source.name}: {refused}")
                start = next(t for t, name, _ in recording["events"].texts() if name == "recording_start")
                start -= 1e-3 * (late_ms > 0)  # it is told on the next whole millisecond
                place = late_ms + np.arange(len(source.fz[0])) * source.step_ms
                on_grid = np.flatnonzero(abs(place - np.round(place)) < 1e-3)
                plates = [Played(recording, p, start, int(place[-1] + 1.5)) for p in played.PLATES[: source.count]]
                collect(found, source, plates, on_grid, np.round(place[on_grid]).astype(int))
                if late_ms == 0:
                    check_streams(report, source, recording, plates)
                if source.jumps:
                    jumps += check_jumps(report, source, recording, start, sum(p.wrench[:, 2] for p in plates))
        judge(report, rows, source, found)
    report.table(
        [
            "file",
            "plate",
            f"samples over {LOADED_N} N",
            "CoP: median error, mm",
            "largest",
            "steps can make",
            "beyond them, m",
            "Tz: median error, N.m",
            "largest",
            "steps can make",
            "beyond them, N.m",
        ],
        rows,
    )
    report.text(
        "Limits of steps: each channel is off by at most half a step of the converter and by what the mean of whole steps misses the "
        "zero by at the tare; all of these errors at once, each the worst way, with the exact derivatives (by_steps in recordings.py). "
        "A step of the emulated converter is "
        f"about {1e3 * abs(plates[0].per_step[2, 2]):.0f} mN of Fz. Beyond these only the 32-bit columns of the recording round. These "
        "are points of plate/*; cop/* are held against the points of the same wrenches, low-passed here by scipy (play.stream)."
        if sources
        else "No recordings."
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


def check_streams(report, source, recording, plates):
    """cop/*, points and free moments: of the recorded wrenches, low-passed by another program. Where every plate has been loaded for
    SETTLED samples: contact and validity wait for 5 ms."""
    names, low = played.PLATES[: len(plates)], butter(2, 20, fs=1000)
    filtered, loaded = [], []
    for name in names:
        w = np.column_stack([recording[f"plate/{name}"][c] for c in ("fx", "fy", "fz", "mx", "my", "mz")])
        filtered.append(lfilter(*low, w, axis=0))
        load = np.minimum(w[:, 2], filtered[-1][:, 2])
        loaded.append(sliding_window_view(np.pad(load, (SETTLED - 1, 0)), SETTLED).min(axis=1) > LOADED_N)
    points = [(n, on, moved(w, p.center * [1, 1, 0])) for n, on, w, p in zip(names, loaded, filtered, plates)]
    if len(plates) > 1:
        points.append(("total", np.all(loaded, axis=0), sum(p.lab(w) for p, w in zip(plates, filtered))))
    for name, use, w in points:
        if use.any():
            stream = recording[f"cop/{name}"]
            off = abs(np.column_stack([stream[c][use] for c in ("cop_ml", "cop_ap", "tz")]) - point_of(w[use]))
            report.figure("play.stream.cop", f"{source.name} cop/{name}", off[:, :2].max())
            report.figure("play.stream.tz", f"{source.name} cop/{name}", off[:, 2].max())


def places_between(step_ms):
    """The grid has whole milliseconds only: delays of the recording, in ms, with which each of its samples falls on one of them once."""
    step = Fraction(step_ms).limit_denominator(100)
    return [k / step.denominator for k in range(step.denominator)]


def collect(found, source, plates, samples, at):
    """What was measured, what is true and what steps can make, of the samples that fall on rows `at` of the recording."""
    fz = [f[samples] for f in source.fz]

    def put(what, measured, true, limit):
        found.setdefault(what, []).append(np.stack([measured, true, limit], axis=1))

    for name, plate, force, cop, tz in zip(played.PLATES, plates, fz, source.cop, source.tz):
        use = force > LOADED_N
        w = plate.wrench[at][use]
        own = plate.own(w)
        measured, limit = point_of(own), by_steps(plate.own(plate.per_step), plate.steps, own, np.sign(own[:, 2]) * force[use])
        if not source.own_axes:
            over = plate.center * [1, 1, 0]
            there = moved(w, over)
            measured[:, :2] = point_of(there)[:, :2]
            limit[:, :2] = by_steps(moved(plate.per_step, over), plate.steps, there, force[use])[:, :2]
        put(name, measured, np.column_stack([cop[samples][use], plate.sign * tz[samples][use]]), limit)
    if len(plates) < 2:
        return
    use = np.all([f > LOADED_N for f in fz], axis=0)
    total = sum(p.lab(p.wrench[at][use]) for p in plates)
    per_step, steps = np.vstack([p.lab(p.per_step) for p in plates]), np.concatenate([p.steps for p in plates])
    true = np.full((use.sum(), 3), np.nan)
    if source.net is not None:
        true[:, :2] = source.net[samples][use]
    true[:, 2] = source.net_sign(plates) * source.net_tz[samples][use]
    put("net", point_of(total), true, by_steps(per_step, steps, total, sum(f[use] for f in fz)))


def judge(report, rows, source, found):
    for what, parts in found.items():
        measured, true, limit = np.concatenate(parts).transpose(1, 0, 2)
        if not len(measured):
            continue
        bounds = ["play.cop", "play.tz"]
        if what == "net":
            bounds = [None if source.net is None else "play.net", "play.net.tz"]
        error, figures = abs(measured - true), []
        for bound, scale, columns in zip(bounds, (1e3, 1), (slice(0, 2), slice(2, 3))):
            e, most = error[:, columns], limit[:, columns]
            if bound:
                report.figure(bound, f"{source.name} {what}", (e - most).max())
                figures += [scale * np.median(e), scale * e.max(), scale * most.max(), (e - most).max()]
            else:
                figures += ["-"] * 4
        rows.append([source.name, what, len(error), *figures])


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
