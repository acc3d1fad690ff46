"""Functional calibration (grfctl calibrate) and knee-to-wall test (grfctl lunge) over seeds. By the commands on the emulated rig, with
sensors, clocks and mountings as in the part rig: heel raises, knee bends, bows, lunges. On the legs of tests/dsp, which can also pump one
ankle and raise one leg: the hinge fit, and what is said of sensors on the wrong side."""
import concurrent.futures
import json
import tempfile

import numpy as np
from presets import SEVEN, SENSORS, Preset, pair
from rig import ROOT, hardware

MOVES = {
    "step_on_s": 2,
    "heel_raise_count": 5,
    "heel_raise_first_s": 11.2,
    "heel_raise_period_s": 2,
    "first_descent_s": 24.2,
    "repetitions": 4,
    "descent_s": 1.4,
    "bottom_s": 0.1,
    "ascent_s": 1.2,
    "rest_s": 0.8,
    "bow_first_s": 42,
    "bow_count": 3,
}
STEPS = [(5, "still", 4), (10.2, "heel_raises", 12), (23, "knee_bends", 17), (41.2, "bows", 9), (51, "finish", 3)]
TIMES = ("heel_raise_first_s", "first_descent_s", "bow_first_s")
SWAPS = {"none": (False, False), "feet": (True, False), "shanks": (False, True), "both": (True, True)}


def subject_of(values):
    return {f"stimulus.subject.{k}": v for k, v in values.items()}


def commanded(direct, rig, seconds, commands, settings):
    words = [[t, name + " " + json.dumps(detail, separators=(",", ":"))] for t, name, detail in commands]
    with tempfile.TemporaryDirectory() as folder:
        return direct("commands", ROOT / rig, f"{folder}/out.h5", seconds, json.dumps(words), *(f"{k}={v}" for k, v in settings.items()))[0]


def yaw_deg(axis, true, up):
    """Between the horizontal parts, which make the segment's frame."""
    up = np.array(up) / np.linalg.norm(up)
    a, b = (np.array(v) - up * (np.array(v) @ up) for v in (axis, true))
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def true_left(settings, imu):
    (cz, cy, cx), (sz, sy, sx) = (f(np.radians(json.loads(settings[f"device.{imu}.emulation.mounting_zyx_deg"]))) for f in (np.cos, np.sin))
    return -np.array([cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx])


def by_commands(direct, seed, gain=0):
    """{segment: errors of its axes, deg}; a step that was refused: infinite."""
    settings, _, later_s = hardware(seed, Preset("", imus=SENSORS, rig=SEVEN, estimated=("imu_pelvis", "imu_thigh_right")))
    moves = {k: v + later_s if k in TIMES else v for k, v in MOVES.items()}
    settings.update(subject_of({**moves, "tibial_rotation_gain": gain, "rate_deg_s": pair(30, 32)}))
    commands = [(t + later_s, "calibrate", {"id": k + 10, "step": s, "seconds": n}) for k, (t, s, n) in enumerate(STEPS)]
    answers = commanded(direct, SEVEN, 56 + later_s, commands, settings)
    errors = {}
    for imu in SENSORS:
        found = [i for i in answers[-1]["imus"] if i["imu"] == imu and "ml_axis_left" in i] if len(answers) == len(STEPS) else []
        error = yaw_deg(found[0]["ml_axis_left"], true_left(settings, imu), found[0]["up_m_s2"]) if found else np.inf
        errors.setdefault(imu.split("_")[1], []).append(error)
    return errors


