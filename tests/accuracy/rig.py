"""The emulated rig: two plates and four inertial sensors with noise, zero errors, random mountings, wrong axes,
drifting clocks and packets, and a subject whose every measure is known. Error of every measure over seeds and presets."""
import concurrent.futures
import contextlib
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from presets import (
    ASCENT_S,
    BAR_TAKEN_S,
    BOTTOM_S,
    DESCENT_S,
    FIRST_S,
    JUMP_LASTS_S,
    PRESETS,
    REPETITIONS,
    REST_S,
)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from recording import Recording  # noqa: E402
from rig_loads import put_loads, put_rejected  # noqa: E402
from rig_posture import posture_streams, put_posture  # noqa: E402
from rig_report import one_preset, plot_overview, tell_absent, tell_bottoms  # noqa: E402
from truth import Courses  # noqa: E402
from truth_loads import Body, slope_of_parabola  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIDES = ("left", "right")
STANDING_SHANK_DEG = 3
TIE_S, NEAR_TIE_S = 0.050, 0.015
# The earliest packet of a link is late by its shortest delay, 0.4 ms, and the channels of a scan by up to 0.14 ms: known, and
# taken out where a rate bends by tens of N/s in a millisecond.
LATE_S = 0.55e-3
# The first squat is that much later at most, so that the seeds meet the sway (0.27 to 1.21 Hz) in other phases.
LATER_S = 10.0
# columns of reps/<side> and reps/pair that have a truth; the dn columns are the rl ones, signed by the dominant side
SIDE_COLUMNS = (
    "baseline",
    "range",
    "peak",
    "onset",
    "rate_fit",
    "rate_mean",
    "rate_peak",
    "time_to_90",
    "plateau",
    "plateau_level",
    "finish",
    "creep",
    "shank_max",
    "heel_lift",
    "eversion_amplitude",
    "used",
)
PAIR_COLUMNS = (
    "t_start",
    "t_bottom",
    "t_end",
    "drop",
    "v_descent_peak",
    "v_ascent_peak",
    "pause",
    "bodyweight",
    "finish_lag_rl",
    "onset_lag_rl",
    "rate_diff_rl",
    "range_diff_rl",
    "time_to_90_diff_rl",
    "bai_standing_rl",
    "bai_descent_rl",
    "bai_bottom_rl",
    "bai_ascent_rl",
    "impulse_bai_ascent_rl",
    "fall_back",
)
ANKLE_COLUMNS = (
    "dorsiflexion",
    "dorsiflexion_rate",
    "shank_inclination",
    "foot_pitch",
    "eversion",
    "tibial_rotation",
    "shank_tilt",
    "shank_frontal",
)


def unit(random):
    v = random.normal(size=3)
    return v / np.linalg.norm(v)


def listed(v):
    return "[" + ", ".join(f"{x:.9g}" for x in v) + "]"


def hardware(seed, preset):
    """Settings of one draw of the rig; mass of the subject; by how much its squats are later."""
    random = np.random.default_rng([2026, seed])
    mass = float(random.uniform(55, 105))
    out = {
        "stimulus.subject.mass_kg": mass,
    }
    for i, name in enumerate(preset.converters):
        at = f"device.{name}.emulation."
        out[at + "seed"] = 1000 + seed + 500 * i
        if i == 0:  # it paces the others
            out[at + "drift_ppm"] = random.choice([-50, 50])
        out[at + "zero_offset_counts"] = int(random.integers(10, 80))
        out[at + "jitter_ms"] = 0.3
        out[at + "noise"] = preset.noise
        if preset.channel_noise:
            out[at + "channel_noise"] = listed(preset.channel_noise)
    for i, name in enumerate(preset.imus):
        at = f"device.{name}.emulation."
        yaw, pitch, roll = (
            random.uniform(-180, 180),
            math.degrees(math.asin(random.uniform(-1, 1))),
            random.uniform(-180, 180),
        )
        (ca, sa), (cb, sb), (cc, sc) = (
            (math.cos(math.radians(x)), math.sin(math.radians(x))) for x in (yaw, pitch, roll)
        )
        x_axis = np.array(
            [ca * cb, ca * sb * sc - sa * cc, ca * sb * cc + sa * sc]
        )  # of the segment, seen by the sensor
        left = -x_axis
        off = np.cross(left, unit(random))
        left = math.cos(math.radians(preset.axis_deg)) * left + math.sin(math.radians(preset.axis_deg)) * off / np.linalg.norm(off)
        out.update(
            {
                at + "seed": 5000 + 10 * seed + i,
                at + "drift_ppm": random.choice([-50, 50]),
                at + "mounting_zyx_deg": listed((yaw, pitch, roll)),
                at + "gyro_bias_deg_s": listed(unit(random) * random.uniform(0.3, 0.5)),
                at + "accel_bias_m_s2": listed(0.03 * unit(random)),
                at + "group": random.choice([1, 4, 10]),
                at + "jitter_ms": 0.3,
            }
        )
        if name not in preset.estimated:
            out[f"imu.{name}.ml_axis_left"] = listed(left)
    return out, mass, float(random.uniform(0, LATER_S))


