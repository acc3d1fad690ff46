#!/usr/bin/env python3
"""Holds a recording of the demo rig against the truth that it carries. Usage: check_demo.py FILE.h5 [REPETITIONS]
Bounds: fitted rate 1.0 deg/s, range 1 deg, plateau 20 ms, load asymmetry 0.5 points, CoP 1 mm RMS, nothing lost."""
import json
import sys

import numpy as np
from recording import Recording

r = Recording(sys.argv[1])
expected = int(sys.argv[2]) if len(sys.argv) > 2 else None
bad = []


def check(what, value, bound, unit):
    ok = bool(np.isfinite(value) and value <= bound)
    print(f"  {what:58s} {value:9.4f}  bound {bound:g} {unit}{'' if ok else '   <-- MISSED'}")
    if not ok:
        bad.append(what)


pair = r["reps/pair"]
accepted = pair["reason"] == 0
print(f"repetitions {int(accepted.sum())} (of {len(accepted)} closed)")
if expected is not None and accepted.sum() != expected:
    bad.append(f"{expected} repetitions expected")

for side in ("left", "right"):
    m, t = r[f"reps/{side}"], r[f"truth/reps/{side}"]
    for k in np.flatnonzero(accepted):
        # the truth of the same repetition: nearest onset
        j = int(np.argmin(abs(t["onset"] - m["onset"][k])))
        n = f"rep {k + 1} {side}: "
        check(n + "fitted rate", abs(m["rate_fit"][k] - t["rate_fit"][j]), 1.0, "deg/s")
        check(n + "range", abs(m["range"][k] - t["range"][j]), 1.0, "deg")
        check(n + "onset", 1e3 * abs(m["onset"][k] - t["onset"][j]), 30, "ms")
        if np.isfinite(m["plateau"][k]):
            check(n + "plateau", 1e3 * abs(m["plateau"][k] - t["plateau"][j]), 20, "ms")

# Every answer that the subject has against the measured one. Times of the set course are not those of the detector: a
# repetition begins at the last quiet instant, up to 0.1 s after the course; what is averaged from there on differs by it.
TRUTHS = {
    "left right": {"baseline": 0.5, "range": 1, "peak": 1, "onset": 0.03, "rate_fit": 1, "rate_mean": 1, "rate_peak": 1.5,
                   "time_to_90": 0.03, "plateau": 0.02, "plateau_level": 1, "finish": 0.03, "shank_max": 1, "heel_lift": 0.5,
                   "eversion_amplitude": 0.2, "eversion_onset": 0.03, "used": 4, "plateau_kind": 0, "available": 0},
    "pair": {"t_start": 0.1, "t_bottom": 0.09, "t_end": 0.1, "drop": 0.015, "v_descent_peak": 0.015, "v_ascent_peak": 0.01,
             "bodyweight": 2, "first_out": 0, "finish_lag_rl": 0.03, "finish_lag_dn": 0.03, "onset_lag_rl": 0.03,
             "onset_lag_dn": 0.03, "rate_diff_rl": 1.5, "rate_diff_dn": 1.5, "range_diff_rl": 1.5, "range_diff_dn": 1.5,
             "time_to_90_diff_rl": 0.03, "time_to_90_diff_dn": 0.03, "bai_standing_rl": 0.1, "bai_descent_rl": 0.3,
             "bai_bottom_rl": 0.1, "bai_ascent_rl": 0.2, "impulse_bai_ascent_rl": 0.2, "fall_back": 0.001},
}
DETECTOR = {"left right": {"rep", "valid", "reason", "creep"}, "pair": {"rep", "reason", "incomplete", "pause"}}
deviations = {}
for streams, bounds in TRUTHS.items():
    for name in streams.split():
        m, t = r[f"reps/{name}"], r[f"truth/reps/{name}"]
        here, there = (r.file[f"streams/{s}"] for s in (f"reps/{name}", f"truth/reps/{name}"))
        units = {c: u.decode() for c, u in zip(m.columns, here["units"][:])}
        if any(list(here.attrs[a]) != list(there.attrs[a]) for a in ("columns", "units", "labels", "exploratory")) or here.attrs["type"] != there.attrs["type"]:
            bad.append(f"truth/reps/{name} has not the columns of reps/{name}")
        if set(m.columns) != set(bounds) | DETECTOR[streams]:
            bad.append(f"columns of reps/{name} without a bound or a reason: {set(m.columns) ^ (set(bounds) | DETECTOR[streams])}")
        if any(np.isfinite(t[c]).any() for c in DETECTOR[streams] - {"rep"}):
            bad.append(f"truth/reps/{name} answers what only a detector knows")
        if (m.flags[accepted] & 8).any() or (t.flags & 8).any():
            bad.append(f"a row of reps/{name} is invalid although all of it was measured")
        for k in np.flatnonzero(accepted):
            j = int(np.argmin(abs(r["truth/reps/pair"]["t_bottom"] - pair["t_bottom"][k])))
            for c, bound in bounds.items():
                both = np.array([m[c][k], t[c][j]])
                error = 0.0 if np.isnan(both).all() else abs(np.diff(both))[0]
                if not error <= deviations.get((name, c), (-1,))[0]:
                    deviations[name, c] = (error, bound, units[c])
