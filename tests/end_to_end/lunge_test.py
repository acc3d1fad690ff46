#!/usr/bin/env python3
"""grfctl lunge and lunges against the real grfd. Usage: lunge_test.py GRFD GRFCTL DEMO.toml
The emulated subject makes three trials of the knee-to-wall test with each leg, whose heels rise at ROOM in the last and a degree earlier
in each one before, then two squats. Bound: the room of each ankle within 0.3 deg of the truth, `used` within 1.5 points, whose
error is that of the peak (0.3, 0.7 deg of 30, see tests/accuracy/bounds_loads.py)."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np

    from checks import CommandedDaemon, check, check_figure, finish
    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, GRFCTL, DEMO = sys.argv[1:4]
ROOM = {"left": 33.0, "right": 40.0}  # non-dominant, dominant
RANGE = {"left": 26.0, "right": 30.0}
SHANK = float(re.search(r"\n\[participant\][^\[]*standing_shank_deg = ([\d.]+)", pathlib.Path(DEMO).read_text()).group(1))
FIRST_S, PERIOD_S = 8.2, 4  # by the session's clock, which starts within 0.2 s of the process
MOVES = {"step_on_s": 2, "lunge_count": 3, "lunge_first_s": FIRST_S, "lunge_period_s": PERIOD_S, "lunge_spread_deg": 1, "first_descent_s": 36, "repetitions": 2, "rest_s": 1,
         "lunge_deg": "{dominant=40,nondominant=33}"}


class Daemon(CommandedDaemon):
    def __init__(self, folder, *more):
        super().__init__(GRFD, GRFCTL, DEMO, folder, *(f"stimulus.subject.{k}={v}" for k, v in MOVES.items()), *more)


def refusals(daemon):
    code, out, err = daemon.ctl("lunges")
    check("none is kept yet, and what to do about it", code == 0 and "grfctl lunge" in out, out + err)
    code, out, err = daemon.ctl("lunges", "use")
    check("none that could be used", code == 1 and "make one with lunge" in err, out + err)
    code, out, err = daemon.ctl("lunge", "left", "--seconds", "100")
    check("100 s are too long", code == 1 and "3 to 60" in err, out + err)
    code, out, err = daemon.ctl("lunge", "left")
    check("before the standing pose", code == 1 and "imu_shank_left has no standing zero" in out and "toes to the wall" in err, out + err)


def measure(daemon):
    best = {}
    for i, side in enumerate(("left", "right")):
        found = []
        for k in range(3):
            daemon.until(FIRST_S + PERIOD_S * (3 * i + k))
            code, out, err = daemon.ctl("--json", "lunge", side, "--seconds", "3.6")
            d = json.loads(out)["detail"] if out.startswith('{"event') else {}
            check(f"{side}, trial {k + 1}", code == 0 and d.get("accepted") and d["side"] == side and d["trials"] == k + 1, out + err)
            found.append(d.get("angle_deg", np.nan))
        check_figure(f"{side}: each trial within 0.3 deg of its truth", np.allclose(found, ROOM[side] - np.array([2, 1, 0]), atol=0.3), found)
        check(f"{side}: the best of them, and their SD", d["best_deg"] == max(found) and abs(d["sd_deg"] - np.std(found, ddof=1)) < 2e-3, d)
        check(f"{side}: the heel was down before it rose and after", 0.6 < d["heel_down"] < 0.95, d)
        best[side] = d["best_deg"]
    code, out, err = daemon.ctl("--json", "lunges")
    kept = {e["side"]: e for e in json.loads(out)["lunges"]}
    check("both are kept, with their trials and the time of their zero", {s: (e["available_deg"], e["trials"], e["participant"]) for s, e in kept.items()} == {s: (best[s], 3, "DEMO") for s in best}
          and all(e["zero_utc"] <= e["measured_utc"] and e["zero_utc"] for e in kept.values()), out + err)
    code, out, err = daemon.ctl("status")
    check("the status shows what is in use", all(f"room of the {s} ankle {best[s]:.1f} deg, knee-to-wall, 3 trials" in out for s in best), out + err)
    return best


def look(folder, best):
    file = f"{folder}/trials/squats.h5"
    f = Recording(file)
    rooms = [json.loads(d)["rooms"] for _, n, d in f["commands"].texts() if n == "rooms"]
    check("the recording says what is in use", len(rooms) == 1 and {r["side"]: r["available_deg"] for r in rooms[0]} == best, rooms)
    good = f["reps/pair"]["reason"] == 0
    check("two squats, and no trial was taken for one", len(good) == 2 and good.all(), f["reps/pair"]["reason"])
    for side in best:
        rows = f[f"reps/{side}"]
        check(f"{side}: what was measured is what was reckoned with", np.allclose(rows["available"], best[side], atol=1e-3), rows["available"])
        truth = 100 * (RANGE[side] + SHANK) / (ROOM[side] + SHANK)
        check_figure(f"{side}: used {truth:.1f} %", np.allclose(rows["used"], truth, atol=1.5), rows["used"].round(1).tolist())
        true = f[f"truth/reps/{side}"]
        check(f"{side}: the truth of the recording has that room", (true["available"] == ROOM[side]).all() and np.allclose(true["used"], truth, atol=1e-6), true["used"].tolist())
        check(f"{side}: it did not run out of this room", not (rows["plateau_kind"] == 2).any(), rows["plateau_kind"])
    check("left stopped early; 27 deg of the settings would have made it out of room", (f["reps/left"]["plateau_kind"] == 1).all())
    said = subprocess.run([GRFD, "summary", file], capture_output=True, text=True, check=False).stdout
    lines = [line.split() for line in said.splitlines() if "knee-to-wall" in line]
    check("the summary says it, too", [(w[4], w[5]) for w in lines] == [(s, f"{best[s]:.1f}") for s in ("left", "right")], said)


def again(folder, best):
    with Daemon(folder) as daemon:
        code, out, err = daemon.ctl("lunges", "use")
        check("not before the standing pose", code == 1 and "no standing zero" in out, out + err)
        daemon.until(7.5)
        code, out, err = daemon.ctl("lunges", "use")
        check("lunges use", code == 0 and out == "".join(f"in use: {s} ankle, {best[s]:.1f} deg\n" for s in ("left", "right")), out + err)
    check("the log offered them", daemon.said.count("grfctl lunges use") == 1)
    with Daemon(folder, "participant.code=OTHER") as daemon:
        code, out, err = daemon.ctl("lunges", "use")
        check("never for somebody else", code == 1 and "no knee-to-wall test of participant OTHER" in err, out + err)
    check("nor offered", daemon.said.count("grfctl lunges use") == 1, daemon.said)  # the same log, further on


with tempfile.TemporaryDirectory(prefix="grfd_lunge_") as place:
    with Daemon(place, "record.name=squats") as running:
        refusals(running)
        found = measure(running)
        running.until(34.5)
        check("record start", running.ctl("record", "start")[0] == 0)
        running.until(47.5)
        check("record stop", running.ctl("record", "stop")[0] == 0)
        code, out, err = running.ctl("pose")
        check("another pose", code == 0, out + err)
        time.sleep(0.3)  # what follows from it is told a millisecond later
    check("another zero forgets the trials, and says so", all(f"knee-to-wall, {s}: {found[s]:.1f} deg are forgotten" in running.said for s in found))
    look(place, found)
    again(place, found)
finish()