@contextlib.contextmanager
def simulated(grfd, rig, settings, seconds, where):
    """The recording of one simulation, while it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "rig.h5"
        command = [str(grfd), "simulate", str(ROOT / rig), "-o", str(out), "--seconds", f"{seconds:g}"]
        for k, v in settings.items():
            command += ["--set", f"{k}={v}"]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: os.nice(5))
        if done.returncode:
            raise RuntimeError(f"{where}: {done.stderr[-500:]}")
        yield Recording(out)


@contextlib.contextmanager
def squats(grfd, name, preset, seed, settings):
    """(recording, subject, its mass) of one draw of the rig; `settings` give way to those of the preset."""
    drawn, mass, later_s = hardware(seed, preset)
    subject = {
        "repetitions": REPETITIONS,
        "first_descent_s": FIRST_S,
        "descent_s": DESCENT_S,
        "bottom_s": BOTTOM_S,
        "ascent_s": ASCENT_S,
        "rest_s": REST_S,
        **preset.subject,
    }
    first_s = subject["first_descent_s"] = float(subject["first_descent_s"]) + later_s
    subject.update({k: first_s + v for k, v in preset.after_first.items()})
    drawn.update({f"stimulus.subject.{k}": v for k, v in subject.items()})
    cycle = DESCENT_S + BOTTOM_S + ASCENT_S + float(subject["rest_s"])
    seconds = first_s + REPETITIONS * cycle - float(subject["rest_s"]) + 4
    with simulated(grfd, preset.rig, {**drawn, **settings, **preset.settings}, seconds, f"{name}, seed {seed}") as r:
        yield r, subject, mass


def run(grfd, preset_name, seed):
    """{(group, measure): errors} of one simulation; times in s, all else in the units of the streams."""
    preset = PRESETS[preset_name]
    settings = {"ankle.joint_angles": "true", "thresholds.cop_band_low_percent": Body.band_percent[0]}
    with squats(grfd, preset_name, preset, seed, settings) as (recording, subject, mass):
        return evaluate(recording, preset, mass, subject)


def carried(mass_kg, subject):
    """Mass on the plates as a function of the time in s."""

    def mass(t):
        u = np.clip((t - subject.get("bar_s", 0)) / BAR_TAKEN_S, 0, 1)
        return mass_kg + subject.get("bar_kg", 0) * u**3 * (10 + u * (6 * u - 15))

    return mass


def evaluate(r, preset, mass, subject):
    errors, since_s = {}, subject["first_descent_s"] - 1

    def put_all(name, value):
        errors.setdefault(name, []).append(float(value))

    pair, sides = r["reps/pair"], [r[f"reps/{s}"] for s in SIDES]
    accepted = pair["reason"] == 0
    put_all("count", abs(int(accepted.sum()) - (REPETITIONS if preset.accepted else 0)))
    if preset.reason is not None:
        put_all("reason", int((pair["reason"][~accepted] != preset.reason).sum()) + int(accepted.all()))
    put_all("reweighed", abs(sum(name == "bw_changed" for _, name, _ in r["events"].texts()) - preset.reweighed))
    if preset.accepted:
        truth_pair, truth_sides = r["truth/reps/pair"], [r[f"truth/reps/{s}"] for s in SIDES]
        courses = Courses(r, carried(mass, subject), STANDING_SHANK_DEG, float(subject.get("step_on_s", 3)) + 2)
        rows = np.flatnonzero(accepted)
        for k in range(len(truth_pair.t)):
            near = [j for j in rows if abs(pair["t_start"][j] - truth_pair["t_start"][k]) < 1]
            if not near:
                put_all("count", 1)  # the number alone may be right, of one found elsewhere
                continue
            j = near[0]
            both, each, phases = courses.repetition(truth_pair, truth_sides, k, preset.between, preset.straight)

            def put(name, value, creep=phases["creep"]):
                put_all(name, value)
                put_all("creep of " + name, phases["creep"] if creep is None else creep)

            put("incomplete", pair["incomplete"][j] + sum(s["valid"][j] != 1 for s in sides))
            put_loads(put, r, j, courses, both, each, phases)
            put_posture(put, r, j, both, each, phases["start"])
            lag = abs(float(np.diff([s["finish"][k] for s in truth_sides])[0]))
            near = abs(lag - TIE_S) < NEAR_TIE_S  # judged by the share of wrong ones
            put("first_out_near" if near else "first_out", pair["first_out"][j] != both["first_out"])
            for c in PAIR_COLUMNS:
                if not preset.sides and c in (
                    "onset_lag_rl",
                    "finish_lag_rl",
                    "rate_diff_rl",
                    "range_diff_rl",
                    "time_to_90_diff_rl",
                    "fall_back",
                ):
                    continue
                if c in both and (c not in ("finish_lag_rl", "fall_back") or pair["first_out"][j] in (1, 2, 3)):
                    put(c, pair[c][j] - both[c])
                if c in (
                    "finish_lag_rl",
                    "onset_lag_rl",
                    "rate_diff_rl",
                    "range_diff_rl",
                    "time_to_90_diff_rl",
                ):  # the right leg is dominant here
                    put("dn", abs(np.nan_to_num(pair[c][j] - pair[c.replace("_rl", "_dn")][j])))
            for s, t in zip(sides, each):
                for c in SIDE_COLUMNS:
                    if c in ("plateau", "plateau_level", "creep") and (c not in t or np.isnan(s[c][j])):
                        continue  # plateau_missed, plateau_invented judge that
                    put(c, s[c][j] - t[c])
                known = t["plateau_kind"]
                put("plateau_missed" if known else "plateau_invented", bool(s["plateau_kind"][j]) != bool(known))
                if s["plateau_kind"][j] and known:
                    put("plateau_kind", s["plateau_kind"][j] != known)
    for j in np.flatnonzero(~accepted):
        put_rejected(put_all, r, j)
    t = r["truth/cop/total"].t
    t = t[(t > since_s) & (t < t[-1] - 0.5)][::10]
    if "jump_s" in subject:  # forces and angles of a jump pass no filter of 20 Hz unchanged
        put_flight(r, put_all, subject["jump_s"])
        t = t[(t < subject["jump_s"] - 0.1) | (t > subject["jump_s"] + JUMP_LASTS_S + 0.5)]
    put_noise(r, put_all, since_s)
    if preset.tier != "drifts":
        put_sigma(r, put_all, since_s)
    plate_streams(r, put_all, t)
    ankle_streams(r, put_all, t)
    for name, e in posture_streams(r, t):
        keep(put_all, "stream " + name, e)
    return {k: np.array(v) for k, v in errors.items()}


def put_noise(r, put, since_s):
    """SD of the unfiltered wrench about the true one, in the second before the first squat."""
    for name in SIDES:
        m, true = r[f"plate/{name}"], r[f"truth/plate/{name}"]
        t = m.t[(m.t > since_s) & (m.t < since_s + 1)] - m.delay["fz"]
        for c in ("fx", "fy", "fz", "mx", "my", "mz"):
            put("noise " + c, np.std(m.at(c, t) - true.at(c, t)))


def put_flight(r, put, jump_s):
    """Time of flight: both plates below 20 N, unfiltered."""
    true = [r[f"truth/plate/{s}"] for s in SIDES]
    t = true[0].t[(true[0].t > jump_s) & (true[0].t < jump_s + JUMP_LASTS_S)]
    felt, known = (sum(p.at("fz", t) for p in plates) for plates in ([r[f"plate/{s}"] for s in SIDES], true))
    put("flight", 1e-3 * ((felt < 20).sum() - (known < 20).sum()))


def put_sigma(r, put, since_s):
    """Variance of a centre of pressure about the true one in the second before the first squat, over that which sigma says."""
    for name in (*SIDES, "total"):
        m, true = r[f"cop/{name}"], r[f"truth/cop/{name}"]
        t = true.t[(true.t > since_s) & (true.t < since_s + 0.9)]
        said = np.mean(m.at("sigma", t) ** 2)
        for c in ("cop_ml", "cop_ap"):
            put(f"sigma cop/{name} {c}", np.mean((m.at(c, t) - true.at(c, t)) ** 2) / said)


def combined_errors(r, t):
    """Forces and moments of wrench/total, less the true ones: the sum of the plates' forces, and their moments as the true point has them."""
    m, point, plates = r["wrench/total"], r["truth/cop/total"], [r[f"truth/plate/{s}"] for s in SIDES]
    fx, fy, fz = (sum(p.at(c, t) for p in plates) for c in ("fx", "fy", "fz"))
    x, y, tz = (point.at(c, t) for c in ("cop_ml", "cop_ap", "tz"))
    yield "force", np.array([m.at(c, t) - f for c, f in (("fx", fx), ("fy", fy), ("fz", fz))])
    yield "moment", np.array([m.at(c, t) - f for c, f in (("mx", y * fz), ("my", -x * fz), ("mz", tz + x * fy - y * fx))])


