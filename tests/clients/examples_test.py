#!/usr/bin/env python3
"""The examples in C++ and JavaScript against a running emulated daemon: what they print is what the recording holds.
Usage: examples_test.py GRFD DEMO.toml FOLDER_FOR_NPM PROGRAM..."""
import math
import os
import shutil
import subprocess
import sys
import tempfile

from checks import Daemon, check, failures, finish, skip, wait_for

try:
    import numpy as np

    import grfd
    import h5py  # noqa: F401 - grfd.open needs it
    import zmq  # noqa: F401 - grfd.control needs it
except ImportError as e:
    skip(f"{e} (python3-numpy, python3-zmq, python3-h5py)")

GRFD, DEMO, NPM, *PROGRAM = sys.argv[1:]


def install():
    """node_modules beside a copy of the example, by its lock file; no script of a package is run."""
    source = os.path.dirname(PROGRAM[-1])
    os.makedirs(NPM, exist_ok=True)
    for name in ("live.mjs", "feed_rows.mjs", "package.json", "package-lock.json"):
        shutil.copy(f"{source}/{name}", NPM)
    if not os.path.isdir(f"{NPM}/node_modules/zeromq"):
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, capture_output=True, text=True)
        if done.returncode:
            skip("npm ci did not get the package zeromq: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    PROGRAM[-1] = f"{NPM}/live.mjs"


def read(line):
    """name 1.234 s  column value unit  ... -> name, t, {column: (value, unit)}"""
    head, *cells = line.split("  ")
    name, t, second = head.split(" ")
    assert second == "s"
    return name, float(t), {c.split(" ")[0]: (float(c.split(" ")[1]), c.split(" ")[2]) for c in cells}


if PROGRAM[-1].endswith(".mjs"):
    install()
with tempfile.TemporaryDirectory(prefix="grfd-clients-") as folder:
    daemon = Daemon(GRFD, DEMO, folder)
    try:
        check("the daemon answers", wait_for(lambda: os.path.exists(folder + "/control"), 15))
        daemon.until(5)
        nobody = subprocess.run([*PROGRAM, daemon.feed + "nobody", "ankle/", "1.5"], capture_output=True, text=True, timeout=30)
        check("no daemon: it says so", "nothing from" in nobody.stderr and nobody.returncode == 0 and nobody.stdout == "", nobody.stderr)
        with grfd.control(daemon.control) as control, control.recording("examples") as trial:
            done = subprocess.run([*PROGRAM, daemon.feed, "ankle/", "2"], capture_output=True, text=True, timeout=30)
        check("the example runs and misses nothing", done.returncode == 0 and done.stderr == "", done.stderr)
        lines = [read(x) for x in done.stdout.splitlines()]
        print("      |" + done.stdout.splitlines()[-1])
        with grfd.open(trial["file"]) as r:
            for name in ("ankle/left", "ankle/right"):
                stream = r[name]
                place = {round(t * 1000): i for i, t in enumerate(stream.t)}
                mine = [(place[round(1000 * t)], cells) for n, t, cells in lines if n == name and round(1000 * t) in place]
                values, units = stream.values, stream.units
                equal = sum(all((math.isnan(v) and math.isnan(values[i, c])) or np.float32(v) == values[i, c] for c, (v, _) in enumerate(cells.values()))
                            and {k: u for k, (_, u) in cells.items()} == units for i, cells in mine)
                check(f"{equal} of {len(mine)} rows of {name}: every bit, name and unit as in the recording", equal == len(mine) and len(mine) > 100)
    finally:
        daemon.stop()
        if failures:
            daemon.show_log()
finish()
