#!/usr/bin/env python3
"""What grfctl says to people: wrong words, no daemon, and the answers of a daemon that is played here from schemas/control.md.
Usage: grfctl_test.py GRFCTL"""
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time

from checks import ask, check, finish, skip

try:
    import zmq
except ImportError as e:
    skip(e)

GRFCTL = sys.argv[1]


def wrong_words(endpoint):
    for words, said, right in (
        (["record", "strat"], "'record' does not know 'strat'", "grfctl record start [NAME], or grfctl record stop"),
        (["record"], "'record' needs more words", "grfctl record start [NAME], or grfctl record stop"),
        (["record", "start", "a", "b"], "'b' is one word too many", "grfctl record start [NAME], or grfctl record stop"),
        (["record", "stop", "a"], "'a' is one word too many", "grfctl record start [NAME], or grfctl record stop"),
        (["status", "now"], "'now' is one word too many", "grfctl status"),
        (["tare", "left", "right"], "'right' is one word too many", "grfctl tare, or grfctl tare PLATE"),
        (["delays", "us"], "'delays' does not know 'us'", "grfctl delays, or grfctl delays use"),
        (["calibrate"], "'calibrate' needs more words", "grfctl calibrate still, leg_raises left|right, heel_raises, "),
        (["lunge"], "'lunge' needs more words", "grfctl lunge left, or grfctl lunge right, [--seconds 10]"),
        (["lunge", "both"], "'lunge' does not know 'both'", "grfctl lunge left, or grfctl lunge right, [--seconds 10]"),
        (["mass", "left"], "'mass' needs more words", "grfctl mass PLATE KG"),
        (["mass", "left", "20kg"], "'20kg' is no mass in kg", "grfctl mass PLATE KG x_m=METRES y_m=METRES"),
        (["mass", "left", "20", "x_m=0.1"], "a place has both x_m and y_m", "grfctl mass PLATE KG"),
        (["mass", "left", "20", "x_m=0.1", "x_m=0.2"], "'x_m=0.2' is no place in metres", "grfctl mass PLATE KG"),
        (["mass", "left", "20", "x=0.1", "y=0.2"], "'x=0.1' is no place in metres", "grfctl mass PLATE KG"),
        (["mass", "left", "fit", "place"], "'mass PLATE fit' does not know 'place'", "fit [by_place]"),
        (["mass", "left", "forget", "it"], "'it' is one word too many", "forget"),
        (["device", "blnk", "u6"], "'device' does not know 'blnk'", "grfctl device blink NAME"),
        (["watch", "a", "b"], "", "grfctl watch, or grfctl watch tcp://LAB:7390"),
        (["monitor", "par"], "", "grfctl monitor pair [--control], grfctl monitor list, or grfctl monitor forget ID"),
        (["--timeout", "-1", "status"], "--timeout must be seconds, above 0", "see grfctl --help"),
        (["--timeout", "nan", "status"], "--timeout must be seconds, above 0", "see grfctl --help"),
        (["mark", b"sch\xf6n"], "the text is not UTF-8", "see grfctl --help"),
        (["key", "creat", "x"], "", "grfctl key create NAME, "),
    ):
        code, out, err = ask(GRFCTL, endpoint, *words)
        check(f"grfctl {' '.join(map(str, words))}: code 2 and the right form", code == 2 and not out and said in err and right in err, (code, out, err))


def nobody_there(folder):
    for words in (["status"], ["watch", "--once"], ["--json", "status"]):
        begun = time.monotonic()
        code, out, err = ask(GRFCTL, f"ipc://{folder}/none", *words)
        took = time.monotonic() - begun
        check(f"{' '.join(words)}, no socket file: at once ({took:.2f} s of 10), the address and what to do",
              code == 3 and took < 3 and f"no daemon runs at ipc://{folder}/none: " in out + err and "GRFD_CONTROL" in out + err, (code, out, err))
    left = socket.socket(socket.AF_UNIX)  # what a killed daemon leaves: its file, and nobody behind it
    left.bind(f"{folder}/left")
    left.close()
    code, out, err = ask(GRFCTL, f"ipc://{folder}/left", "--timeout", "0.3", "status")
    check("a file without a daemon: waited for", code == 3 and err == f"grfctl: no daemon answers at ipc://{folder}/left within 0.3 s\n", (code, err))


