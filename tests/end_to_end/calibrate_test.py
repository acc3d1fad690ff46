#!/usr/bin/env python3
"""grfctl calibrate and calibrations against the real grfd. Usage: calibrate_test.py GRFD GRFCTL PELVIS_RIG.toml
The emulated subject stands, raises the heels five times, squats four times and bows three times; its sensors are mounted anyhow, and
the axes of the settings are a degree or two wrong or missing. Bound: each axis that is found within 0.5 deg of the truth, seen from
above, which is the first row of the emulated mounting's matrix, turned to the left; of a shank 0.5 deg
beyond its tibia's own inward turn, which takes the axis along (0.6 of the eversion, 3 deg right and 5 deg left): with
stimulus.subject.tibial_rotation_gain = 0 both shanks are within 0.01 deg."""
import json
import pathlib
import re
import sys
import tempfile
import time

try:
    import numpy as np

    from checks import CommandedDaemon, check, finish
    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, GRFCTL, RIG = sys.argv[1:4]
TRUE = {}
for name, turns in re.findall(r'\[\[device\]\]\nname = "(imu_\w+)".*?mounting_zyx_deg = \[(.*?)\]', pathlib.Path(RIG).read_text(), re.S):
    (cz, cy, cx), (sz, sy, sx) = (f(np.radians([float(v) for v in turns.split(",")])) for f in (np.cos, np.sin))
    TRUE[name] = -np.array([cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx])
BOUND_DEG = {name: 0.5 for name in TRUE} | {"imu_shank_left": 0.5 + 0.6 * 5, "imu_shank_right": 0.5 + 0.6 * 3}
MOVES = {"step_on_s": 2, "heel_raise_count": 5, "heel_raise_first_s": 11.2, "heel_raise_period_s": 2, "first_descent_s": 24.2, "repetitions": 4,
         "descent_s": 1.4, "bottom_s": 0.1, "ascent_s": 1.2, "rest_s": 0.8, "bow_first_s": 42}


class Daemon(CommandedDaemon):
    def __init__(self, folder, *more):
        super().__init__(GRFD, GRFCTL, RIG, folder, *(f"stimulus.subject.{k}={v}" for k, v in MOVES.items()),
                         "stimulus.subject.rate_deg_s={dominant=30,nondominant=32}", *more)

    def step(self, at_s, seconds, *words):
        """Begins then, in the session's time (the processes start within 0.2 s)."""
        self.until(at_s)
        code, out, err = self.ctl("--json", "calibrate", *words, "--seconds", str(seconds))
        return code, json.loads(out)["detail"] if out.startswith('{"event') else out + err


def across(axis, up):
    """The horizontal part: what makes a segment's frame."""
    up = up / np.linalg.norm(up)
    h = axis - up * (axis @ up)
    return h / np.linalg.norm(h)


def axes_of(detail):
    return {i["imu"]: i["ml_axis_left"] for i in detail["imus"]}


