"""Writes tests/fixtures/squat_posture.json.gz: courses of pelvis and thighs of the reference subject, and what the reference code says of
its repetitions; onsets by whole-array formulas that the reference does not have.

usage: make_squat_posture.py <folder of gp_subject.py> <output>
"""
import copy, gzip, json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import gp_squat as sq
import gp_subject as sub
from squat_channels import STEP, clean, pack

SCALE = dict(tilt=1e-4, obliquity=1e-4, axial=1e-4, thigh_left=1e-4, thigh_right=1e-4)


def onset(t, x, level):
    x = x - level
    most = np.max(np.abs(x))
    if most < 1:
        return None
    x = x * np.sign(x[np.argmax(np.abs(x))])
    a, b = int(np.argmax(x >= .2 * most)), int(np.argmax(x >= .6 * most))
    slope, at_a = np.polyfit(t[a:b + 1] - t[a], x[a:b + 1], 1)
    return float(t[a] - at_a / slope)


cases = []
for name, change in (("tuck, list and turn, right dominant", dict(pelvis=dict(tilt=25., tuck=30., obliquity=4., axial=-6.))),
                     ("the same, left dominant", dict(dom=0, pelvis=dict(tilt=35., tuck=12., obliquity=-3., axial=9.))),
                     ("no plateau, no list", dict(rate=dict(D=20., N=20.), rng=dict(D=30., N=30.), lag=dict(D=0., N=0.), bai_stand=0., bai_bottom=0.,
                                                  pelvis=dict(tilt=20., tuck=0., obliquity=0., axial=0.5)))):
    p = copy.deepcopy(sub.DEFAULT)
    p.update(change)
    t = np.arange(0, p["t_first"] + p["reps"] * sub.cycle(p), 1e-3)
    t = t[:(len(t) - 1) // STEP * STEP + 1]
    w = sub.wrenches(p, t)
    o = w["pose"]
    stored, T = {}, {}
    for key, x in zip(SCALE, (*o["pelvis"], *(np.degrees(a) for a in o["thigh"]))):
        stored[key], T[key] = pack(x, SCALE[key])
    S = dict(fz=[w["W"][i][:, 2] for i in (0, 1)], df=[o["df"][i] - p["shank0"] for i in (0, 1)], rate=[np.gradient(o["df"][i], 1e-3) for i in (0, 1)],
             shank=o["shank"], pitch=o["heel"], ev=o["ev"], copy=w["ycop"], fy=w["F"][:, 1], pelvis=[T[k] for k in ("tilt", "obliquity", "axial")])
    reps, g = sq.run_segmenter(S, len(t))
    rows = []
    for rep in reps:
        assert rep["reason"] is None
        M = sq.rep_metrics(t, S, rep, rep["bw"], p["dom"], (p["heel_y"], p["foot_len"]))
        # The ticks at which the reference reads: the middle of the bottom, rounded down, and the tick nearest to the plateau.
        i0, im = rep["start"], int(np.floor(M["t_bottom"] * 1e3 + 1e-6))
        plateaus = [M["plateau_D"], M["plateau_N"]] if p["dom"] == 0 else [M["plateau_N"], M["plateau_D"]]  # left, right
        k = int(np.searchsorted(t, np.nanmin(plateaus) - 0.5e-3)) if np.isfinite(plateaus).any() else None
        x = {c: T[c][i0:im + 1] for c in T}
        level = {c: float(np.median(T[c][i0 - 300:i0 + 1])) for c in T}
        top = int(np.argmax(x["tilt"]))
        tuck = float(x["tilt"][top] - x["tilt"][-1])
        want = {m[7:]: v for m, v in M.items() if m.startswith("pelvis_")}
        want.update(tuck=tuck, tuck_onset=float(t[i0 + top]) if tuck >= 1 else None, obliquity_onset=onset(t[i0:im + 1], x["obliquity"], level["obliquity"]),
                    axial_onset=onset(t[i0:im + 1], x["axial"], level["axial"]))
        rows.append(dict(t_start=float(t[i0]), t_bottom=float(t[im]), plateau=[None if k is None or not np.isfinite(v) else float(t[k]) for v in plateaus],
                         pelvis=want, thigh=[dict(standing=level[c], bottom=float(T[c][im])) for c in ("thigh_left", "thigh_right")]))
    cases.append(dict(name=name, n=len(t), dominant=p["dom"], channels=stored, rows=rows))
    print(name, [{m: None if v is None else round(float(v), 3) for m, v in r["pelvis"].items()} for r in rows[:1]])
with gzip.GzipFile(sys.argv[2], "wb", 9, mtime=0) as f:
    f.write(json.dumps(dict(step=STEP, scale=SCALE, cases=clean(cases)), separators=(",", ":")).encode())
