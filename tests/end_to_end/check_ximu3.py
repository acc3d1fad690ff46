#!/usr/bin/env python3
"""A rig of a U6 and four x-IMU3, and a mixed one with two MicroStrain sensors at 1 kHz, simulated and held against the truth.
Usage: check_ximu3.py --grfd PROGRAM. Bounds: those of check_demo.py; numbers without holes; edges of a common line within 0.5 ms
of the truth (0.3 ms of it is the link's delay) and the high-g samples within 1 ms of the inertial ones."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
try:
    import numpy as np
    from recording import Recording
except ImportError as e:
    print(f"skipped: {e.name} is missing")
    sys.exit(77)

arguments = argparse.ArgumentParser()
arguments.add_argument("--grfd", required=True)
arguments.add_argument("--seconds", type=float, default=30)
arguments = arguments.parse_args()
IMUS = ["shank_left", "foot_left", "shank_right", "foot_right"]
bad = []


def check(what, value, bound, unit=""):
    ok = bool(np.isfinite(value) and value <= bound)
    print(f"  {what:62s} {value:9.4f}  bound {bound:g} {unit}{'' if ok else '   <-- MISSED'}")
    if not ok:
        bad.append(what)


def simulate(folder, name, imus, more=(), moves=()):
    file = f"{folder}/{name}.h5"
    settings = [f'device.imu_{i}.{s}' for i in imus for s in ('driver="xio_ximu3"', "rate_hz=400", *more)]
    if more:
        settings += ["stimulus.sync.period_s=0.7", "stimulus.sync.first_s=3.1", "stimulus.sync.width_s=0.05"]
    settings += [f"stimulus.subject.{m}" for m in moves]
    command = [arguments.grfd, "simulate", here.parents[1] / "config/demo.toml", "-o", file, "--seconds", str(arguments.seconds)]
    subprocess.run(command + [a for s in settings for a in ("--set", s)], check=True, timeout=200)
    checks = [] if moves else [[sys.executable, "-B", here / "check_demo.py", file, str(int((arguments.seconds - 8) / 6.4))]]
    for command in checks + [[arguments.grfd, "verify", file]]:
        result = subprocess.run(command, capture_output=True, text=True)
        print(result.stdout if "check_demo" in str(command) else "")
        if result.returncode:
            bad.append(f"{name}: {command} says {result.stdout[-500:]}{result.stderr}")
    return Recording(file)


def holes(stream):
    return float(np.sum(np.diff(stream.seq.astype(np.int64)) - 1))


with tempfile.TemporaryDirectory() as folder:
    print("four x-IMU3 at 400 Hz")
    r = simulate(folder, "four", IMUS)
    for i in IMUS:
        t = r[f"raw/imu_{i}/inertial"].t
        check(f"{i}: rate, off by", abs((len(t) - 1) / (t[-1] - t[0]) - 400 / 1.0012), 0.2, "Hz")

    print("sensors that complain and start anew")
    file = f"{folder}/anew.h5"
    settings = [f'device.imu_{i}.{s}' for i in IMUS for s in ('driver="xio_ximu3"', "rate_hz=400")]
    settings += ["device.imu_foot_left.emulation.faults={reboot=0.0003,error=0.002}"]
    subprocess.run([arguments.grfd, "simulate", here.parents[1] / "config/demo.toml", "-o", file, "--seconds", "20"]
                   + [a for s in settings for a in ("--set", s)], check=True, timeout=200)
    newest_epoch = lambda stream: int(Recording(file).file[f"streams/{stream}/epoch"][:].max())
    check("starts missing of at least one", 1 - newest_epoch("raw/imu_foot_left/inertial"), 0)
    check("and of a message after it", 1 - newest_epoch("raw/imu_foot_left/messages"), 0)
    check("epoch of events, which have none", newest_epoch("events"), 0)
    check("verify calls it bad", subprocess.run([arguments.grfd, "verify", file], stdout=subprocess.DEVNULL).returncode, 0)

    print("two x-IMU3 at the feet with high-g sensors and SA-Sync boxes, two MicroStrain sensors at 1 kHz")
    r = simulate(folder, "mixed", ["foot_left", "foot_right"], ("high_g_rate_hz=1600", "sync_box=true"))
    true = np.sort(np.concatenate([np.arange(3.1, arguments.seconds, 0.7), np.arange(3.15, arguments.seconds, 0.7)]))
    line = r["raw/u6/sync"]
    check("U6: edges that are not there", abs(len(line.t) - len(true)), 1)
    for i in ("foot_left", "foot_right"):
        sync, highg, inertial = (r[f"raw/imu_{i}/{s}"] for s in ("sync", "highg", "inertial"))
        e = [t - true[np.argmin(abs(true - t))] for t in sync.t]
        check(f"{i}: edges that are not there", abs(len(sync.t) - len(true)), 1)
        check(f"{i}: edges against the truth, worst", 1e3 * np.max(np.abs(e)), 0.5, "ms")
        check(f"{i}: edges against the truth, scatter", 1e3 * np.std(e), 0.1, "ms")
        check(f"{i}: holes in the numbers", holes(highg) + holes(inertial) + holes(sync), 0)
        check(f"{i}: high-g rate, off by", abs((len(highg.t) - 1) / (highg.t[-1] - highg.t[0]) - 1600 / 0.979), 2, "Hz")
        check(f"{i}: time of high-g samples goes back", float(np.sum(np.diff(highg.t) <= 0)), 0)

    print("the same feet raising the heels eight times")
    moves = ("heel_raise_count=8", "heel_raise_first_s=9", "heel_raise_period_s=2", "repetitions=0")
    r = simulate(folder, "raises", ["foot_left", "foot_right"], ("high_g_rate_hz=1600", "sync_box=true"), moves)
    for i in ("foot_left", "foot_right"):
        # Both accelerometers feel the same: the shift that fits best. The mean of two samples is stamped with the second.
        highg, inertial = (r[f"raw/imu_{i}/{s}"] for s in ("highg", "inertial"))
        late = r.file[f"streams/raw/imu_{i}/highg"].attrs["delay_s"][0]
        check(f"{i}: delay of a mean of two at 3200 Hz, off by", abs(late - 0.5 / 3200) * 1e3, 1e-9, "ms")
        t = inertial.t[(inertial.t > 9) & (inertial.t < 25)]
        both = [(inertial.at(f"accel_{a}", t), [highg.at(f"accel_{a}", t + s * 1e-3) for s in (-5, 0, 5)]) for a in "xyz"]
        cost = sum(np.array([np.mean((h - a - np.mean(h - a)) ** 2) for h in hs]) for a, hs in both)
        check(f"{i}: high-g behind inertial", abs(5 * (cost[0] - cost[2]) / (2 * (cost[0] - 2 * cost[1] + cost[2]))), 0.25, "ms")  # four times what noise does
print("MISSED: " + "; ".join(bad) if bad else "all bounds held")
sys.exit(bool(bad))
