#!/usr/bin/env python3
"""A sensor on the sacrum and one on each thigh, simulated and held against the truth. Usage: pelvis_test.py GRFD FIXTURES
Bounds: pelvis (tilt 35 deg less a tuck of 12, obliquity 4, axial 9 deg) 0.2 deg at the bottom of a repetition, 0.5 deg anywhere from its
start to there; thighs 0.5 deg, with an axis 1.5 deg wrong. Differences of two angles twice that; onsets 20 ms: 0.2 deg where the slowest
of them turns at 10 deg/s."""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np

    from checks import check_figure as check, finish
    from recording import Recording, text
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, FIXTURES = sys.argv[1:3]
ANGLES = ("tilt", "obliquity", "axial")


def simulate(folder, name, seconds, *settings):
    path = os.path.join(folder, name + ".h5")
    subprocess.run([GRFD, "simulate", os.path.join(FIXTURES, "pelvis_rig.toml"), "-o", path, "--seconds", str(seconds),
                    *(x for s in settings for x in ("--set", s))], check=True, stdout=subprocess.DEVNULL)
    return Recording(path)


def line_onset(t, x):
    """Where the line through 20-60 % of the excursion meets the first value."""
    x = x - x[0]
    x = x * np.sign(x[np.argmax(np.abs(x))])
    a, b = np.argmax(x >= 0.2 * x.max()), np.argmax(x >= 0.6 * x.max())
    slope, level = np.polyfit(t[a:b + 1] - t[a], x[a:b + 1], 1)
    return t[a] - level / slope


def near(what, values, wanted, bound, unit="deg"):
    values, wanted = np.atleast_1d(values), np.atleast_1d(wanted)
    worst = np.max(np.abs(values - wanted))
    check(f"{what} within {bound:g} {unit}", len(values) > 0 and worst <= bound, f"worst {worst:.4f} of {np.max(np.abs(wanted)):.2f} {unit}")


def pelvis(r, dominant):
    pair, rows, true, live = r["reps/pair"], r["reps_pelvis"], r["truth/pelvis"], r["pelvis"]
    good = np.flatnonzero(pair["reason"] == 0)
    check("a row of the pelvis for each repetition", len(rows["rep"]) == len(pair["rep"]) and np.all(rows["rep"] == pair["rep"]), len(pair["rep"]))
    check("exploratory, with formula, frame and sign", all(np.all(r.file[f"streams/{s}"].attrs["exploratory"]) for s in ("pelvis", "reps_pelvis")) and
          all(text(r.file["streams/pelvis"].attrs[k]) for k in ("formula", "frame", "sign")))
    check("the streams name their devices", [text(r.file[f"streams/{s}"].attrs["device"]) for s in ("pelvis", "thigh/right", "ankle/left")] ==
          ["imu_pelvis", "imu_thigh_right", "imu_shank_left, imu_foot_left"])
    plateau = np.fmin(r["reps/left"]["plateau"], r["reps/right"]["plateau"])
    start, bottom = pair["t_start"], pair["t_bottom"]
    zero = {a: true.at(a, start) if a == "axial" else np.zeros(len(start)) for a in ANGLES}  # angles are zero in standing
    for a in ANGLES:
        at_bottom, first = true.at(a, bottom), true.at(a, plateau)
        before = true.at(a, 2 * plateau - bottom)
        live_at = live.at(a, bottom) + (true.at("axial", start) if a == "axial" else 0)
        near(f"live {a} at the bottom", live_at[good], at_bottom[good], 0.2)
        near(f"{a}_bottom", rows[f"{a}_bottom"][good], (at_bottom - zero[a])[good], 0.2)
        near(f"{a}_change", rows[f"{a}_change"][good], (at_bottom - first)[good], 0.4)
        near(f"{a}_before", rows[f"{a}_before"][good], (first - before)[good], 0.4)
        for k in good:
            t = true.t[(true.t >= start[k]) & (true.t <= bottom[k])]
            error = live.at(a, t) - true.at(a, t) + zero[a][k] * (a == "axial")
            if k and pair["t_start"][k] - pair["t_end"][k - 1] < 0.01:
                error = error[300:]  # the turn has been seen by then
            near(f"repetition {k}: {a} from start to bottom", error, 0, 0.5)
            if a == "tilt":
                x = true.at(a, t)
                near(f"repetition {k}: tuck", rows["tuck"][k], x.max() - at_bottom[k], 0.4)
                near(f"repetition {k}: its onset", rows["tuck_onset"][k], t[np.argmax(x)], 0.02, "s")
            else:
                near(f"repetition {k}: onset of {a}", rows[f"{a}_onset"][k], line_onset(t, true.at(a, t)), 0.02, "s")
    for name in ("tuck", "obliquity", "axial"):
        near(f"{name}_onset_lag is its onset from the first plateau", rows[f"{name}_onset_lag"][good], (rows[f"{name}_onset"] - plateau)[good], 1e-9, "s")
    check("the posterior tuck shows as less change than before", np.all(rows["tilt_change"][good] < rows["tilt_before"][good]))
    for a in ("obliquity", "axial"):
        for what in ("bottom", "change", "before"):
            near(f"{a}_{what}_dn has the sign of the dominant side", rows[f"{a}_{what}_dn"][good], dominant * rows[f"{a}_{what}"][good], 0)