for (name, c), (error, bound, unit) in deviations.items():
    check(f"truth/reps/{name} {c}, worst", error, bound, unit)

bai, truth = r["asymmetry"], r["truth/asymmetry"]
t = truth.t[(truth.t > 5) & (truth.t < truth.t[-1] - 0.5)]
e = bai.at("load_bai_rl", t) - truth.at("load_bai_rl", t)
check("load asymmetry, worst", np.nanmax(abs(e)), 0.5, "points")
for name in ("left", "right", "total"):
    m, true = r[f"cop/{name}"], r[f"truth/cop/{name}"]
    d2 = [(m.at(c, t) - true.at(c, t)) ** 2 for c in ("cop_ml", "cop_ap")]
    loaded = np.isfinite(d2[0]) & np.isfinite(d2[1])
    check(f"CoP {name}, RMS while loaded ({loaded.mean():.1%} of {t[-1] - t[0]:.0f} s)", 1e3 * np.sqrt(np.mean((d2[0] + d2[1])[loaded])), 1.0, "mm")
    if loaded.mean() < 0.99:
        bad.append(f"CoP {name} is unknown in {1 - loaded.mean():.1%} of the loaded time")
for side in ("left", "right"):
    m, true = r[f"ankle/{side}"], r[f"truth/ankle/{side}"]
    q = true.t[(true.t > 7) & (true.t < true.t[-1] - 0.5)]
    for c, bound, unit in (("dorsiflexion", 1.0, "deg"), ("dorsiflexion_rate", 1.5, "deg/s")):
        check(f"{side} {c}, RMS", np.sqrt(np.nanmean((m.at(c, q) - true.at(c, q)) ** 2)), bound, unit)

# Forces of a repetition: means of the truth over the phases that the recording names.
both, found = r["reps_load/pair"], r["reps_exploratory/pair"]
plates = [r[f"truth/plate/{s}"] for s in ("left", "right")]
GRID = np.arange(plates[0].t[0], plates[0].t[-1], 1e-3)
fx, fy, fz = ([p.at(c, GRID) for p in plates] for c in ("fx", "fy", "fz"))
worst = {}


def hold(name, measured, true, bound, unit):
    error = abs(measured - true)
    if not error <= worst.get(name, (-1,))[0]:
        worst[name] = (error, bound, unit)


