"""How the squat fixtures store channels and answers; for make_squat_cases.py, make_squat_loads.py and
make_squat_posture.py."""
import math
import numpy as np

STEP = 10  # ticks of 1 ms between stored samples


def pack(x, scale):
    """-> stored form (differences of counts, or a constant), the 1 kHz course that the stored form means"""
    c = np.round(np.asarray(x, float)[::STEP] / scale).astype(int)
    a, j = c * scale, np.arange(STEP)
    full = np.r_[((a[:-1, None] * (STEP - j) + a[1:, None] * j) / STEP).ravel(), a[-1]]
    return (int(c[0]) if (c == c[0]).all() else np.diff(c, prepend=0).tolist()), full


def clean(x):
    """What JSON can hold: the unknown as null."""
    if isinstance(x, (np.floating, float)): return float(x) if math.isfinite(x) else None
    if isinstance(x, (np.integer, int)) and not isinstance(x, bool): return int(x)
    if isinstance(x, dict): return {k: clean(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)): return [clean(v) for v in x]
    return x
