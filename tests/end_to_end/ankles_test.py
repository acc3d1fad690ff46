#!/usr/bin/env python3
"""A rig of inertial sensors alone: repetitions by the ankles. Usage: ankles_test.py GRFD GRFCTL FIXTURES
Bounds of single repetitions, those of the accuracy report for the same sensors: rates 0.8 deg/s, ranges 0.6 deg, onsets 8 ms, finishes
and times to 90 % 20 ms; the differences of two sides twice that. Start and end of a repetition are where both ankles together are
slower than 1.5 deg/s: within 30 ms of the true ankles'."""
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np

    from checks import Daemon, ask, check, check_figure, finish, wait_for
    from recording import Recording, text
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, GRFCTL, FIXTURES = sys.argv[1:4]
RIG = os.path.join(FIXTURES, "imu_rig.toml")
SIDES = ("left", "right")
WORST = {"rate_fit": 0.8, "rate_mean": 0.8, "rate_peak": 0.8, "range": 0.6, "onset": 0.008, "finish": 0.02, "time_to_90": 0.02, "shank_max": 0.7, "heel_lift": 0.4,
         "eversion_amplitude": 0.4, "eversion_onset": 0.02, "used": 2.4}
PAIR = {"rate_diff_rl": 1.0, "range_diff_rl": 0.8, "onset_lag_rl": 0.016, "time_to_90_diff_rl": 0.028}
FORCES = ("drop", "v_descent_peak", "v_ascent_peak", "bodyweight", "bai_standing_rl", "bai_descent_rl", "bai_bottom_rl", "bai_ascent_rl", "impulse_bai_ascent_rl",
          "fall_back", "finish_lag_rl", "finish_lag_dn")


def simulate(folder, name, seconds, *settings):
    path = os.path.join(folder, name + ".h5")
    done = subprocess.run([GRFD, "simulate", RIG, "-o", path, "--seconds", str(seconds), *(x for s in settings for x in ("--set", s))],
                          check=True, capture_output=True, text=True)
    return path, Recording(path), done.stdout + done.stderr


def near(what, values, wanted, bound):
    worst = np.max(np.abs(np.asarray(values) - wanted))
    check_figure(f"{what} within {bound:g}", worst <= bound, f"worst {worst:.4g}")


def rate_of_both(r, t):
    return np.mean([r[f"truth/ankle/{s}"].at("dorsiflexion_rate", t) for s in SIDES], axis=0)


def rows(r):
    pair, true = r["reps/pair"], r["truth/reps/pair"]
    check("three squats, the bows before them are none", len(pair.t) == 3 and (pair["reason"] == 0).all(), pair["reason"])
    for column in FORCES:
        check(f"{column} is not known", np.isnan(pair[column]).all(), pair[column])
    check("nor which ankle stopped first", (pair["first_out"] == 4).all(), pair["first_out"])
    check("and that is no fault: no row is invalid", not any(r[f"reps/{n}"].flags.any() for n in (*SIDES, "pair")))
    for column, bound in PAIR.items():
        near(column, pair[column], true[column], bound)
    for k in range(3):
        t = np.arange(true["t_start"][k] - 0.5, true["t_end"][k] + 0.5, 1e-3)
        moving = t[abs(rate_of_both(r, t)) > 1.5]
        near(f"start and end of repetition {k}", [pair["t_start"][k], pair["t_end"][k]], [moving[0], moving[-1]], 0.03)
        rate = rate_of_both(r, t)
        still = t[(abs(rate) < 1.5) & (t > pair["t_bottom"][k] - 0.2) & (t < pair["t_bottom"][k] + 0.2)]
        check("the ankles stand still about its bottom", len(still) > 390, len(still))
    for side in SIDES:
        s, wanted = r[f"reps/{side}"], r[f"truth/reps/{side}"]
        check(f"{side}: measured, no plateau is claimed", (s["valid"] == 1).all() and all(np.isnan(s[c]).all() for c in ("plateau", "plateau_level", "creep", "plateau_kind")))
        for column, bound in WORST.items():
            near(f"{side}: {column}", s[column], wanted[column], bound)


def streams(r):
    check("streams of forces do not exist", not any(n.startswith(("plate/", "cop", "asymmetry", "force_rate/")) or n == "reps_load/pair" for n in r.names()))
    for name, wanted in (("reps_load/left", ["rep", "heel_lift_onset", "heel_lift_time"]), ("reps_exploratory/pair", ["rep", "descent_time", "pause_time", "ascent_time"]),
                         ("reps_asymmetry", ["rep", "dominant", *(f"{m}_{k}" for m in ("rate_fit", "range") for k in ("rl", "dn", "sigma"))])):
        check(f"{name} has what the ankles give", r[name].columns == wanted, r[name].columns)
    for name in ("reps/left", "reps/pair"):
        formula, parameters = (text(r.file[f"streams/{name}"].attrs[a]) for a in ("formula", "parameters"))
        check(f"{name} says how it was found", formula.endswith(", squat-segment-ankle") and ("no plates" in parameters or "without plates" in parameters), formula + "; " + parameters)
    pair, pelvis, thigh = r["reps/pair"], r["reps_pelvis"], r["reps_thigh/left"]
    for angle, bound in (("tilt", 0.45), ("obliquity", 0.6), ("axial", 0.5)):  # from standing, to the middle of the ankles' bottom
        live = r["truth/pelvis"]
        near(f"pelvis {angle} at the bottom", pelvis[f"{angle}_bottom"], live.at(angle, pair["t_bottom"]) - live.at(angle, pair["t_start"] - 0.15), bound)
    check("no change after a plateau that nobody saw", np.isnan(pelvis["tilt_change"]).all())
    near("thigh at the bottom", thigh["inclination_bottom"], r["truth/thigh/left"].at("inclination", pair["t_bottom"]), 0.5)
    events = r["events"].texts()
    poses = [json.loads(d) for _, n, d in events if n == "pose_result"]
    check("one pose, of all sensors, and that nobody was weighed", poses == [{"id": 0, "accepted": True, "sensors": 6, "unweighed": True}], poses)
    check("nobody was weighed, nothing stopped", not any(n in ("weighed", "plateau", "bw_changed", "bw_forgotten") for _, n, _ in events))
    check("bottoms without a height", [json.loads(d)["value"] for _, n, d in events if n == "bottom"] == [None] * 3)


