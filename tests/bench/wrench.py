"""scipy and numpy on the same wrenches as bench_wrench: equal results, and how long each takes.

Usage: wrench.py <bench_wrench> <folder for temporary files>
"""
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import signal

FRAMES, REPETITIONS, BLOCK, PLATES = 60_000, 9, 10, 2
SURFACE_M = 0.01
SD = np.array([0.3, 0.3, 0.9, 0.2, 0.2, 0.1])
COVARIANCE = np.outer(SD, SD) * np.where(np.eye(6) > 0, 1, 0.1)
SOS = signal.butter(4, 20, fs=1000, output="sos")


def wrenches():
    """Both feet on two plates, swaying: float64 [frames, plate and channel]."""
    random, t = np.random.default_rng(5), np.arange(FRAMES) / 1000
    all_plates = []
    for plate in range(PLATES):
        fz = 400 + 150 * np.sin(2 * np.pi * 0.3 * t + plate)
        fx, fy = 12 * np.sin(2 * np.pi * 0.7 * t), 9 * np.cos(2 * np.pi * 0.5 * t)
        x, y = 0.3 * plate - 0.15 + 0.01 * np.sin(t), 0.07 + 0.02 * np.cos(0.8 * t)
        w = np.stack([fx, fy, fz, y * fz - SURFACE_M * fy, SURFACE_M * fx - x * fz, x * fy - y * fx + 2 * np.sin(t)], axis=1)
        all_plates.append(w + random.normal(size=w.shape) * SD)
    return np.ascontiguousarray(np.concatenate(all_plates, axis=1))


def centre(w, z, covariance):
    """cop_ml, cop_ap, free moment and uncertainty of wrenches [frames, 6]; NaN without contact."""
    fx, fy, fz, mx, my, mz = w.T
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = (z * fx - my) / fz, (mx + z * fy) / fz
        c = covariance
        vx = (z * z * c[0, 0] + x * x * c[2, 2] + c[4, 4] - 2 * z * x * c[0, 2] - 2 * z * c[0, 4] + 2 * x * c[2, 4])
        vy = (z * z * c[1, 1] + y * y * c[2, 2] + c[3, 3] - 2 * z * y * c[1, 2] + 2 * z * c[1, 3] - 2 * y * c[2, 3])
        sigma = np.sqrt(np.maximum(vx, vy)) / np.abs(fz)
    out = np.stack([x, y, mz - x * fy + y * fx, sigma], axis=1)
    out[fz < 50] = np.nan
    return out


def centres(w):
    left, right = w[:, :6], w[:, 6:]
    return np.concatenate([centre(left, SURFACE_M, COVARIANCE), centre(right, SURFACE_M, COVARIANCE),
                           centre(left + right, 0.0, 2 * COVARIANCE)], axis=1)


def filtered(w, block):
    state = signal.sosfilt_zi(SOS)[:, :, None] * w[0]
    if block == 0:
        return signal.sosfilt(SOS, w, axis=0, zi=state)[0]
    out = np.empty_like(w)
    for i in range(0, len(w), block):
        out[i:i + block], state = signal.sosfilt(SOS, w[i:i + block], axis=0, zi=state)
    return out


def filtered_rows(w, block):
    """The other layout: channels outermost, which is scipy's faster one."""
    return signal.sosfilt(SOS, w, axis=1, zi=signal.sosfilt_zi(SOS)[:, None, :] * w[:, 0][None, :, None])[0]


def centres_in_blocks(w, block):
    if block == 0:
        return centres(w)
    return np.concatenate([centres(w[i:i + block]) for i in range(0, len(w), block)])


def row(what, peer, ratios, figures):
    print(f"| {what} | {peer} | {np.median(ratios):.3g} | {min(ratios):.3g} .. {max(ratios):.3g} ({len(ratios)}) | {figures} |", flush=True)


def main(program, folder):
    source, results = Path(folder, "wrenches.f64"), Path(folder, "results.f64")
    w = wrenches()
    w.tofile(source)
    ours = subprocess.Popen([program, source, results], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if ours.stdout.readline() != "ready\n":
        sys.exit("bench_wrench did not start")
    written = np.fromfile(results)
    our_filtered, our_cop = written[:w.size].reshape(FRAMES, 12), written[w.size:].reshape(FRAMES, 12)
    their_filtered = filtered(w, 0)
    their_cop = centres(their_filtered)
    known = np.isfinite(our_cop).all(axis=1)
    filter_difference = np.abs(our_filtered - their_filtered).max()
    cop_difference = np.abs(our_cop[known] - their_cop[known]).max()
    # rounding only, on values of some hundred newtons; both debounces of the total take 8 frames
    if not (filter_difference < 1e-12 * np.abs(w).max() and cop_difference < 1e-12 and known[8:].all()):
        sys.exit(f"results differ: filter {filter_difference}, CoP {cop_difference}, {np.count_nonzero(~known)} frames without a CoP")

    def ask(work, block):
        ours.stdin.write(f"{work} {block}\n")
        ours.stdin.flush()
        return int(ours.stdout.readline())

    columns = np.ascontiguousarray(w.T)
    cases = [("filter", 0, "two wrenches, Butterworth 4, whole minute: speed", "scipy sosfilt, axis 0", filtered, w),
             ("filter", 0, "two wrenches, Butterworth 4, whole minute: speed", "scipy sosfilt, axis 1", filtered_rows, columns),
             ("filter", BLOCK, "two wrenches, Butterworth 4, 10 frames per call: speed", "scipy sosfilt", filtered, w),
             ("cop", 0, "CoP, free moment, uncertainty of two plates and total, whole minute: speed", "numpy", centres_in_blocks, their_filtered),
             ("cop", BLOCK, "the same, 10 frames per call: speed", "numpy", centres_in_blocks, their_filtered)]
    for work, block, what, peer, function, data in cases:
        ratios, our_ns, their_ns = [], [], []
        difference = filter_difference if work == "filter" else cop_difference
        for _ in range(REPETITIONS if block == 0 else 5):
            our_ns.append(ask(work, block))
            before = time.thread_time_ns()
            function(data, block)
            their_ns.append(time.thread_time_ns() - before)
            ratios.append(their_ns[-1] / our_ns[-1])
        row(what, peer, ratios, f"{np.median(our_ns) / FRAMES:.1f} : {np.median(their_ns) / FRAMES:.1f} ns/frame; largest difference {difference:.1e}")
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
