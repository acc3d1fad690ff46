"""What happens between two squats, on plates alone: a bar picked up, a jump. Forces in closed form, played as packets through the
pipeline; each seed draws the mass, the zero offsets, a clock of +-50 ppm and all noise."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import recordings

G = 9.80665
BAR_KG, DEPTH_M = 20.0, 0.30
FIRST_S, BETWEEN_S, SECOND_S, END_S = 5.0, 12.0, 18.0, 25.0  # seconds of the recording
DESCENT_S, BOTTOM_S, ASCENT_S = 2.0, 0.3, 1.6
TAKE_OFF_M_S, DIP_M_S2, DIP_S, PUSH_S, RELEASE_S, LANDING_S, RISE_S = 2.0, -5.0, 0.5, 0.5, 0.06, 0.3, 0.8
TOUCH_S = 0.04  # the force comes back within
NOBODY_N = 20.0
REJECTED_AS_FLIGHT = 5  # reps/pair, column reason


def smooth(u):
    """Minimum jerk: course, second derivative."""
    u = np.clip(u, 0, 1)
    return u * u * u * (10 + u * (6 * u - 15)), 60 * u * (1 - u) * (1 - 2 * u)


def pulse(u):
    """Area 1/2."""
    return np.where((u > 0) & (u < 1), np.sin(np.pi * np.clip(u, 0, 1)) ** 2, 0.0)


def squats(t):
    """acceleration of two minimum-jerk squats"""
    a = np.zeros(len(t))
    for start in (FIRST_S, SECOND_S):
        up = t - start - DESCENT_S - BOTTOM_S
        a += DEPTH_M * (smooth(up / ASCENT_S)[1] / ASCENT_S**2 - smooth((t - start) / DESCENT_S)[1] / DESCENT_S**2)
    return a


def jump(t):
    """acceleration of a jump with a counter-movement; NaN in the air. Velocity and height are those of standing again at its end."""
    t = t - BETWEEN_S
    push = (TAKE_OFF_M_S + G * RELEASE_S / 2 - DIP_M_S2 * DIP_S / 2) / (PUSH_S / 2)
    leaves = DIP_S + PUSH_S + RELEASE_S
    lands = leaves + 2 * TAKE_OFF_M_S / G
    absorb = (TAKE_OFF_M_S + G * TOUCH_S / 2) / (LANDING_S / 2)

    def ground(s):  # the same body if it never left the ground: what it does before and after the flight
        a = DIP_M_S2 * pulse(s / DIP_S) + push * pulse((s - DIP_S) / PUSH_S)
        a -= np.where(s < leaves, G * smooth((s - DIP_S - PUSH_S) / RELEASE_S)[0], 0)
        after = s - lands
        return a + np.where((after >= 0) & (after < TOUCH_S), -G * (1 - smooth(after / TOUCH_S)[0]), 0) + absorb * pulse(
            after / LANDING_S
        )

    fine = np.arange(0, lands + LANDING_S, 1e-5)
    air = (fine >= leaves) & (fine < lands)
    v = np.cumsum(np.where(air, -G, ground(fine))) * 1e-5
    low = float(np.sum(v) * 1e-5)  # height at the end of the landing, below standing
    a = ground(t) - low * smooth((t - lands - LANDING_S) / RISE_S)[1] / RISE_S**2
    return np.where((t >= leaves) & (t < lands), np.nan, a)


def forces(scene, mass):
    """(t, total vertical force)"""
    t = np.arange(0, END_S, 1e-3)
    if scene == "bar":  # taken over 0.8 s
        return t, (mass + BAR_KG * smooth((t - BETWEEN_S) / 0.8)[0]) * (G + squats(t))
    return t, np.nan_to_num(mass * (G + squats(t) + jump(t)), nan=0.0)


def run(grfd, scene, seed):
    """{bound: errors} of one run"""
    random = np.random.default_rng([2028, seed])
    mass = float(random.uniform(55, 105))
    t, fz = forces(scene, mass)
    half, zero = fz / 2, np.zeros(len(t))
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder) / f"{scene}.csv", pathlib.Path(folder) / f"{scene}.h5"
        np.savetxt(
            file,
            np.column_stack([t, zero, zero, half, zero, zero, zero, zero, zero, half, zero, zero, zero]),
            fmt="%.9g",
            delimiter=",",
            header="t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,Fx2,Fy2,Fz2,Mx2,My2,Mz2",
            comments="",
        )
        command = [grfd, "simulate", recordings.played.RIG, "-o", out, "--recording", file, "--plates", "left=1,right=2"]
        command += ["--lead-in", recordings.played.LEAD_IN_S, "--set", "squat.dorsiflexion_min_deg=0"]
        drift = random.choice([-50, 50])
        for k, v in {"seed": 4000 + seed, "drift_ppm": drift, "zero_offset_counts": int(random.integers(10, 80))}.items():
            command += ["--set", f"device.u6.emulation.{k}={v}"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, preexec_fn=lambda: os.nice(5))
        if done.returncode:
            raise RuntimeError(f"{scene}, seed {seed}: {done.stderr[-500:]}")
        r = recordings.played.Recording(out)
    return compare(r, scene, mass, t, fz)


def compare(r, scene, mass, t, fz):
    pair, lead, errors = r["reps/pair"], recordings.played.LEAD_IN_S, {}

    def put(name, value):
        errors.setdefault(f"{scene}.{name}", []).append(abs(float(value)))

    events = [
        (name, json.loads(detail)["value"])
        for _, name, detail in r["events"].texts()
        if name in ("weighed", "bw_changed")
    ]
    light = mass * G
    after = light + (BAR_KG * G if scene == "bar" else 0)
    accepted = np.flatnonzero(pair["reason"] == 0)
    put("count", len(accepted) - 2)
    put("weight", next((v for n, v in events if n == "weighed"), np.nan) - light)
    changed = [v for n, v in events if n == "bw_changed"]
    if scene == "bar":
        put("event", (changed[-1] if changed else np.nan) - after)
    else:
        put("event", len(changed))
        in_it = (pair["t_bottom"] > lead + BETWEEN_S) & (pair["t_bottom"] < lead + SECOND_S) & (pair["reason"] != 0)
        put("rejected", not in_it.any() or (pair["reason"][in_it] != REJECTED_AS_FLIGHT).sum())
        plates = [r["plate/left"], r["plate/right"]]
        grid = plates[0].t[(plates[0].t > lead + BETWEEN_S) & (plates[0].t < lead + SECOND_S)]
        felt = sum(p.at("fz", grid) for p in plates)
        true = fz[(t > BETWEEN_S) & (t < SECOND_S)]
        put("flight", (felt < NOBODY_N).sum() * 1e-3 - (true < NOBODY_N).sum() * 1e-3)
    for k, (weight, start) in zip(accepted, ((light, FIRST_S), (after, SECOND_S))):
        middle = lead + start + DESCENT_S + BOTTOM_S / 2
        for name, error in (
            ("weight", pair["bodyweight"][k] - weight),
            ("drop", pair["drop"][k] - DEPTH_M),
            ("bottom", pair["t_bottom"][k] - middle),
        ):
            put(name, error)
    return errors


SCENES = {"bar": "A bar picked up between two squats", "jump": "A jump between two squats"}


def check_forces(report, grfd, seeds, first_seed, jobs=2):
    report.part(f"Forces only: {seeds} seeds each")
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = {n: [pool.submit(run, grfd, n, s) for s in range(first_seed, first_seed + seeds)] for n in SCENES}
        for scene, words in SCENES.items():
            report.text(f"{words}:")
            runs, rows = [f.result() for f in futures[scene]], []
            for name in runs[0]:
                errors = [(max(e.get(name, [np.nan])), first_seed + i) for i, e in enumerate(runs)]
                worst, seed = max(errors, key=lambda x: np.inf if np.isnan(x[0]) else x[0])
                report.figure(name, f"worst at seed {seed}", worst)
                every = np.concatenate([e.get(name, [np.nan]) for e in runs])
                rows.append([report.bounds[name].what, report.bounds[name].unit, float(np.mean(every)), float(worst)])
            report.table(["error", "unit", "mean", "worst"], rows)