def plate_streams(r, put, t):
    """Errors while somebody stands there, every stream shifted by its own delay."""
    # a foot below 20 N counts as lifted, and what it still carries is left out of the sum: that is a rule, not an error
    both_feet = np.min([r[f"truth/cop/{s}"].at("fz", t) for s in SIDES], axis=0) > 60
    for name in ("left", "right", "total"):
        m, true = r[f"cop/{name}"], r[f"truth/cop/{name}"]
        e = np.hypot(*(m.at(c, t) - true.at(c, t) for c in ("cop_ml", "cop_ap")))
        keep(put, "stream cop", e[both_feet])
        if name == "total" and not both_feet.all():
            put("lifted", np.nanmax(e[~both_feet]))
        keep(put, "stream tz", (m.at("tz", t) - true.at("tz", t))[both_feet])
    for what, e in combined_errors(r, t):
        keep(put, f"stream combined {what}", e[:, both_feet].ravel())
    for c in ("load_bai_rl", "share_left", "share_right"):
        keep(
            put,
            "stream " + ("bai" if c == "load_bai_rl" else "share"),
            r["asymmetry"].at(c, t) - r["truth/asymmetry"].at(c, t),
        )
    for name in SIDES:
        m, true, rate = r[f"plate/{name}"], r[f"truth/plate/{name}"], r[f"force_rate/{name}"]
        for what, columns in (("force", ("fx", "fy", "fz")), ("moment", ("mx", "my", "mz"))):
            keep(put, f"stream {what}", np.concatenate([m.at(c, t) - true.at(c, t) for c in columns]))
        grid = np.arange(true.t[0], true.t[-1], 1e-3)
        fitted = slope_of_parabola(true.at("fz", grid))
        bend = np.interp(t, grid, abs(np.gradient(fitted, 1e-3)))
        error = abs(rate.at("rate", t) - np.interp(t, grid, fitted))
        keep(put, "stream force_rate", np.maximum(error - LATE_S * bend, 0))
    if "cop_foot" in r:
        body, m = Body(), r["cop_foot"]
        feet = [r[f"truth/cop/{s}"] for s in SIDES]
        along = [body.along(i, f.at("cop_ml", t), f.at("cop_ap", t)) for i, f in enumerate(feet)]
        along.append(body.along_both(r["truth/cop/total"].at("cop_ap", t)))
        for c, true in zip((*SIDES, "both"), along):
            keep(put, "stream cop_foot", (m.at(c, t) - true)[both_feet])