STILL = {"event": "calibrate_result", "detail": {"id": 1, "step": "still", "accepted": False, "reason": "imu_foot_left: it is not still", "warnings": [], "imus": [
    {"imu": "imu_foot_left", "accepted": False, "reason": "it is not still", "seconds": 1.99, "lost": 0.005, "still_deg_s": 14.036, "still_m_s2": 1.933}]}}
FINISH = {"event": "calibrate_result", "detail": {"id": 1, "step": "finish", "accepted": True, "reason": "", "warnings": ["the toes point outward"], "sides_checked": False, "imus": [
    {"imu": "imu_shank_left", "accepted": True, "reason": "", "seconds": 3.0, "lost": 0.0, "share": 0.9871, "turns_for": 5.0, "turns_against": 0.0, "side_checked": False, "source": "main_axis",
     "ml_axis_left": [0.079, -0.984, -0.161], "up_m_s2": [9.7, 0.5, 1.2]}]}}
LUNGE = {"event": "lunge_result", "detail": {"id": 1, "side": "left", "accepted": True, "reason": "", "trials": 3, "angle_deg": 38.214, "best_deg": 38.512, "sd_deg": 0.21,
                                             "heel_down": 0.64, "cm": 10.61, "start_deg": 0.1, "start_pitch_deg": 0.0, "lost": 0.0, "seconds": 10.0}}
MASS = {"event": "mass_result", "detail": {"id": 1, "plate": "left", "accepted": True, "reason": "", "kg": 20, "expected_n": 196.133, "measured_n": 196.214, "error_percent": 0.0413,
                                           "within": True, "uncertain_n": 0.2, "sd_n": 0.117, "cop_x_m": 0.1004, "cop_y_m": -0.05, "x_m": None, "y_m": None, "cop_error_mm": None, "hint": "", "sites": 0}}
