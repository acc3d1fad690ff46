#!/usr/bin/env python3
"""grfctl tap, delays and delays use against the real grfd. Usage: tap_test.py GRFD GRFCTL DEMO.toml
The sensors of the emulated rig lie on the left plate, which is tapped five times; each feels it late by a delay of its own.
Bound: each delay within 1 ms of the truth, as measured and as taken off the sensor's time after a restart."""
import json
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

GRFD, GRFCTL, DEMO = sys.argv[1:4]
DELAY_MS = {"imu_shank_left": 5, "imu_foot_left": 7.3, "imu_shank_right": 12.4, "imu_foot_right": 2.1}
SERIAL = {n: f"6286.10000{k + 1}" for k, n in enumerate(DELAY_MS)}
BOUND_MS = 1.0


def Daemon(folder, *more):
    delays = (f"device.{n}.emulation.delay_ms={d}" for n, d in DELAY_MS.items())
    return CommandedDaemon(GRFD, GRFCTL, DEMO, folder, "stimulus.subject.step_on_s=3000", "stimulus.subject.first_descent_s=3100", *delays, *more)


def measure(folder):
    with Daemon(folder, "stimulus.subject.tap_count=5", "stimulus.subject.tap_first_s=3.6", "stimulus.subject.tap_period_s=1.1037") as daemon:
        code, out, err = daemon.ctl("delays")
        check("no delays yet, and what to do about it", code == 0 and "grfctl tap" in out, out + err)
        code, out, err = daemon.ctl("delays", "use")
        check("none that could be used", code == 1 and "make one with tap" in err, out + err)
        code, out, err = daemon.ctl("tap", "--plate", "ceiling")
        check("an unknown plate is refused", code == 1 and "ceiling" in err, out + err)
        check("wrong use", daemon.ctl("tap", "--seconds", "soon")[0] == 2 and daemon.ctl("delays", "forget")[0] == 2)
        daemon.until(2.8)
        code, out, err = daemon.ctl("--json", "tap", "--plate", "left", "--seconds", "6")
        check("tap", code == 0, out + err)
        answer = json.loads(out)
        result = answer["detail"]
        check("it is a tap_result of five taps on the left plate", answer["event"] == "tap_result" and result["accepted"] and result["plate"] == "left" and result["taps"] == 5, answer)
        found = {i["imu"]: i for i in result["imus"]}
        check("of all four sensors", found.keys() == DELAY_MS.keys() and all(i["accepted"] and i["taps"] >= 3 for i in found.values()), found)
        for name, i in found.items():
            ms = 1e3 * i["delay_s"]
            check(f"{name}: {ms:.2f} ms of {DELAY_MS[name]} ms (spread {1e3 * i['spread_s']:.2f} ms, r {i['r']:.3f})", abs(ms - DELAY_MS[name]) < BOUND_MS, i)
        code, out, err = daemon.ctl("--json", "delays")
        kept = {d["device"]: d for d in json.loads(out)["delays"]}
        check("the same delays are kept, by serial number", code == 0 and {n: (d["serial"], d["delay_s"]) for n, d in kept.items()} == {n: (SERIAL[n], i["delay_s"]) for n, i in found.items()}, out + err)
        code, out, err = daemon.ctl("delays")
        check("delays for people", code == 0 and all(f"{n} " in out and f"{1e3 * i['delay_s']:.2f} ms" in out for n, i in found.items()), out + err)
        code, out, err = daemon.ctl("tap", "--seconds", "3")
        check("without taps it says so", code == 1 and "not measured" in out, out + err)
        left = json.loads(daemon.ctl("--json", "delays")[1])["delays"]
        check("a tap that failed changes nothing that was kept", left == list(kept.values()), left)
    return {n: i["delay_s"] for n, i in found.items()}


def use(folder, measured):
    with Daemon(folder, "record.at_start=true", "record.name=used") as daemon:
        daemon.until(3)
        code, out, err = daemon.ctl("--json", "delays")
        check("after a restart they are still known", code == 0 and {d["device"]: d["delay_s"] for d in json.loads(out)["delays"]} == measured, out + err)
        code, out, err = daemon.ctl("delays", "use")
        check("delays use", code == 0 and out == "in use: delays of 4 sensors\n", out + err)
        daemon.until(5.5)
    check("the log offered them", "grfctl delays use" in daemon.said)
    f = Recording(f"{folder}/trials/used.h5")
    at = [t for t, n, d in f["events"].texts() if n == "delays_result" and json.loads(d)["sensors"] == 4]
    check("the recording holds the event", len(at) == 1, at)
    for name, delay_s in measured.items():
        s = f[f"raw/{name}/inertial"]
        offset = s.t - 1e-9 * s.group["t_device"][:].astype(np.int64)  # its drift is below 0.1 ms in a second
        before, after = (np.median(offset[(s.t > a) & (s.t < a + 0.2)]) for a in (at[0] - 0.3, at[0] + 0.5))
        moved = 1e3 * (before - after)
        check(f"{name}: its time is {moved:.2f} ms earlier from then on", abs(moved - DELAY_MS[name]) < BOUND_MS, (moved, delay_s))
        check(f"{name}: and never goes back", np.all(np.diff(s.t) > 0), np.min(np.diff(s.t)))


with tempfile.TemporaryDirectory(prefix="grfd_tap_") as place:
    begun = time.monotonic()
    use(place, measure(place))
    print(f"       {time.monotonic() - begun:.1f} s in all")
finish()
