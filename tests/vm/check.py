#!/usr/bin/env python3
"""What the machine of tests/vm/run brought back. Usage: check.py GRFD FOLDER
Judges continuity, recovery and content; never latency: an emulated processor is slow."""
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))
try:
    import numpy as np

    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

grfd, folder = sys.argv[1], Path(sys.argv[2])
UNPLUGGED = {"u6": "raw/u6/scan", "imu_foot_left": "raw/imu_foot_left/inertial", "imu_foot_right": "raw/imu_foot_right/inertial"}
UNTOUCHED = {"imu_shank_left": "raw/imu_shank_left/inertial", "imu_shank_right": "raw/imu_shank_right/inertial"}
bad = []


def check(what, good, detail=""):
    print(f"{'  ok ' if good else 'WRONG'}  {what}{'' if good else f': {detail}'}", flush=True)
    if not good:
        bad.append(what)


verified = subprocess.run([grfd, "verify", "--json", folder / "vm.h5"], capture_output=True, text=True)
check("grfd verify", verified.returncode == 0, verified.stdout + verified.stderr)
f = Recording(folder / "vm.h5")
gaps = [(n, json.loads(d)) for _, n, d in f["gaps"].texts()]
for name, detail in gaps:
    print(f"         {name} {json.dumps(detail)}")
lost = [d for n, d in gaps if n == "lost"]
check("each unplugged device has one loss, the U6 in its edges as well, and nothing else has any",
      sorted(d["stream"] for d in lost) == sorted([*UNPLUGGED.values(), "raw/u6/sync"]), lost)
check("and the cause is that it was unplugged", all(d["cause"] == "unplugged" for d in lost), lost)
check("nothing is in the gaps but losses and lateness", {n for n, _ in gaps} <= {"lost", "late"}, gaps)
late = {d["device"] for n, d in gaps if n == "late"}
check("each of them was missed before it was lost", late >= set(UNPLUGGED), late)

start, end = min(f[s].t[0] for s in UNTOUCHED.values()), max(f[s].t[-1] for s in UNTOUCHED.values())
print(f"         recorded {end - start:.1f} s, {sum(len(f[n].flags) for n in f.names())} rows")
for device, stream in {**UNPLUGGED, **UNTOUCHED}.items():
    s = f[stream]
    steps = np.diff(s.seq.astype(np.int64))
    holes = np.flatnonzero(steps != 1)
    check(f"{stream}: {len(s.seq)} rows, {len(holes)} holes", len(holes) <= (device in UNPLUGGED) and np.all(steps > 0), steps[holes])
    check(f"{stream}: time never goes back", np.all(np.diff(s.t) > 0), np.min(np.diff(s.t)))
    check(f"{stream}: from the recording's start to its end", s.t[0] - start < 0.5 and end - s.t[-1] < 0.5, (s.t[0] - start, end - s.t[-1]))
    if device in UNPLUGGED:
        said = [d.get("seconds", 0) for d in lost if d["stream"] == stream]
        k = int(np.argmax(np.diff(s.t)))  # where it was away
        away, after = s.t[k + 1] - s.t[k], len(s.t) - k - 1
        check(f"{stream}: away once, for {away:.1f} s, then {after} rows more", away > 0.5 and np.sum(np.diff(s.t) > 0.25) == 1 and after > 2500, np.sort(np.diff(s.t))[-3:])
        check(f"{stream}: and the gap says so", len(said) == 1 and abs(said[0] - away) < 0.2, said)
    else:
        check(f"{stream}: 1000 rows per second", abs(len(s.t) / (end - start) / 1000 - 1) < 0.01, len(s.t) / (end - start))

scan = f["raw/u6/scan"]
check("the digital lines are open", np.all(scan["digital"] == 0xffff))
for device in list(UNPLUGGED)[1:] + list(UNTOUCHED):
    s = f[f"raw/{device}/inertial"]
    g = np.sqrt(s["accel_x"] ** 2 + s["accel_y"] ** 2 + s["accel_z"] ** 2)
    # The zero error of each axis of the emulated sensors is below 0.03 m/s2, their noise 0.0034 g.
    check(f"{device}: gravity is {np.median(g):.4f} g", abs(np.median(g) - 1) < 0.006)
# At the end the subject stands on the plates, which were zeroed before: 80 kg, on the U6 that was pulled out in between.
fz = [f[f"plate/{side}"]["fz"][-3000:] for side in ("left", "right")]
weight = float(np.nanmedian(fz[0] + fz[1]))
check(f"the plates carry {weight:.1f} N of 784.5 N", abs(weight - 80 * 9.80665) < 8, weight)
check("and the grid is complete at the end", np.mean(np.isfinite(fz[0] + fz[1])) > 0.99, np.mean(np.isfinite(fz[0])))
check("2 % more on the right", abs(100 * np.nanmedian(fz[1] - fz[0]) / weight - 2) < 1, 100 * np.nanmedian(fz[1] - fz[0]) / weight)

unit = dict(line.split("=") for line in (folder / "unit.txt").read_text().split())
check("systemd: it ended well and was never restarted", unit == {"Result": "success", "ExecMainStatus": "0", "NRestarts": "0"}, unit)
kernel = (folder / "kernel.txt").read_text()
check("no thread of the daemon kept the kernel from its work", "RT throttling" not in kernel)
journal = (folder / "journal.txt").read_text()
check("no error in the journal", not re.search(r"\berror\b|[Dd]enied|not permitted", journal), journal)
print(f"{len(bad)} wrong" if bad else "all well")
sys.exit(bool(bad))