STATUS = {"session": "s", "software": "0.1.0", "uptime_s": 4.0, "recording": {"state": "none", "last_file": ""}, "devices": [], "streams": {}, "counters": {}}
STATUS_REST = ["not recording", "device state serial firmware rate Hz measured fast, ppm resid. us samples backlog losses and trouble"]
COMPUTED = STATUS | {"dominant": "unknown", "dominance_method": "computed"}
UNIT = [[float(i == j) for j in range(6)] for i in range(6)]
ANSWERS = {
    "mass left 20": (MASS, 0, ["plate left: 196.21 N of 196.13 N, +0.04 %: right, within 0.5 %", "sure to 0.20 N; noise 0.12 N"]),
    "mass left 20 x_m=0.1 y_m=-0.05": (MASS | {"detail": MASS["detail"] | {"x_m": 0.1, "y_m": -0.05, "cop_error_mm": 0.4, "kept": True, "kept_reason": "", "sites": 3, "measured_n": 199.0, "error_percent": 1.4618, "within": False, "hint": "tare"}}, 1,
                                       ["plate left: 199.00 N of 196.13 N, +1.46 %: wrong by more than 0.5 %", "sure to 0.20 N; noise 0.12 N", "tare",
                                        "centre of pressure (100.4, -50.0) mm from the centre, right and forward: 0.4 mm off the place given", "places of this plate so far: 3"]),
    "mass left 20 x_m=0.2 y_m=0.3": (MASS | {"detail": MASS["detail"] | {"x_m": 0.2, "y_m": 0.3, "cop_error_mm": 223.6, "kept": False, "kept_reason": "223.6 mm off the place given", "sites": 2, "sd_n": None}}, 1,
                                     ["plate left: 196.21 N of 196.13 N, +0.04 %: right, within 0.5 %", "sure to 0.20 N; noise nan N",
                                      "centre of pressure (100.4, -50.0) mm from the centre, right and forward: 223.6 mm off the place given",
                                      "this place does not count: 223.6 mm off the place given", "places of this plate so far: 2"]),
    "mass left 1": ({"event": "mass_result", "detail": {"id": 1, "plate": "left", "accepted": False, "reason": "the mass is too small", "kg": 1}}, 1, ["plate left: not judged: the mass is too small"]),
    "mass left forget": ({"plate": "left", "forgotten": 3}, 0, ["forgotten: 3 places of plate left"]),
    "mass left fit": ({"plate": "left", "sites": 9, "by_place": False, "recalibration": UNIT, "standard_error": UNIT, "rms_before": [0, 0, 17.1234, 0.2, 0.3, 0], "rms_after": [0, 0, 0.01, 0.002, 0.003, 0],
                       "cop_before_mm": 10.371, "cop_after_mm": 0.042, "toml": "recalibration = 1\n"}, 0,
                      ["plate left, 9 places; root mean square of what is wrong, plate axes:", "recalibration without any with this", "Fx N 0.000 0.000", "Fy N 0.000 0.000", "Fz N 17.123 0.010", "Mx N.m 0.200 0.002",
                       "My N.m 0.300 0.003", "Mz N.m 0.000 0.000", "centre, mm 10.37 0.04",
                       "masses load Fz, Mx and My; the rest stays as it is. For the calibration file of this plate, in the place of such keys there:", "", "recalibration = 1"]),
    "status": (STATUS | {"dominant": "right", "dominance_method": "kicking leg"}, 0, ["session s, up 4 s, 0.1.0", "dominant leg: right, by kicking leg", *STATUS_REST]),
    "status, nobody said": (STATUS | {"dominant": "unknown", "dominance_method": ""}, 0, ["session s, up 4 s, 0.1.0", *STATUS_REST]),
    "status, computed": (COMPUTED | {"streams": {"reps_asymmetry": {"newest": {"dominant": 1}}}}, 0, ["session s, up 4 s, 0.1.0", "dominant leg: left, computed from the ascents so far", *STATUS_REST]),
    "status, nothing computed yet": (COMPUTED, 0, ["session s, up 4 s, 0.1.0", "dominant leg: not known yet, computed from the ascents so far", *STATUS_REST]),
    "ping": ({"session": "20261125T203000Z-229"}, 0, ["a daemon answers: session 20261125T203000Z-229"]),
    "pose": ({"event": "pose_result", "detail": {"id": 1, "accepted": True, "sensors": 4}}, 0, ["taken: this standing is the zero of the angles of 4 sensors"]),
    "pose refused": ({"event": "pose_result", "detail": {"id": 1, "accepted": False, "reason": "nobody stands on the plates"}}, 1, ["not taken: nobody stands on the plates"]),
    "lunge left": (LUNGE | {"detail": LUNGE["detail"] | {"trials": 1, "sd_deg": None, "best_deg": 38.214}}, 0,
                   ["left ankle, trial 1: 38.2 deg, as 10.6 cm to the wall; heel down in 64 % of the time", "in use from now on", "two more trials make three",
                    "for the settings, [participant]: available_left_deg = 38.2"]),
    "lunge left, again": (LUNGE, 0, ["left ankle, trial 3: 38.2 deg, as 10.6 cm to the wall; heel down in 64 % of the time", "best of 3: 38.5 deg, SD 0.2 deg; in use from now on", "for the settings, [participant]: available_left_deg = 38.5"]),
    "lunge right": ({"event": "lunge_result", "detail": {"id": 1, "side": "right", "accepted": False, "trials": 2, "reason": "the heel is up from the start"}}, 1,
                    ["no trial: the heel is up from the start", "the 2 before still count"]),
    "lunges": ({"lunges": [{"participant": "P07", "side": "left", "available_deg": 38.51, "sd_deg": 0.21, "trials": 3, "zero_utc": "", "measured_utc": "2026-01-02T03:04:05Z", "session": "s"}]}, 0,
               ["P07 left 38.5 deg, 3 trials, SD 0.2 deg, measured 2026-01-02T03:04:05Z"]),
    "lunges use": ({"event": "lunges_result", "detail": {"id": 1, "accepted": True, "left_deg": 38.51, "right_deg": None, "reason": "imu_foot_right is without data"}}, 0,
                   ["in use: left ankle, 38.5 deg", "not in use: imu_foot_right is without data"]),
    "calibrate still": (STILL, 1, ["refused: imu_foot_left: it is not still", "  imu_foot_left: it is not still", "data 2.0 s", "missing in these 0.5 %",
                                   "turning while still, RMS 14.04 deg/s", "shaking while still, RMS 1.933 m/s^2"]),
    "calibrate finish": (FINISH, 0, ["accepted: the axes are in use", "warning: the toes point outward", "  imu_shank_left: good", "data 3.0 s", "missing in these 0.0 %", "of the turning about one axis 98.7 %",
                                     "turns that agree in direction 5", "turns that do not 0", "side told by a movement of one leg no", "axis by principal axis", "axis to the left (0.079, -0.984, -0.161), in the sensor",
                                     "up in standing (9.700, 0.500, 1.200) m/s^2, in the sensor"]),
    "record stop": ({"event": "record_stopped", "detail": {"id": 1, "ok": True, "file": "/r/a.h5", "lost_samples": 0}}, 0, ["recorded: /r/a.h5"]),
    "record stop, holes": ({"event": "record_stopped", "detail": {"id": 1, "ok": True, "file": "/r/a.h5", "lost_samples": 46}}, 1,
                           ["recorded: /r/a.h5", "46 samples could not be written: the recording has holes"]),
    "record stop, gone": ({"event": "record_stopped", "detail": {"id": 1, "ok": False, "file": "", "lost_samples": 9, "error": "the trial is lost: /r/a.journal is not there any more"}}, 1,
                          ["not recorded: the trial is lost: /r/a.journal is not there any more", "9 samples could not be written"]),
    "mark x": ({"event": "mark", "detail": {"id": 1, "text": "x", "recorded": True}}, 0, ["marked"]),
    "mark x, outside": ({"event": "mark", "detail": {"id": 1, "text": "x", "recorded": False, "reason": "nothing is being recorded"}}, 0, ["marked in the feed; nothing is being recorded"]),
}


