#!/usr/bin/env python3
"""Two simulations are equal byte for byte, however many samples the pipeline takes at a time.

  check_equal.py [--grfd build/release/grfd] [--short]

The demonstration rig for 20 s (5 s with --short), and with GRFD_TEST_DATA (default ../shared/data beside the project) one
real recording: twice with the default, then with batches of 1, 7, 64 and 1000.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def digest(grfd, arguments, batch, folder):
    out = pathlib.Path(folder) / "equal.h5"  # one name: the recording knows it
    command = [grfd, "simulate", *arguments, "-o", out] + (["--batch", batch] if batch else [])
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return hashlib.sha256(out.read_bytes()).hexdigest(), out.stat().st_size


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--grfd", default=ROOT / "build/release/grfd")
    arguments.add_argument("--short", action="store_true")
    a = arguments.parse_args()
    cases = {"demo.toml": [ROOT / "config/demo.toml", "--seconds", 5 if a.short else 20]}
    data = pathlib.Path(os.environ.get("GRFD_TEST_DATA", ROOT.parent / "shared/data"))
    recordings = sorted(data.glob("01*/derived_plate6/BFR007.csv.gz"))
    if recordings:
        cases["BFR007"] = [ROOT / "tests/fixtures/rig_recording.toml", "--recording", recordings[0], "--plates", "left=1,right=2",
                           "--lead-in", 5, "--set", "device.u6.emulation.drift_ppm=35"]
    else:
        print(f"no recordings in {data}; set GRFD_TEST_DATA")
    different = False
    with tempfile.TemporaryDirectory() as folder:
        for name, what in cases.items():
            first, size = digest(a.grfd, what, None, folder)
            for batch in (None, 1, 7, 64, 1000):
                again, _ = digest(a.grfd, what, batch, folder)
                different |= again != first
                print(f"{name:10s} batch {batch or 'default':>7}: {'equal' if again == first else 'DIFFERENT'} ({size} bytes, {again[:16]})", flush=True)
    return different


if __name__ == "__main__":
    sys.exit(main())
