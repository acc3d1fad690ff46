"""Forces in closed form, played as packets through the pipeline: a bar picked up between two repetitions, and jumps."""
import concurrent.futures
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import recordings

G = 9.80665
BAR_KG, DEPTH_M = 20.0, 0.30
FIRST_S, BAR_S, SECOND_S, END_S = 5.0, 12.0, 18.0, 25.0  # seconds of the recording
DESCENT_S, BOTTOM_S, ASCENT_S = 2.0, 0.3, 1.6
JUMPS_S, TAKE_OFF_M_S = (5.0, 12.0, 19.0), 2.5


def smooth(u):
    u = np.clip(u, 0, 1)
    return u * u * u * (10 + u * (6 * u - 15)), 60 * u * (1 - u) * (1 - 2 * u)


def bar(body_kg):
    """(t, total vertical force): minimum-jerk squats, the bar taken over 0.8 s"""
    t = np.arange(0, END_S, 1e-3)
    mass = body_kg + BAR_KG * smooth((t - BAR_S) / 0.8)[0]
    a = np.zeros(len(t))
    for start in (FIRST_S, SECOND_S):
        up = t - start - DESCENT_S - BOTTOM_S
        a += DEPTH_M * (smooth(up / ASCENT_S)[1] / ASCENT_S**2 - smooth((t - start) / DESCENT_S)[1] / DESCENT_S**2)
    return t, mass * (G + a)


def jumps(body_kg):
    """(t, total vertical force): down by 1.2 m/s, up until 2.5, in the air, landing, and 0.26 m up again"""
    t = np.arange(0, END_S, 1e-3)
    force = np.full(len(t), body_kg * G)
    flight_s = 2 * TAKE_OFF_M_S / G
    for start in JUMPS_S:
        since = start
        for change, lasts in ((-1.2, 0.25), (1.2 + TAKE_OFF_M_S, 0.4), (None, flight_s), (TAKE_OFF_M_S, 0.3)):
            at = (t >= since) & (t < since + lasts)
            u = (t[at] - since) / lasts
            force[at] = 0 if change is None else body_kg * (G + change * np.pi / 2 / lasts * np.sin(np.pi * u))
            since += lasts
        force += body_kg * 0.265 * smooth(t - since)[1]
    return t, force


def play(grfd, course, seed):
    """(recording's rows and events, mass) of one draw of subject and converter"""
    random = np.random.default_rng([2028, seed])
    body_kg = float(random.uniform(55, 80))  # with the bar 100 kg at most, which the bound of the event counts on
    settings = {
        "squat.dorsiflexion_min_deg": 0,
        "device.u6.emulation.seed": 7000 + seed,
        "device.u6.emulation.drift_ppm": random.choice([-50, 50]),
        "device.u6.emulation.zero_offset_counts": int(random.integers(10, 80)),
    }
    t, fz = course(body_kg)
    half, zero = fz / 2, np.zeros(len(t))
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder) / "forces.csv", pathlib.Path(folder) / "forces.h5"
        rows = np.column_stack([t, zero, zero, half, zero, zero, zero, zero, zero, half, zero, zero, zero])
        head = "t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,Fx2,Fy2,Fz2,Mx2,My2,Mz2"
        np.savetxt(file, rows, fmt="%.9g", delimiter=",", header=head, comments="")
        command = [grfd, "simulate", recordings.played.RIG, "-o", out, "--recording", file, "--plates", "left=1,right=2"]
        command += ["--lead-in", recordings.played.LEAD_IN_S]
        for k, v in settings.items():
            command += ["--set", f"{k}={v}"]
        subprocess.run([str(c) for c in command], check=True, capture_output=True)
        r = recordings.played.Recording(out)
        pair, events = r["reps/pair"], [(name, json.loads(detail)) for _, name, detail in r["events"].texts()]
        return {c: pair[c] for c in pair.columns}, events, body_kg


def bar_errors(grfd, seed):
    pair, events, body_kg = play(grfd, bar, seed)
    lead, light, heavy = recordings.played.LEAD_IN_S, body_kg * G, (body_kg + BAR_KG) * G
    told = [(n, d["value"]) for n, d in events if n in ("weighed", "bw_changed")]
    accepted = np.flatnonzero(pair["reason"] == 0)
    errors = {
        "count": [len(accepted) - 2],
        "weight": [next((v for n, v in told if n == "weighed"), np.nan) - light],
        "event": [next((v for n, v in reversed(told) if n == "bw_changed"), np.nan) - heavy],
        "drop": [],
        "bottom": [],
    }
    for k, (weight, start) in zip(accepted, ((light, FIRST_S), (heavy, SECOND_S))):
        errors["weight"].append(pair["bodyweight"][k] - weight)
        errors["drop"].append(pair["drop"][k] - DEPTH_M)
        errors["bottom"].append(pair["t_bottom"][k] - (lead + start + DESCENT_S + BOTTOM_S / 2))
    return errors


def jump_errors(grfd, seed):
    pair, _, _ = play(grfd, jumps, seed)
    return {"count": [(pair["reason"] == 0).sum()], "reason": [(pair["reason"] == 5).sum() - len(JUMPS_S)]}


def check_weights(report, grfd, seeds, first_seed, jobs=2):
    draws = range(first_seed, first_seed + seeds)
    for title, name, one in (
        (f"A bar picked up between two repetitions (forces only): {seeds} seeds", "bar", bar_errors),
        (f"Three jumps (forces only): {seeds} seeds", "jump", jump_errors),
    ):
        report.part(title)
        report.text("Each seed draws the mass, zero offsets, clocks of +-50 ppm and all noise.")
        with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
            results = list(pool.map(one, [grfd] * seeds, draws))
        rows = []
        for key in results[0]:
            worst = [np.max(np.abs(r[key])) if r[key] else np.nan for r in results]
            at = int(np.argmax(np.where(np.isnan(worst), np.inf, worst)))
            bound = report.bounds[f"{name}.{key}"]
            report.figure(f"{name}.{key}", f"{name}, seed {draws[at]}", worst[at])
            rows.append([key, bound.unit, sum(len(r[key]) for r in results), float(np.nanmean(worst)), float(worst[at])])
        report.table(["measure", "unit", "n", "mean of the seeds' worst", "worst"], rows)