def words(path, said):
    lines = subprocess.run([GRFD, "check-config", RIG], capture_output=True, text=True, check=True).stdout.splitlines()
    told = [x.removeprefix("warning").strip() for x in lines if x.startswith("warning")]
    check("check-config says what is missing", len(told) == 1 and told[0].startswith("no plates: repetitions are found by the ankles alone; no depth, no load, no plateau"), told)
    check("so does the run", said.count(told[0]) == 1, said)
    told = subprocess.run([GRFD, "summary", path], capture_output=True, text=True, check=True).stdout
    check("the summary counts and measures", "repetitions found          3\n" in told and "dorsiflexion rate left     " in told and "dorsiflexion rate right    " in told, told)
    check("without words about forces", not re.search(r"\bnan\b", told) and "load asymmetry" not in told and "(+ = right)" not in told, told)
    check("and why nobody knows which stopped first", "which stopped first      not known in 3 of 3: that takes a plate under each foot" in told, told)
    told = json.loads(subprocess.run([GRFD, "summary", "--json", path], capture_output=True, text=True, check=True).stdout)[0]
    check("as JSON: null, and first_out unknown", all(x["bai_bottom_rl"] is None and x["drop_m"] is None and x["first_out"] == "unknown" for x in told["repetitions"]), told["repetitions"])
    check("verify calls it good", subprocess.run([GRFD, "verify", path], capture_output=True, text=True).returncode == 0)


def lost_sensor(folder):
    """The left foot's sensor is gone from the second descent on: the right ankle goes on."""
    _, r, _ = simulate(folder, "lost", 36, "device.imu_foot_left.emulation.unplug_at_s=22.2", "device.imu_foot_left.emulation.unplug_for_s=100")
    pair, left, right = (r[f"reps/{n}"] for n in ("pair", "left", "right"))
    check("a lost sensor: all three repetitions count", (pair["reason"] == 0).all() and len(pair.t) == 3, pair["reason"])
    check("its ankle has the first alone", left["valid"].tolist() == [1, 0, 0] and left["reason"].tolist() == [0, 1, 1], left["reason"])
    check("the other one has them all", (right["valid"] == 1).all())
    near("right: rate_fit", right["rate_fit"], 20, 0.8)
    check("what is known of one side alone is incomplete, or of that side", pair["incomplete"].tolist()[:2] == [0, 1], pair["incomplete"])


def live(folder):
    moves = ("bow_count=0", "first_descent_s=5", "repetitions=1", "rest_s=1")
    running = Daemon(GRFD, RIG, folder, *(f"stimulus.subject.{m}" for m in moves))
    try:
        check("the daemon answers", wait_for(lambda: ask(GRFCTL, running.control, "--timeout", "1", "ping")[0] == 0, 15))
        watch = lambda *more: ask(GRFCTL, running.control, "watch", "--once", *more)
        check("watch: the repetition is counted", wait_for(lambda: "REPS    1 done" in watch()[1], 20), watch())
        code, out, err = watch()
        lines = out.splitlines()
        shown = [x.split() for x in lines[[i for i, x in enumerate(lines) if x.startswith("REPS")][0] + 1:][:2]]
        check("watch: with ranges and rates", code == 0 and [x[0] for x in shown] == list(SIDES) and abs(float(shown[0][2]) - 26) < 0.6 and abs(float(shown[1][5]) - 20) < 0.8, out + err)
        check("watch: no number for a force", "stopped" not in out and not re.search(r"\bnan\b", out) and "FORCE   total        - N" in out, out)
        status = json.loads(ask(GRFCTL, running.control, "--json", "status")[1])
        check("status: one repetition", status["streams"]["reps/pair"]["rows"] == 1 and "repetitions" in ask(GRFCTL, running.control, "status")[1])
        running.until(13)
        code, out, err = ask(GRFCTL, running.control, "pose")
        check("another pose, asked for", code == 0, out + err)
    finally:
        running.stop()
    running.log.seek(0)
    said = running.log.read()
    check("the log says how the first pose was found", said.count("standing pose taken, the sensors were still; if the subject did not stand then: grfctl pose") == 1, said)


with tempfile.TemporaryDirectory(prefix="grfd_ankles_") as place:
    file, recording, log = simulate(place, "ankles", 36)
    rows(recording)
    streams(recording)
    words(file, log)
    lost_sensor(place)
    live(place)
finish()