def thighs(r, sides, since=0):
    pair = r["reps/pair"]
    for side in sides:
        live, true, rows = r[f"thigh/{side}"], r[f"truth/thigh/{side}"], r[f"reps_thigh/{side}"]
        good = np.flatnonzero((pair["reason"] == 0) & (pair["t_start"] > since))
        t = true.t[(true.t > max(since, 6)) & (true.t < true.t[-1] - 0.5)]
        near(f"{side} thigh", live.at("inclination", t), true.at("inclination", t), 0.5)
        near(f"{side} thigh against the parallel", live.at("above_parallel", t), 90 - true.at("inclination", t), 0.5)
        near(f"{side} inclination_standing", rows["inclination_standing"][good], 11, 0.5)
        near(f"{side} inclination_bottom", rows["inclination_bottom"][good], true.at("inclination", pair["t_bottom"])[good], 0.5)
        near(f"{side} above_parallel", rows["above_parallel"][good], 90 - rows["inclination_bottom"][good], 1e-9)


def joints(r, since_rest_s):
    """Both headings are zero together in standing rest; then the gyroscopes hold them, 0.1 deg/s at most."""
    pair = r["reps/pair"]
    for side in ("left", "right"):
        live, true = r[f"ankle_jcs/{side}"], r[f"truth/ankle_jcs/{side}"]
        t = np.concatenate([true.t[(true.t > a) & (true.t < b)] for a, b in zip(pair["t_start"], pair["t_end"])])
        held = 0.1 * since_rest_s
        for c, bound in (("dorsiflexion", 0.5), ("eversion", 0.5 + held), ("tibial_rotation", 0.5 + held), ("heading", held + 0.2)):
            e = live.at(c, t) - true.at(c, t)
            check(f"{side} {c} of the joint within {bound:.2f} deg", np.nanmax(np.abs(e)) <= bound and np.isfinite(e).all(),
                  f"worst {np.nanmax(np.abs(e)):.3f} of {np.max(np.abs(true.at(c, t))):.2f} deg")


EXACT_LEGS = {"shank_left": (0.1043, -0.9834, -0.1484), "foot_left": (-0.8715, -0.0264, 0.4896), "shank_right": (-0.1212, 0.9735, -0.1939),
              "foot_right": (-0.8197, -0.0031, 0.5728)}

with tempfile.TemporaryDirectory() as folder:
    print("three repetitions, axes from bows, given, and from squats")
    r = simulate(folder, "quiet", 33)
    found = {d["imu"]: (t, d) for t, n, d in ((t, n, json.loads(d)) for t, n, d in r["events"].texts() if n == "axis_result")}
    check("axes were found of the pelvis, by the bows, and of the right thigh, by the squats", set(found) == {"imu_pelvis", "imu_thigh_right"} and
          found["imu_pelvis"][0] < 14.5 and found["imu_thigh_right"][0] > 16, {k: round(t, 1) for k, (t, _) in found.items()})
    for imu, exact in (("imu_pelvis", (-0.9709, 0.2213, -0.0920)), ("imu_thigh_right", (-0.2054, 0.1177, 0.9716))):
        near(f"axis of {imu}", np.degrees(np.linalg.norm(np.cross(found[imu][1]["ml_axis_left"], exact))), 0, 0.5)
    pelvis(r, +1)
    thighs(r, ["left"])
    thighs(r, ["right"], since=found["imu_thigh_right"][0])

    print("no rest between the repetitions, dominant left, axis of the pelvis given")
    r = simulate(folder, "turns", 30, "stimulus.subject.rest_s=0", 'participant.dominant="left"', 'stimulus.subject.dominant="left"',
                 "stimulus.subject.first_descent_s=10", "stimulus.subject.bow_count=0", "stimulus.subject.repetitions=4", 'imu.imu_pelvis.axis="given"',
                 "imu.imu_pelvis.ml_axis_left=[-0.9709, 0.2213, -0.0920]")
    pair = r["reps/pair"]
    check("they begin at turns", len(pair["rep"]) == 4 and np.all(np.abs(pair["t_start"][1:] - pair["t_end"][:-1]) < 0.01), str(np.round(pair["t_start"], 3)))
    pelvis(r, -1)

    print("joint angles with one heading, knees that fall in, exact axes of the legs, 2.5 s of rest")
    r = simulate(folder, "joints", 33, "ankle.joint_angles=true", "stimulus.subject.rest_s=2.5", "stimulus.subject.first_descent_s=12",
                 "stimulus.subject.bow_count=0", "stimulus.subject.knee_in_deg={dominant=2,nondominant=8}",
                 "stimulus.subject.tibial_turn_deg={dominant=1,nondominant=8}",
                 *(f"imu.imu_{n}.ml_axis_left={list(a)}" for n, a in EXACT_LEGS.items()))
    joints(r, 6.4)

    print("without such sensors there are no such streams")
    path = os.path.join(folder, "demo.h5")
    subprocess.run([GRFD, "simulate", os.path.join(FIXTURES, "../../config/demo.toml"), "-o", path, "--seconds", "1"], check=True, stdout=subprocess.DEVNULL)
    check("none", not [n for n in Recording(path).names() if "pelvis" in n or "thigh" in n])

finish()
