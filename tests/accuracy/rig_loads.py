"""Of the emulated rig: errors of reps_load, reps_exploratory and reps_asymmetry of one repetition."""
import numpy as np
from truth_loads import DEVELOPMENTS, Loads, asymmetry

SIDES = ("left", "right")
# computed once more on the phases that the row itself names: what is left without the errors of its times
OWN = ("impulse_eccentric", "impulse_concentric", "power_eccentric", "power_concentric")
BOTTOM_S = 0.09  # what the middle of the bottom may be off
DRIVE = ("drive_onset", *(f"rfd_{n}" for n in DEVELOPMENTS))  # from the onset of the drive on
EVENTS = ("heel_lift_onset", "inversion_onset", "heel_contact_lost")


def judge_missing(put, column, measured, true):
    """A number where there is none is `invented`, none where there is one is `missed`. -> whether there is nothing to subtract"""
    none, unknown = np.isnan(true), np.isnan(measured)
    if column in EVENTS:
        put("event", none != unknown)
    else:
        put("invented", none and not unknown)
        put("missed", unknown and not none)
    return none or unknown


def noise(r, t_start):
    """SD of the measured unfiltered force while the subject stood, N: it decides where the drive begins."""
    plates = [r[f"plate/{s}"] for s in SIDES]
    t = np.arange(t_start - 0.3, t_start + 5e-4, 1e-3)
    return np.std(sum(p.at("fz", t) for p in plates))


def own_phases(r, j, turn):
    """Milliseconds of the phases that row j names."""
    pair, found = r["reps/pair"], r["reps_exploratory/pair"]
    start, mid, stop = (int(round(1e3 * pair[c][j])) for c in ("t_start", "t_bottom", "t_end"))
    down, up = (int(round(1e3 * found[c][j])) for c in ("descent_time", "ascent_time"))
    return dict(start=start, b0=start + down, b1=stop - up, mid=mid, stop=stop, turn=turn)


def put_loads(put, r, j, courses, both, sides, phases):
    """`both`, `sides`: true measures of the pair and of both ankles; j: the row."""

    def compare(stream, true, rename=lambda c: c):
        row, name = r[stream], stream.removesuffix("/left").removesuffix("/right")
        for column, value in true.items():
            measured = row[column][j]
            if column == "heel_contact":
                put(column, measured != value)
            elif not judge_missing(put, column, measured, value):
                put(f"{name} {rename(column)}", measured - value, creep if column in DRIVE else None)

    true = Loads(courses, phases, noise(r, r["reps/pair"]["t_start"][j]))
    creep = true.onset_creep()
    if abs(r["reps/pair"]["t_bottom"][j] - both["t_bottom"]) > BOTTOM_S:
        creep = np.inf  # the drive of another instant; the bottom's own share judges that
    own = Loads(courses, own_phases(r, j, phases["turn"]), true.noise_n)
    feet = [true.foot(i) for i in (0, 1)]
    for i, side in enumerate(SIDES):
        onset = feet[i][1].pop("eversion_onset", np.nan)  # a column of reps
        measured = r[f"reps/{side}"]["eversion_onset"][j]
        if not judge_missing(put, "eversion_onset", measured, onset):
            put("eversion_onset", measured - onset)
        compare(f"reps_load/{side}", feet[i][0])
        compare(f"reps_exploratory/{side}", feet[i][1])
        again = own.foot(i)[1]
        compare(f"reps_exploratory/{side}", {c: again[c] for c in OWN}, lambda c: c + " on its own times")
    known = both["first_out"] in (1, 2, 3) and r["reps/pair"]["first_out"][j] in (1, 2, 3)  # else first_out judges
    load, found = true.both(np.fmin(*(s["plateau"] for s in sides)) if known else np.nan)
    # the eleven points of a phase are one measure
    compare("reps_load/pair", load, lambda c: c.rpartition("_")[0] if c.startswith("bai_rl") else c)
    compare("reps_exploratory/pair", found)
    index = asymmetry([f[0] for f in feet], [f[1] for f in feet], sides, found["ascent_time"])
    compare("reps_asymmetry", index)
    row = r["reps_asymmetry"]  # the right leg is dominant here
    put("dn", row["dominant"][j] != 2)
    for c in index:
        if c.endswith("_rl"):
            put("sigmas of reps_asymmetry", (row[c][j] - index[c]) / row[c.replace("_rl", "_sigma")][j])
            put("dn", abs(np.nan_to_num(row[c][j] - row[c.replace("_rl", "_dn")][j])))


def put_rejected(put, r, j):
    """A rejected repetition has no measure of force."""
    for stream in ("reps_load/left", "reps_load/right", "reps_load/pair"):
        row = r[stream]
        put("rejected", sum(np.isfinite(row[c][j]) for c in row.columns if c != "rep"))
