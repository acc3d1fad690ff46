#!/usr/bin/env python3
"""The real grfd against simulated devices in another process: found by serial, streamed, one unplugged and plugged in
again while it records, and a recording that holds every other sample.
Usage: process_test.py UMOCKDEV_WRAPPER SIMULATED_USB_HOST GRFD GRFCTL DEMO.toml
Judges continuity, recovery and content; never latency. All calls of libusb go through one socket, so the sensors put 10
samples into a transfer: about 700 transfers a second."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "end_to_end"))
try:
    import numpy as np

    from checks import ask, check, finish, log_of, wait_for
    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

WRAPPER, HOST, GRFD, GRFCTL, DEMO = sys.argv[1:6]
IMUS = ["imu_shank_left", "imu_foot_left", "imu_shank_right", "imu_foot_right"]
STREAMS = {"u6": "raw/u6/scan", **{n: f"raw/{n}/inertial" for n in IMUS}}
PULLED = "imu_foot_left"
NEW_EPOCH = 1 << 6


class Bus:
    """The devices' process."""
    def __init__(self):
        sets = ["stimulus.subject.step_on_s=6", "stimulus.subject.first_descent_s=60"] + [f"device.{n}.emulation.group=10" for n in IMUS]
        self.process = subprocess.Popen([WRAPPER, HOST, DEMO, *sets], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started = time.monotonic()
        self.root = self.process.stdout.readline().strip()

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def session(folder, bus):
    control = f"ipc://{folder}/control"
    log = open(f"{folder}/log", "w+")
    sets = [f"device.{n}.emulated=false" for n in STREAMS] + [
        f"control.endpoint={control}", "feed.enabled=false", f"record.folder={folder}/trials", "record.at_start=false", "record.tare_at_start=false"]
    daemon = subprocess.Popen([WRAPPER, GRFD, "run", DEMO, *(w for s in sets for w in ("--set", s))],
                              stderr=log, stdout=log, env={**os.environ, "UMOCKDEV_DIR": bus.root})

    ctl = lambda *words: ask(GRFCTL, control, *words)
    devices = lambda: {d["name"]: d for d in json.loads(ctl("--json", "devices")[1])}
    until = lambda seconds: time.sleep(max(0, bus.started + seconds - time.monotonic()))
    try:
        check("the daemon answers", wait_for(lambda: ctl("--timeout", "1", "--json", "ping")[0] == 0, 15))
        check("all five devices stream", wait_for(lambda: all(d["state"] == "streaming" for d in devices().values()), 10), devices())
        serials = {n: d["serial"] for n, d in devices().items()}
        check("each is the one with its serial number", serials == {"u6": "360012345", **{n: f"6286.10000{k + 1}" for k, n in enumerate(IMUS)}}, serials)
        code, out, err = ctl("record", "start", "process")
        check("record start", code == 0, out + err)
        begin, before = time.monotonic(), bus.say("figures")
        code, out, err = ctl("tare")
        check("tare", code == 0, out + err)
        until(5.5)
        bus.say(f"unplug {PULLED}")
        check("the sensor is lost", wait_for(lambda: devices()[PULLED]["state"] in ("lost", "retry", "absent"), 10), devices()[PULLED])
        check("nobody else is", all(d["state"] == "streaming" for n, d in devices().items() if n != PULLED), devices())
        until(7)
        asked = bus.say(f"plug {PULLED}")["stranger"]  # the search for the lost sensor has met it
        check("the sensor is back", wait_for(lambda: devices()[PULLED]["state"] == "streaming", 10) and devices()[PULLED]["restarts"] == 1, devices()[PULLED])
        time.sleep(max(0, begin + 8.5 - time.monotonic()))
        after, took = bus.say("figures"), time.monotonic() - begin
        code, out, err = ctl("record", "stop")
        check("record stop", code == 0 and out == f"recorded: {folder}/trials/process.h5\n", out + err)
        state = devices()
        daemon.send_signal(signal.SIGTERM)
        check("SIGTERM ends it well", daemon.wait(20) == 0)
    finally:
        log_of(daemon, log)
    rate = sum(after[n]["urbs"] - before[n]["urbs"] for n in STREAMS) / took
    held = {n: f"{after[n]['held']} times, {after[n]['held_ms']:.0f} ms" for n in STREAMS if after[n]["held"] > before[n]["held"]}
    print(f"       {rate:.0f} transfers/s in all; devices that found no transfer in flight and waited: {held or 'none'}")
    check("at least eight transfers were in flight for each", all(after[n]["deepest"] >= 8 for n in STREAMS), after)
    check("no transfer without a claim", all(f["unclaimed"] == 0 for f in after.values()), after)
    end = bus.say("figures")
    check("in the end nothing is claimed", all(not f["claimed"] for f in end.values()), end)
    check("the unit that nobody wants was asked who it is, let go, and left alone", asked["urbs"] > 0 and not asked["claimed"] and after["stranger"] == asked, (asked, after["stranger"]))
    return state


def recording(path, state):
    done = subprocess.run([GRFD, "verify", path], capture_output=True, text=True)
    check("grfd verify", done.returncode == 0, done.stdout + done.stderr)
    f = Recording(path)
    gaps = [(n, json.loads(d)) for _, n, d in f["gaps"].texts()]
    lost = [d for n, d in gaps if n == "lost"]
    check("one loss: of the sensor that was unplugged, with its cause", [(d["stream"], d["cause"], d["count"]) for d in lost] == [(STREAMS[PULLED], "unplugged", -1)], gaps)
    late = {d["device"] for n, d in gaps if n == "late"}
    check("before it was lost it was missed", PULLED in late, gaps)
    check("nothing is in the gaps but that and lateness", {n for n, _ in gaps} <= {"lost", "late"}, gaps)
    print(f"       late on this busy machine, and lost nothing: {sorted(late - {PULLED}) or 'nobody else'}")
    start, end = min(f[s].t[0] for s in STREAMS.values()), max(f[s].t[-1] for s in STREAMS.values())
    for device, stream in STREAMS.items():
        s = f[stream]
        seq, ticks = s.seq.astype(np.int64), np.diff(s.group["t_device"][:].astype(np.int64))
        period = 1 if device == "u6" else 1_000_000  # scans; the sensor's own nanoseconds
        away = np.flatnonzero(np.diff(s.t) > 0.25)
        check(f"{stream}: {len(seq)} rows in {end - start:.2f} s, the first and the last included",
              s.t[0] - start < 0.25 and end - s.t[-1] < 0.25, (s.t[0] - start, end - s.t[-1]))
        if device != PULLED:
            check(f"{stream}: every row follows the one before, in seq and in the device's own count",
                  np.all(np.diff(seq) == 1) and np.all(ticks == period) and not np.any(s.flags & NEW_EPOCH), (np.flatnonzero(np.diff(seq) != 1), np.flatnonzero(ticks != period)))
            missing = (end - start) * 1000 - len(seq)
            check(f"{stream}: 1000 rows per second", abs(missing) < 300, missing)
            continue
        k = int(away[0]) if len(away) else 0
        gone = s.t[k + 1] - s.t[k]
        check(f"{stream}: away once, for {gone:.2f} s, then {len(seq) - k - 1} rows more", len(away) == 1 and 1 < gone < 3.5 and len(seq) - k - 1 > 1000, s.t[away])
        check(f"{stream}: the ledger says for how long", len(lost) == 1 and abs(lost[0]["seconds"] - gone) < 0.2, lost)
        both = np.delete(np.diff(seq), k), np.delete(ticks, k)
        check(f"{stream}: before and after every row follows the one before", np.all(both[0] == 1) and np.all(both[1] == period), (np.flatnonzero(both[0] != 1), np.flatnonzero(both[1] != period)))
        check(f"{stream}: a new epoch begins with the replug", list(np.flatnonzero(s.flags & NEW_EPOCH)) == [k + 1], np.flatnonzero(s.flags & NEW_EPOCH))
    counters = {n: d["counters"] for n, d in state.items()}
    check("the daemon counts that one loss of unknown length and nothing else", counters == {n: {"losses_unknown": 1} if n == PULLED else {} for n in STREAMS}, counters)
    check("the digital lines are open", np.all(f["raw/u6/scan"]["digital"] == 0xffff))
    for n in IMUS:
        s = f[STREAMS[n]]
        g = np.median(np.sqrt(s["accel_x"] ** 2 + s["accel_y"] ** 2 + s["accel_z"] ** 2))
        check(f"{n}: gravity is {g:.4f} g", abs(g - 1) < 0.006)  # zero errors are below 0.03 m/s2 an axis
    fz = [f[f"plate/{side}"]["fz"][-1000:] for side in ("left", "right")]
    weight = float(np.nanmedian(fz[0] + fz[1]))
    check(f"the plates carry {weight:.1f} N of 784.5 N", abs(weight - 80 * 9.80665) < 8, weight)


with tempfile.TemporaryDirectory(prefix="grfd_usb_") as place:
    the_bus = Bus()
    try:
        recording(f"{place}/trials/process.h5", session(place, the_bus))
    finally:
        the_bus.process.stdin.close()
        code = the_bus.process.wait(20)
    check("the devices' process ends well", code == 0, code)
    print(f"       {time.monotonic() - the_bus.started:.1f} s in all")
finish()