def calibrate(folder):
    with Daemon(folder, "record.name=calibrated") as daemon:
        code, out, err = daemon.ctl("calibrations")
        check("no calibration yet, and what to do about it", code == 0 and "grfctl calibrate" in out, out + err)
        code, out, err = daemon.ctl("calibrations", "use")
        check("none that could be used", code == 1 and "make one with calibrate" in err, out + err)
        for words, text in ((("dance",), "still, leg_raises, heel_raises"), (("ankle_pumps",), "side"), (("leg_raises",), "leg_raises needs"), (("still", "--seconds", "100"), "2 to 60")):
            code, out, err = daemon.ctl("calibrate", *words)
            check(f"calibrate {' '.join(words)} is refused", code == 1 and text in err, out + err)
        code, detail = daemon.step(0, 2, "finish")
        check("finish comes last", code == 1 and not detail["accepted"] and detail["reason"] == "do still first", detail)
        code, detail = daemon.step(5, 4, "still")
        check("still", code == 0 and detail["accepted"] and len(detail["imus"]) == len(TRUE), detail)
        print("       still:", *(f"{i['still_deg_s']:.2f} deg/s" for i in detail["imus"]))
        code, detail = daemon.step(10.2, 12, "heel_raises")
        check("heel raises", code == 0 and detail["accepted"] and not detail["warnings"], detail)
        check("five of each foot, all the same way", all((i["turns_for"], i["turns_against"]) == (5, 0) for i in detail["imus"] if "foot" in i["imu"]), detail)
        code, detail = daemon.step(23, 18, "knee_bends")
        check("knee bends", code == 0 and detail["accepted"], detail)
        check("four of each shank and thigh, all the same way", all((i["turns_for"], i["turns_against"]) == (4, 0) for i in detail["imus"] if re.search("shank|thigh", i["imu"])), detail)
        code, detail = daemon.step(41.2, 9, "bows")
        check("three bows, all the same way", code == 0 and detail["accepted"] and [(i["turns_for"], i["turns_against"]) for i in detail["imus"] if "pelvis" in i["imu"]] == [(3, 0)], detail)
        code, detail = daemon.step(0, 3, "leg_raises", "left")
        check("a leg that is not raised is told", code == 1 and "it hardly moved" in detail["reason"], detail)
        code, detail = daemon.step(0, 3, "ankle_pumps", "left")
        check("a foot that does not move is told", code == 1 and "imu_foot_left: it hardly moved" in detail["reason"], detail)
        code, detail = daemon.step(0, 3, "finish")
        check("finish", code == 0 and detail["accepted"] and axes_of(detail).keys() == TRUE.keys(), detail)
        legs = [i for i in TRUE if "pelvis" not in i]
        check("nothing has told left from right, and it says so", detail["sides_checked"] is False and {i["imu"]: i.get("side_checked") for i in detail["imus"] if "pelvis" not in i["imu"]} == dict.fromkeys(legs, False)
              and len(detail["warnings"]) == 1 and all(i in detail["warnings"][0] for i in legs) and "leg_raises" in detail["warnings"][0], detail)
        for i in detail["imus"]:
            name, up = i["imu"], np.array(i["up_m_s2"])
            error = np.degrees(np.arccos(np.clip(across(np.array(i["ml_axis_left"]), up) @ across(TRUE[name], up), -1, 1)))
            check(f"{name}: axis within {error:.2f} deg of the truth (share {i['share']:.3f}, halves {i['halves_deg']:.2f} deg, tilt {i['tilt_deg']:.2f} deg)", error < BOUND_DEG[name], i)
        code, out, err = daemon.ctl("--json", "calibrations")
        kept = json.loads(out)["calibrations"]
        check("the same axes are kept", code == 0 and {c["device"]: c["ml_axis_left"] for c in kept} == axes_of(detail) and all(c["serial"] and c["share"] for c in kept), out + err)
        check("calibrations for people", all(n in daemon.ctl("calibrations")[1] for n in TRUE))
        # A recording that begins afterwards says what is in use.
        check("record start", daemon.ctl("record", "start")[0] == 0)
        time.sleep(0.5)
        code, again = daemon.step(0, 2, "still")
        check("a new calibration may begin", code == 0 and again["accepted"], again)
        check("record stop", daemon.ctl("record", "stop")[0] == 0)
    return axes_of(detail)


def look(folder, found):
    f = Recording(f"{folder}/trials/calibrated.h5")
    used = [json.loads(d) for _, n, d in f["commands"].texts() if n == "calibration"]
    check("the recording holds the axes in use", len(used) == 1 and used[0]["imus"] == found, used)
    told = [json.loads(d) for _, n, d in f["events"].texts() if n == "calibrate_result"]
    check("and the result of the step that was made in it", len(told) == 1 and told[0]["step"] == "still" and len(told[0]["imus"]) == len(TRUE), told)
    standing = [np.mean(f[f"ankle/{s}"]["dorsiflexion"]) for s in ("left", "right")]
    check("standing is the zero of the angles", all(abs(v) < 0.5 for v in standing), standing)


def use(folder, found):
    with Daemon(folder) as daemon:
        code, out, err = daemon.ctl("--json", "calibrations")
        check("after a restart they are still known", code == 0 and {c["device"]: c["ml_axis_left"] for c in json.loads(out)["calibrations"]} == found, out + err)
        code, out, err = daemon.ctl("calibrations", "use")
        check("calibrations use", code == 0 and out == f"in use: calibrated axes of {len(TRUE)} sensors\n", out + err)
    check("the log offered them", "grfctl calibrations use" in daemon.said)


with tempfile.TemporaryDirectory(prefix="grfd_calibrate_") as place:
    begun = time.monotonic()
    axes = calibrate(place)
    look(place, axes)
    use(place, axes)
    print(f"       {time.monotonic() - begun:.1f} s in all")
finish()
