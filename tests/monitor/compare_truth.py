#!/usr/bin/env python3
"""Were the values in the page the ones of the emulated subject? compare_truth.py RECORDING.h5 SEEN.json
SEEN: rows of t_s, angle left, right (deg), rate left, right (deg/s), fz left, right (N), combined CoP ml, ap (m); null: unknown."""
import json
import sys

try:
    import h5py
    import numpy as np
except ImportError as e:
    print(f"SKIP: {e}")
    sys.exit(0)

f = h5py.File(sys.argv[1])
seen = np.array([[np.nan if v is None else v for v in row] for row in json.load(open(sys.argv[2]))], dtype=float)
# largest RMS: twice what README.md states for the algorithms; force: 4 N noise on each of 400 N, filtered
COLUMNS = [(1, "ankle/left", "dorsiflexion", 0.2), (2, "ankle/right", "dorsiflexion", 0.2), (3, "ankle/left", "dorsiflexion_rate", 0.2),
           (4, "ankle/right", "dorsiflexion_rate", 0.2), (5, "plate/left", "fz", 3), (6, "plate/right", "fz", 3), (7, "cop/total", "cop_ml", 4e-4), (8, "cop/total", "cop_ap", 4e-4)]
good = True
for place, stream, column, limit in COLUMNS:
    measured, truth = f["streams/" + stream.replace("plate/", "cop/")], f["streams/truth/" + stream]
    names = lambda s: [c.decode() for c in s["columns"][:]]
    delay = measured.attrs["delay_s"][names(measured).index(column)]
    t, v = truth["t"][:], truth["values"][:, names(truth).index(column)]
    # quiet from 12 s on: the step onto the plates is not what a filter's constant delay describes
    use = (seen[:, 0] > 12) & np.isfinite(seen[:, place]) & (seen[:, 0] < t[-1])
    error = seen[use, place] - np.interp(seen[use, 0] - delay, t, v)
    rms = float(np.sqrt(np.mean(error**2))) if use.sum() else float("nan")
    fine = use.sum() > 100 and rms <= limit
    good &= bool(fine)
    print(f"{'  ok ' if fine else 'WRONG'}  {stream} {column}: {use.sum()} values in the page, RMS {rms:.4g} (at most {limit:g}), worst {np.max(np.abs(error)) if use.sum() else np.nan:.4g}")
sys.exit(0 if good else 1)
