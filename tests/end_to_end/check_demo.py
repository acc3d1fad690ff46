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