def by_legs(direct, seed):
    """The same, and by which swap the right or wrong thing was said."""
    random = np.random.default_rng([2027, seed])
    person = {
        "seed": seed,
        "toe_line_deg": random.uniform(8, 18),
        "eversion_deg": random.uniform(0, 0.9),
        "axis_change_deg": 2 * float(random.choice([-1, 1])),
        "axis_tilt_deg": 2 * float(random.choice([-1, 1])),
    }
    errors, wrong = {}, {}
    for name, (feet, shanks) in SWAPS.items():
        steps = direct("legs", json.dumps({**person, "swap_feet": feet, "swap_shanks": shanks}))[0]
        said = [i["imu"] for s in steps for i in s["imus"] if "swapped" in i["reason"]]
        should = {"foot_left": feet, "shank_left": shanks}
        wrong[name] = sum((sensor in said) != swapped for sensor, swapped in should.items()) if feet or shanks else len(said)
        if name != "none":
            continue
        for i in steps[-1]["imus"]:
            kind = "foot by hinge" if i["source"] == "hinge" else "shank" if "shank" in i["imu"] else "foot without hinge"
            errors.setdefault(kind, []).append(yaw_deg(i["ml_axis_left"], i["true_left"], i["up_m_s2"]))
    return errors, wrong


def lunges(direct, seed):
    """Errors of the room of three trials of each ankle, deg; one that was refused: infinite."""
    random = np.random.default_rng([2028, seed])
    settings, _, later_s = hardware(seed, Preset(""))
    room = {"right": float(random.uniform(30, 40)), "left": float(random.uniform(30, 40))}  # the right leg is dominant here
    first_s = 8 + later_s
    settings.update(
        subject_of({"lunge_count": 3, "lunge_first_s": first_s, "lunge_spread_deg": 1, "first_descent_s": first_s + 40, "lunge_deg": pair(room["right"], room["left"])})
    )
    trials = [(side, k) for side in ("left", "right") for k in range(3)]
    commands = [(first_s + 0.05 + 4 * n, "lunge", {"id": n + 10, "side": side, "seconds": 3.5}) for n, (side, _) in enumerate(trials)]
    answers = {a["id"]: a for a in commanded(direct, "config/demo.toml", first_s + 25, commands, settings)}
    out = []
    for n, (side, k) in enumerate(trials):
        a = answers.get(n + 10, {})
        out.append(abs(a["angle_deg"] - (room[side] - 2 + k)) if a.get("accepted") else np.inf)
    return out


def check_calibration(report, direct, seeds, first_seed, jobs=2):
    report.part(f"Functional calibration and knee-to-wall test: {seeds} seeds")
    report.text(
        "Axes against the mounting's own, seen from above (which is what makes the frame). The emulated rig by commands, its tibiae not turning inward, and as in the demonstration (0.6 of an eversion of 3 and 5 deg). "
        "Legs: gyroscope noise 0.1 deg/s at 100 Hz, zeros up to 0.4 deg/s, mounted anyhow, a toe line of 8 to 18 deg, true eversion up to 0.9 deg, the shank's axis 2 deg "
        "out of the horizontal and 2 deg further inward or outward in the second half of the knee bends; then with feet, shanks and both on the wrong side."
    )
    every = range(first_seed, first_seed + seeds)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        rig, turning, legs, rooms = (list(pool.map(lambda s: f(direct, s), every)) for f in (by_commands, lambda d, s: by_commands(d, s, 0.6), by_legs, lunges))
    rows = []

    def put(bound, where, results):
        """`results`: a list of errors for each seed."""
        worst = [max(r, default=0) for r in results]
        mean, at = float(np.mean(np.concatenate(results))), first_seed + int(np.argmax(worst))
        report.figure(f"{bound}.mean", where, mean)
        report.figure(f"{bound}.worst", f"{where}, seed {at}", max(worst))
        rows.append([where, sum(map(len, results)), mean, float(max(worst)), at])

    for segment in rig[0]:
        put("calibration.axis", f"rig, {segment}", [r[segment] for r in rig])
    put("calibration.turning", "rig, shank, tibia turning", [r["shank"] for r in turning])
    for kind, bound in (("shank", "legs_shank"), ("foot by hinge", "hinge")):
        put(f"calibration.{bound}", f"legs, {kind}", [e.get(kind, []) for e, _ in legs])
    report.figure("calibration.no_hinge", "legs", sum(len(e.get("foot without hinge", [])) for e, _ in legs))
    for name in SWAPS:
        report.figure("calibration.wrong_side", f"legs, swapped: {name}", sum(w[name] for _, w in legs))
    put("lunge.room", "rig, room of an ankle", rooms)
    report.table(["what", "figures", "mean error, deg", "worst, deg", "seed"], rows)
