#!/usr/bin/env python3
"""Lets the daemon record and publish for a long time and looks whether anything is lost or grows.

  soak.py [--grfd build/release/grfd] [--minutes 60] [SETTING...]

The demonstration rig in real time, one recording, a subscriber in another process. At the end every stream must be whole
(no hole in `seq`, no gap, no loss in any counter), the subscriber must have seen the newest row of every raw stream, the file
must be good for `grfd verify`, memory must have stayed within 4 MB of what it was after two minutes, and the newest row of
the feed must never have been older than 250 ms at the median of any minute. SETTINGs are passed on as `--set`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from checks import Daemon, ask, check, finish
from recording import Recording

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SETTLED_S, MEMORY_MB, AGE_MS = 120, 4, 250


def memory_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmRSS of {pid}")


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grfd", default=str(ROOT / "build/release/grfd"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("settings", nargs="*")
    arguments = parser.parse_args()
    grfctl = str(pathlib.Path(arguments.grfd).with_name("grfctl"))
    seconds = arguments.minutes * 60
    if seconds < SETTLED_S + 60:
        parser.error("--minutes must be 3 or more: memory is watched after the first two")
    with tempfile.TemporaryDirectory(prefix="grfd-soak-") as folder:
        daemon = Daemon(arguments.grfd, str(ROOT / "config/demo.toml"), folder, "record.at_start=true", "record.name=soak", *arguments.settings)
        subscriber = subprocess.Popen([sys.executable, str(HERE / "subscriber.py"), daemon.feed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            subscriber.stdout.readline()
            memory, ages = [], []
            while (passed := time.monotonic() - daemon.started) < seconds:
                daemon.until(min(seconds, passed + 20))
                if daemon.process.poll() is not None:
                    break
                code, text = ask(grfctl, daemon.control, "--json", "status")[:2]
                check(f"{time.monotonic() - daemon.started:.0f} s: it answers", code == 0, text)
                status = json.loads(text)
                memory.append((time.monotonic() - daemon.started, memory_mb(daemon.process.pid)))
                ages.append(status["feed_age_ms"]["batched"]["p50"])
            used = processor_s(daemon.process.pid) / (time.monotonic() - daemon.started)
            seen = json.loads(subscriber.communicate("")[0])
            lost = {k: v for k, v in status["counters"].items() if v and k != "feed.late_subscriptions"}  # the subscriber's own
            asked = time.monotonic()
            daemon.stop(60 + seconds / 10)  # it waits until the trial is HDF5, which takes its time at low priority
            finalised_s = time.monotonic() - asked
        finally:
            subscriber.kill()
            daemon.stop()
        if daemon.process.returncode != 0:
            daemon.show_log()
        check(f"it ends well, {finalised_s:.1f} s after it was asked to", daemon.process.returncode == 0, daemon.process.returncode)
        path = f"{folder}/trials/soak.h5"
        file = Recording(path)
        check("no counter of trouble", not lost, lost)
        check("no gap", not file["gaps"].texts(), file["gaps"].texts()[:5])
        done = subprocess.run([arguments.grfd, "verify", path], capture_output=True, text=True)
        check("verify", done.returncode == 0, done.stdout + done.stderr)
        summary = json.loads(subprocess.run([arguments.grfd, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]
        holes = {s["name"]: s["missing"] for s in summary["streams"] if s["missing"] or s["gaps"]}
        rows = sum(s["rows"] for s in summary["streams"])
        check(f"{rows} rows of {summary['seconds']:.0f} s, none missing", rows > 1000 and not holes and summary["seconds"] > seconds - 10, holes)
        for stream, newest in seen.items():
            last = int(file[stream].seq[-1])
            check(f"{stream}: the subscriber kept up ({newest} of {last})", last - newest < 3000, (newest, last))
        check("five raw streams were followed", len(seen) == 5, list(seen))
        settled = [m for t, m in memory if t > SETTLED_S]
        check(f"memory {settled[0]:.1f} MB after two minutes, then {min(settled):.1f} to {max(settled):.1f}", max(settled) - settled[0] < MEMORY_MB, memory)
        check(f"age of the feed, median of each minute: {min(ages):.1f} to {max(ages):.1f} ms", max(ages) < AGE_MS, ages)
        print(f"processor: {100 * used:.1f} % of one core, {len(summary['repetitions'])} repetitions")
    finish()


main()
