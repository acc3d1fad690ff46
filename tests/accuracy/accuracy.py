#!/usr/bin/env python3
"""The accuracy report. Called by tests/accuracy/run, which builds what is needed.

  accuracy.py --build build/release [--report build/accuracy/report.md] [--seeds 20] [--only PART]... [--preset NAME]...
"""
import argparse
import os
import pathlib
import subprocess
import sys

import calibration
import clocks
import cost
import fast
import forces_only
import gait
import inertial
import plates
import recordings
import replays
import rig
import rig_ankles
import rig_plates
import vectors
from direct import Direct
from presets import PRESETS, coverage
from report import Report

# Of the parts on recordings: so many figures have all their files. Fewer: a file is not there.
LEAST_FIGURES = {"plates": 117, "stance": 42, "orientation": 18, "gait": 1896, "alive": 20, "replays": 92, "recordings": 283}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    words.add_argument("--report", type=pathlib.Path, default=ROOT / "build/accuracy/report.md")
    words.add_argument("--seeds", type=int, default=20)
    # 0 to 19 were looked at while the bounds were written
    words.add_argument("--first-seed", type=int, default=100)
    words.add_argument("--only", action="append", help="one of the parts")
    words.add_argument("--preset", action="append", help="one of the subjects of the part rig")
    a = words.parse_args()
    data = pathlib.Path(os.environ.get("GRFD_TEST_DATA", ROOT.parent / "shared/data"))
    report, direct = Report(a.report), Direct(a.build / "tests/accuracy_direct")
    grfd = a.build / "grfd"
    parts = {
        "plates": lambda: plates.check_plates(report, direct, data),
        "stance": lambda: plates.check_stance(report, direct, data),
        "orientation": lambda: inertial.check_orientation(report, direct, data),
        "gait": lambda: gait.check_gait(report, direct, data),
        "alive": lambda: inertial.check_alive(report, direct, data),
        "replays": lambda: replays.check_replays(report, direct, grfd, data),
        "recordings": lambda: recordings.check_recordings(report, direct, grfd, data),
        "forces": lambda: forces_only.check_forces(report, grfd, a.seeds, a.first_seed),
        "cost": lambda: cost.check_cost(report, a.build),  # alone on the machine, before the rig takes every processor
        "vectors": lambda: vectors.check_vectors(report, a.build),
        "clocks": lambda: clocks.check_clocks(report, grfd),
        "plate rigs": lambda: rig_plates.check_plates(report, grfd, a.seeds, a.first_seed),
        "ankles": lambda: rig_ankles.check_ankles(report, grfd, a.seeds, a.first_seed),
        "fast": lambda: fast.check_fast(report, direct, a.seeds, a.first_seed),
        "calibration": lambda: calibration.check_calibration(report, direct, a.seeds, a.first_seed),
        "rig": lambda: rig.check_rig(report, grfd, a.seeds, a.first_seed, a.preset),
    }
    for option, given, known in (("--only", a.only, parts), ("--preset", a.preset, PRESETS)):
        if set(given or ()) - set(known):
            raise SystemExit(f"{option} takes {', '.join(known)}")
    report.state()
    if not data.is_dir():
        report.note(f"no recordings at {data} (GRFD_TEST_DATA): nothing on real data can be measured")
    chosen = [n for n in parts if not a.only or n in a.only]
    for name in chosen:
        before = report.count()
        parts[name]()
        report.expect(name, report.count() - before, LEAST_FIGURES.get(name, 1))
    head = [subprocess.run([grfd, "--version"], capture_output=True, text=True).stdout.strip()]
    if a.only:
        head.append(f"Only: {', '.join(a.only)}.")
    if "rig" in chosen:
        subjects = [n for n in PRESETS if not a.preset or n in a.preset]
        of = f"only {', '.join(subjects)}" if a.preset else "every preset"
        head += [f"Emulated rig: seeds {a.first_seed} to {a.first_seed + a.seeds - 1} for {of}.", "", *coverage(subjects)]
    return report.finish(head, everything=not a.only and not a.preset)


if __name__ == "__main__":
    sys.exit(main())