def ankle_streams(r, put, t):
    for side in SIDES:
        m, true = r[f"ankle/{side}"], r[f"truth/ankle/{side}"]
        for c in ANKLE_COLUMNS:
            e = m.at(c, t) - true.at(c, t) - (STANDING_SHANK_DEG if c == "shank_inclination" else 0)
            keep(put, "stream " + c, e)


def keep(put, name, e):
    put(name + " unknown", np.isnan(e).mean())
    e = abs(e[~np.isnan(e)])
    put(name, e.max())
    put(name + " mean", e.mean())


def check_rig(report, grfd, seeds, first_seed, chosen=None, jobs=2):
    presets = {n: p for n, p in PRESETS.items() if not chosen or n in chosen}
    report.part(
        f"Emulated rig against its own truth: {seeds} seeds, {REPETITIONS} repetitions each, {len(presets)} subjects"
    )
    report.text(
        "Each seed draws the mass, the phase of the sway in which it squats, the mounting of every sensor, gyroscope zeros of "
        "0.3-0.5 deg/s, accelerometer zeros of 0.03 m/s2, clocks of +-50 ppm, an axis error of 2 deg in a random direction, packet "
        "sizes and all noise. The plates are as noisy as real ones. "
        "Errors are absolute values; every stream is shifted by its own delay first."
    )
    overview = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = {
            name: [pool.submit(run, grfd, name, seed) for seed in range(first_seed, first_seed + seeds)]
            for name in presets
        }
        for name, preset in presets.items():
            results = [f.result() for f in futures[name]]
            overview[name] = one_preset(report, name, preset, results, first_seed)

    tell_absent(report, presets, overview)
    tell_bottoms(report, overview)
    plot_overview(report, overview)
