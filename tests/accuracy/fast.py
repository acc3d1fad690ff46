"""The fast lane (fast/*), which no recording holds: rows as the engine passes them on, at the devices' own samples, against the truth of
their instants. The rig, its draws and its subject are those of the part rig; one squat."""
import concurrent.futures
import pathlib
import tempfile

import numpy as np
from presets import PRESETS
from rig import ROOT, SIDES, hardware

FORCES, MOMENTS = ("fx", "fy", "fz"), ("mx", "my", "mz")
STANDS_S = 5  # the pose is taken, the clocks have settled


def streams(direct, *arguments):
    """{name: {column: values}}"""
    head, values = direct("fast", *arguments)
    out, at = {}, 0
    for s in head:
        n = s["rows"] * len(s["columns"])
        out[s["name"]] = dict(zip(s["columns"], values[at : at + n].reshape(-1, len(s["columns"])).T))
        at += n
    return out


def run(direct, seed):
    """{measure: absolute errors}"""
    preset = PRESETS["article"]
    settings, _, later_s = hardware(seed, preset)
    subject = {"repetitions": 1, "first_descent_s": 8 + later_s, **preset.subject}
    settings.update({f"stimulus.subject.{k}": v for k, v in subject.items()})
    end_s = subject["first_descent_s"] + 5
    with tempfile.TemporaryDirectory() as folder:  # the recording itself is not needed
        out = pathlib.Path(folder) / "fast.h5"
        r = streams(direct, ROOT / preset.rig, out, end_s, *(f"{k}={v}" for k, v in settings.items()))
    errors = {}

    def put(name, e):
        errors.setdefault(name, []).append(abs(e))

    for side in SIDES:
        got, true = r[f"fast/plate/{side}"], r[f"truth/plate/{side}"]
        use = (got["t"] > STANDS_S) & (got["t"] < end_s - 0.1)
        for name, columns in (("force", FORCES), ("moment", MOMENTS)):
            for c in columns:
                put(name, got[c][use] - np.interp(got["t"][use], true["t"], true[c]))
        got, true = r[f"fast/ankle/{side}"], r[f"truth/ankle/{side}"]
        use = (got["t"] > STANDS_S) & (got["t"] < end_s - 0.1)
        t, age = got["t"][use], got["shank_age"][use]

        def at(c, when):
            return np.interp(when, true["t"], true[c])

        def rate(c, when):  # of an inclination
            return np.interp(when, true["t"], np.gradient(true[c], 1e-3))

        put("dorsiflexion_rate", got["dorsiflexion_rate"][use] - at("dorsiflexion_rate", t))
        put("shank_rate", got["shank_rate"][use] - rate("shank_inclination", t - age))
        put("foot_rate", got["foot_rate"][use] - rate("foot_pitch", t))
        put("shank_age", age)
    return {k: np.concatenate(v) for k, v in errors.items()}


def check_fast(report, direct, seeds, first_seed, jobs=2):
    report.part(f"Fast lane: {seeds} seeds")
    report.text(
        "Unfiltered, at the devices' own samples, of the rig with all its errors, from standing to after a squat. The rate of dorsiflexion pairs "
        "a sample of the foot with one of the shank that is up to a packet older; shank_rate is held against the truth of its own instant."
    )
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda s: run(direct, s), range(first_seed, first_seed + seeds)))
    rows = []
    for name in results[0]:
        unknown = [np.isnan(r[name]).mean() for r in results]
        means, worst = ([f(r[name]) for r in results] for f in (np.nanmean, np.nanmax))
        at = first_seed + int(np.argmax(worst))
        report.figure("fast.unknown", name, max(unknown))
        report.figure(f"fast.{name}.mean", "all seeds", np.mean(means))
        report.figure(f"fast.{name}.worst", f"seed {at}", max(worst))
        rows.append([name, report.bounds[f"fast.{name}.mean"].unit, float(np.mean(means)), float(max(worst)), at])
    report.table(["measure", "unit", "mean error", "worst error", "seed"], rows)