def play(router, result):
    who, text = router.recv_multipart()
    reply = {"v": 1, "ok": True, "command": json.loads(text)["command"]}
    if reply["command"] in ("ping", "status", "lunges", "mass_fit", "mass_forget"):
        messages = [{**reply, "result": result}]
    else:
        messages = [{**reply, "accepted": 1}, {"v": 1, "id": 1, "result": result}]
    for message in messages:
        router.send_multipart([who, json.dumps(message).encode()])


def answers(folder):
    router = zmq.Context.instance().socket(zmq.ROUTER)
    router.bind(f"ipc://{folder}/played")
    for what, (result, expected, lines) in ANSWERS.items():
        player = threading.Thread(target=play, args=(router, result), daemon=True)
        player.start()
        code, out, err = ask(GRFCTL, f"ipc://{folder}/played", *what.replace(" refused", "").split(",")[0].split())
        player.join(5)
        said = [" ".join(line.split()) for line in out.splitlines()]
        keys = set('{}"_') & set(out.replace("imu_foot_left", "").replace("imu_shank_left", "").replace("imu_foot_right", "").replace("available_left_deg", ""))
        check(f"{what}: lines with units, no keys of JSON", code == expected and said == [" ".join(x.split()) for x in lines] and not keys, (code, out, err))
    router.close(0)


with tempfile.TemporaryDirectory(prefix="grfd_grfctl_") as place:
    wrong_words(f"ipc://{place}/none")
    nobody_there(place)
    answers(place)
finish()
