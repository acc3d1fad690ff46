"""Of the emulated rig with sensors on sacrum and thighs, and of joint angles: errors of the streams and of the rows of a repetition."""
import numpy as np

SIDES = ("left", "right")
ANGLES = ("tilt", "obliquity", "axial")
STREAMS = {
    "pelvis": ANGLES,
    **{f"thigh/{s}": ("inclination", "above_parallel") for s in SIDES},
    **{f"ankle_jcs/{s}": ("dorsiflexion", "eversion", "tibial_rotation", "heading", "dorsiflexion_rate") for s in SIDES},
}


def posture_streams(r, t):
    """(name, errors at t) of each column that the rig has; no session turns the pelvis across repetitions."""
    for stream, columns in STREAMS.items():
        if stream in r:
            for c in columns:
                yield f"{stream.split('/')[0]} {c}", r[stream].at(c, t) - r["truth/" + stream].at(c, t)


def line_onset(x, level):
    """Milliseconds from the first value to where the line through 20-60 % of the largest excursion meets the level; NaN below 1 deg."""
    x = x - level
    x = x * np.sign(x[np.argmax(abs(x))])
    most = x.max()
    if most < 1:
        return np.nan
    a, b = (int(np.argmax(x >= share * most)) for share in (0.2, 0.6))
    slope, at_zero = np.polyfit(np.arange(a, b + 1), x[a : b + 1], 1)
    return -at_zero / slope


def pelvis_row(true, start, bottom_s, plateau_s):
    """What reps_pelvis should hold. `start`: millisecond at which the repetition began, out of standing."""
    start_s, last = 1e-3 * start, int(np.floor(1e3 * bottom_s))
    found = {}
    for a in ANGLES:
        x = true.at(a, 1e-3 * np.arange(start, last + 1))
        level = np.median(true.at(a, start_s - 1e-3 * np.arange(301)))
        bottom, plateau, before = (float(true.at(a, t)) for t in (bottom_s, plateau_s, 2 * plateau_s - bottom_s))
        found.update({f"{a}_bottom": bottom - level, f"{a}_change": bottom - plateau, f"{a}_before": plateau - before})
        if a == "tilt":
            found["tuck"] = x.max() - bottom
            onset, what = (start_s + 1e-3 * int(np.argmax(x)) if found["tuck"] >= 1 else np.nan), "tuck"
        else:
            onset, what = start_s + 1e-3 * line_onset(x, level), a
        found[f"{what}_onset"], found[f"{what}_onset_lag"] = onset, onset - plateau_s
    return found


def thigh_row(true, start, bottom_s):
    inclination = float(true.at("inclination", bottom_s))
    return {
        "inclination_standing": np.median(true.at("inclination", 1e-3 * (start - np.arange(301)))),
        "inclination_bottom": inclination,
        "above_parallel": 90 - inclination,
    }


def put_posture(put, r, j, both, sides, start):
    """`both`, `sides`: true measures of the pair and of both ankles; j: the row. A NaN on one side alone is an error that no bound holds."""

    def compare(name, row, true):
        for column, value in true.items():
            measured = row[column][j]
            if np.isnan(value) and np.isnan(measured):
                continue
            put(f"{name} {column}", measured - value)

    if "reps_pelvis" in r:
        row = r["reps_pelvis"]
        compare(
            "reps_pelvis",
            row,
            pelvis_row(r["truth/pelvis"], start, both["t_bottom"], np.fmin(*(s["plateau"] for s in sides))),
        )
        for c in row.columns:
            if c.endswith("_dn"):  # the right leg is dominant here
                put("dn", abs(np.nan_to_num(row[c][j] - row[c.removesuffix("_dn")][j])))
    for side in SIDES:
        if f"reps_thigh/{side}" in r:
            compare(
                "reps_thigh", r[f"reps_thigh/{side}"], thigh_row(r[f"truth/thigh/{side}"], start, both["t_bottom"])
            )
