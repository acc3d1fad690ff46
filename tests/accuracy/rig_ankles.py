"""Inertial sensors alone: repetitions by the ankles, against the subject's own numbers and the definition of start, bottom and end on its
true ankles. Sensors, mountings, axes and clocks as in rig.py; no plates."""
import concurrent.futures
import dataclasses

import numpy as np
from presets import PRESETS, REPETITIONS, Preset
from rig import SIDES, ankle_streams, squats
from rig_report import one_preset
from scipy import signal
from truth import first, held

OF_SIDE = (
    "range",
    "onset",
    "rate_fit",
    "rate_mean",
    "rate_peak",
    "time_to_90",
    "finish",
    "shank_max",
    "heel_lift",
    "eversion_amplitude",
    "eversion_onset",
    "used",
)
OF_PAIR = ("onset_lag_rl", "rate_diff_rl", "range_diff_rl", "time_to_90_diff_rl")
FORCES = ("drop", "v_descent_peak", "bodyweight", "bai_bottom_rl", "impulse_bai_ascent_rl", "fall_back", "finish_lag_rl")


def without_plates(preset):
    return dataclasses.replace(
        preset,
        subject={"bow_count": 0, "pelvis_tilt_deg": 0, "pelvis_tuck_deg": 0, **preset.subject},
        tier="ankles",
        rig="tests/fixtures/imu_rig.toml",
        converters=(),
    )


SUBJECTS = {
    "demonstration": without_plates(Preset("as in config/demo.toml: dominant ankle slower and with more range")),
    # their shanks stay in their planes
    **{n: without_plates(PRESETS[n]) for n in ("symmetric", "reversed", "touch and go", "vertical shin", "heel lift")},
}


def run(grfd, name, seed):
    with squats(grfd, name, SUBJECTS[name], seed, {}) as (recording, subject, _):
        return evaluate(recording, subject["first_descent_s"] - 1)


def evaluate(r, since_s):
    errors = {}

    def put(name, value):
        errors.setdefault(name, []).append(float(value))

    pair, sides = r["reps/pair"], [r[f"reps/{s}"] for s in SIDES]
    true_pair, true_sides = r["truth/reps/pair"], [r[f"truth/reps/{s}"] for s in SIDES]
    accepted = pair["reason"] == 0
    put("count", abs(int(accepted.sum()) - REPETITIONS) + abs(len(accepted) - REPETITIONS))
    put("first_out", (pair["first_out"] != 4).sum())
    put("ankles known", sum(np.isfinite(pair[c]).sum() for c in FORCES) + sum(np.isfinite(s["plateau"]).sum() for s in sides))
    ankles = Ankles(r)
    for k in range(len(true_pair.t)):
        near = [j for j in np.flatnonzero(accepted) if abs(pair["t_start"][j] - true_pair["t_start"][k]) < 1]
        if not near:
            put("count", 1)  # the number alone may be right, of one found elsewhere
            continue
        j = near[0]
        put("incomplete", pair["incomplete"][j] + sum(s["valid"][j] != 1 for s in sides))
        for name, value in ankles.repetition(true_pair["t_start"][k], true_pair["t_end"][k]).items():
            row = pair if name in pair.columns else r["reps_exploratory/pair"]
            put(f"ankles {name}", row[name][j] - value)
        for c in OF_PAIR:
            put(c, pair[c][j] - true_pair[c][k])
            put("dn", abs(pair[c][j] - pair[c.replace("_rl", "_dn")][j]))  # the right leg is dominant here
        for s, t in zip(sides, true_sides):
            put("baseline", s["baseline"][j])
            put("peak", s["peak"][j] - t["range"][k])
            for c in OF_SIDE:
                put(c, s[c][j] - t[c][k])
    t = r["truth/ankle/left"].t
    ankle_streams(r, put, t[(t > since_s) & (t < t[-1] - 0.5)][::10])
    return {k: np.array(v) for k, v in errors.items()}


class Ankles:
    """The true ankles together, 1 kHz; the rate through the filter of `dorsiflexion_rate`, its delay taken off."""

    def __init__(self, r):
        true = [r[f"truth/ankle/{s}"] for s in SIDES]
        self.t = np.arange(true[0].t[0], true[0].t[-1], 1e-3)
        self.df = np.mean([s.at("dorsiflexion", self.t) for s in true], axis=0)
        late = signal.sosfilt(signal.butter(2, 20, fs=1000, output="sos"), np.mean([s.at("dorsiflexion_rate", self.t) for s in true], axis=0))
        self.rate = np.interp(self.t + r["ankle/left"].delay["dorsiflexion_rate"], self.t, late)

    def repetition(self, start_s, end_s):
        """dsp/README.md, "Without plates": start, bottom and end, of the set course from start_s to end_s."""
        a, b = np.searchsorted(self.t, [start_s - 0.4, end_s + 1])
        rate, df = self.rate[a:b], self.df[a:b]
        still = abs(rate) < 1.5
        bends = first(held(rate > 5, 80), 0)
        start = int(np.flatnonzero(rate[: bends - 79] < 1.5)[-1])
        slow = first(held(rate < 1.5, 80), bends) - 79
        down = first(rate < -1.5, bends)
        bottom = slow if slow + 79 <= down else int(np.flatnonzero(rate[:down] >= 1.5)[-1]) + 1
        ascent = first(held(rate < -1.5, 80), bottom) - 79
        back = first(df < 0.2 * df[start : ascent + 1].max(), ascent)
        rest = first(held(still, 301), back)
        end = int(np.flatnonzero(~still[:rest])[-1]) + 1
        t = self.t[a:b]
        return {
            "t_start": t[start],
            "t_bottom": (t[bottom] + t[ascent]) / 2,
            "t_end": t[end],
            "descent_time": t[bottom] - t[start],
            "pause_time": t[ascent] - t[bottom],
            "ascent_time": t[end] - t[ascent],
        }


def check_ankles(report, grfd, seeds, first_seed, jobs=2):
    report.part(f"Inertial sensors alone: {seeds} seeds, {REPETITIONS} repetitions each, {len(SUBJECTS)} subjects")
    report.text(
        "No plates. Each seed draws sensors, clocks and axes as for the emulated rig. `ankles ...`: start, bottom and end against their definition "
        "on the true ankles; the rest against the subject's own numbers. `ankles known`: numbers that nobody can know without plates."
    )
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = {n: [pool.submit(run, grfd, n, s) for s in range(first_seed, first_seed + seeds)] for n in SUBJECTS}
        for name, preset in SUBJECTS.items():
            one_preset(report, name, preset, [f.result() for f in futures[name]], first_seed)