for k in np.flatnonzero(accepted):
    row = {c: pair[c][k] for c in ("t_start", "t_bottom", "t_end", "bodyweight")}
    down, up = row["t_start"] + found["descent_time"][k], row["t_end"] - found["ascent_time"][k]
    phases = {
        "standing": (row["t_start"] - 0.3, row["t_start"]),
        "descent": (row["t_start"], down),
        "bottom": (row["t_bottom"] - 0.05, row["t_bottom"] + 0.05),
        "ascent": (up, row["t_end"]),
    }
    within = {n: (GRID >= a - 5e-4) & (GRID <= b + 5e-4) for n, (a, b) in phases.items()}
    for n, at in within.items():
        hold(f"spread_{n}", both[f"spread_{n}"][k], np.mean((fx[0] - fx[1])[at]) / 2, 1, "N")
    for i, side in enumerate(("left", "right")):
        load, cop, lean = r[f"reps_load/{side}"], r[f"truth/cop/{side}"], 3 + r[f"truth/ankle/{side}"].at("shank_inclination", GRID)
        ml, ap, tz = (cop.at(c, GRID) for c in ("cop_ml", "cop_ap", "tz"))
        out, a = 2 * i - 1, np.radians(8)  # the feet of the demo subject
        along = ((ml - out * 0.15) * out * np.sin(a) + ap * np.cos(a) + 0.065) / 0.27 * 100
        s, c, shank, mass = np.sin(np.radians(lean)), np.cos(np.radians(lean)), 0.246 * 1.78, row["bodyweight"] / 9.80665
        knee = fz[i] * (shank * s - ap) - (0.039 * 1.78 + shank * c) * fy[i]
        knee -= 9.80665 * mass * (0.0465 * 0.433 * shank * s + 0.0145 * (shank * s - 0.04))
        for n, at in within.items():
            hold(f"fz_{n} {side}", load[f"fz_{n}"][k], np.mean(fz[i][at]), 1, "N")
            hold(f"tz_{n} {side}", load[f"tz_{n}"][k], np.mean(tz[at]), 0.3, "N.m")
            hold(f"cop_{n} {side}", load[f"cop_{n}"][k], np.mean(along[at]), 0.4, "% of the foot")
        for n in ("standing", "bottom"):
            hold(f"knee_moment_{n} {side}", load[f"knee_moment_{n}"][k], np.mean(knee[within[n]]), 2, "N.m")
        impulse = 1e-3 * fz[i][within["ascent"]].sum()
        hold(f"impulse_concentric {side}", r[f"reps_exploratory/{side}"]["impulse_concentric"][k], impulse, 2, "N.s")
        rising = (GRID >= row["t_bottom"]) & (GRID <= row["t_end"])
        fastest = np.argmax(np.cumsum((fz[0] + fz[1])[rising] - row["bodyweight"]))
        slope = np.gradient(fz[i], 1e-3)[rising][: fastest + 1].max()
        hold(f"force_rate_peak {side}", load["force_rate_peak"][k], slope, 0.05 * slope + 20, "N/s")
        onset = both["drive_onset"][k] + np.array([0, 0.25])
        hold(f"rfd_250 {side}", load["rfd_250"][k], np.diff(plates[i].at("fz", onset))[0] / 0.25, 20, "N/s")
        available = {"left": 27, "right": 38}[side]
        t = r[f"truth/reps/{side}"]
        j = int(np.argmin(abs(t["onset"] - r[f"reps/{side}"]["onset"][k])))
        hold(f"used {side}", r[f"reps/{side}"]["used"][k], 100 * (t["range"][j] + 3) / (available + 3), 3, "%")
for name, (error, bound, unit) in sorted(worst.items()) if np.isfinite(both["cop_bottom"][accepted]).all() else ():
    check(f"worst {name}", error, bound, unit)

lost = [(n, d) for _, n, d in r["gaps"].texts() if n == "lost"]
holes = 0
for name in r.names():
    if name.startswith("raw/") and name.split("/")[-1] in ("scan", "inertial"):
        s = r[name]
        holes += int(np.sum(np.diff(s.seq.astype(np.int64)) - 1))
check("samples lost", holes + len(lost), 0, "samples")
tare = [json.loads(d) for _, n, d in r["events"].texts() if n == "tare_result"]
if not tare or not tare[0]["accepted"]:
    bad.append(f"tare: {tare}")
print("first out:", [{0: "none", 1: "both", 2: "left", 3: "right", 4: "unknown"}[int(x)] for x in pair["first_out"][accepted]],
      "lag (right - left) ms:", np.round(1e3 * pair["finish_lag_rl"][accepted], 1))
print("MISSED: " + "; ".join(bad) if bad else "all bounds held")
sys.exit(bool(bad))
