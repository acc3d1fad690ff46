"""Writes tests/fixtures/lunge.json: trials of the knee-to-wall test, 1 kHz, and what the reference code makes of them.
make_lunge.py FOLDER_OF_THE_REFERENCE OUTPUT"""
import json
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
from gp_protocols import lunge


def with_holes(x, *holes):
    x = x.copy()
    for first, last in holes:
        x[first:last] = np.nan
    return x


random = np.random.default_rng(21)
lean = np.linspace(0, 45, 1000)
heel = np.where(lean > 38, 2 * (lean - 38), 0.0)
u = np.linspace(0, 1, 1200)
there_and_back = 41 * np.sin(np.pi * u) ** 2
noise = random.normal(0, 0.3, (2, 1000))
spoilt = heel + noise[1]
spoilt[0] = -3
cases = {
    "the heel rises at 38 deg": (lean, heel),
    "noise, and a first sample that is wrong": (lean + noise[0], spoilt),
    "never up, and back again; the foot 1.5 deg down throughout": (there_and_back - 1.5, np.full(1200, -1.5)),
    "holes, also in the first 0.3 s": (with_holes(lean, (500, 520), (830, 840)), with_holes(heel, (0, 100), (500, 510), (600, 620))),
    "an even number of known first samples": (lean, with_holes(heel + np.where(lean < 6, 0.01 * np.arange(1000), 1.5), (3, 14))),
    "shorter than 0.3 s": (np.linspace(0, 20, 250), np.where(np.linspace(0, 20, 250) > 15, 8.0, 0.25)),
    "up in between": (there_and_back, np.where((u > 0.3) & (u < 0.7), 12.0, 0.0)),
}
out = []
for name, (shank, pitch) in cases.items():
    shank, pitch = np.round(shank, 3), np.round(pitch, 3)
    known = [[None if np.isnan(v) else float(v) for v in x] for x in (shank, pitch)]
    r = lunge(shank, pitch)
    out.append(dict(name=name, shank=known[0], pitch=known[1], angle=float(r["angle"]), heel_down=float(r["valid_fraction"]),
                    start_pitch=float(np.nanmedian(pitch[:300])), lost=float((np.isnan(shank) | np.isnan(pitch)).mean())))
json.dump(dict(cases=out), open(sys.argv[2], "w"))
