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
