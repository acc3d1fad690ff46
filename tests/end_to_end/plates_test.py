#!/usr/bin/env python3
"""Plates of eight channels, simulated. Usage: plates_test.py GRFD FOLDER_OF_FIXTURES
Bounds: CoP 1 mm RMS while loaded, free moment of all plates 0.5 N.m RMS; a drifting zero is followed within slope * tau and held
under the feet; the force rate is the slope of parabolas through 61 samples of the true force, 10 before the last, within 1.15 times what the
noise of the raw counts and the lateness of their times make of it (the slope itself differs more: the window is 61 ms long)."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np

    from checks import check_figure as check, finish
    from recording import Recording, text
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, FIXTURES = sys.argv[1:3]
# slope 10 samples before the last of 61, of the parabola nearest to them (oldest sample first)
# (norm: 19.858 N/s of 1 N of white noise)
PARABOLA = np.linalg.pinv(np.vander((np.arange(61) - 50) * 1e-3, 3, increasing=True))[1]
# The clock takes the earliest packet of a second as its own time, and that one is late by the shortest delay of the link.
LATE_S = 0.4e-3


def simulate(folder, name, seconds):
    path = os.path.join(folder, name + ".h5")
    subprocess.run([GRFD, "simulate", os.path.join(FIXTURES, name + ".toml"), "-o", path, "--seconds", str(seconds)], check=True,
                   stdout=subprocess.DEVNULL)
    return Recording(path)


def events(r, name):
    return [(t, json.loads(d)) for t, n, d in r["events"].texts() if n == name]


def raw_noise(r, name, t0, t1):
    """SD of fz (N) from the counts of the plate's own channels while nobody is there: volts per count times the Fz row."""
    plate = r.file[f"calibration/{name}"]
    c = json.loads(text(plate["json"][()]))
    scan, constants = r[c["stream"]], r[c["stream"].replace("/scan", "/calibration")]
    quiet = scan.values[(scan.t > t0) & (scan.t < t1)][:, c["columns"]].astype(float)
    if "full_scale_v" in constants.columns:  # a row for each column of the scan
        volts = {row[0]: row[1] * row[3] * 2 / 65536 for row in constants.values}
        volts = np.array([volts[column] for column in c["columns"]])
    else:
        volts = constants.values[0, 0]  # volts of a count above the centre
    matrix = plate["matrix"][:]
    if text(plate.attrs["kind"]) == "strain":
        matrix = np.linalg.pinv(matrix * (plate["gain"][:] * plate["excitation_v"][()] * 1e-6)[:, None]).T
    return np.sqrt(np.sum((np.std(quiet, axis=0, ddof=1) * volts * matrix[:, 2])**2))


def answers(r, since):
    """Centres of pressure, free moments and force rates against the subject's own."""
    tares = events(r, "tare_result")
    check("both tares are accepted", bool(tares) and tares[0][1]["accepted"], tares)
    for name in ("left", "right", "total"):
        m, true = r[f"cop/{name}"], r[f"truth/cop/{name}"]
        t = true.t[(true.t > since) & (true.t < true.t[-1] - 0.5)]
        d2 = [(m.at(c, t) - true.at(c, t)) ** 2 for c in ("cop_ml", "cop_ap")]
        known = np.isfinite(d2[0]) & np.isfinite(d2[1])
        rms = 1e3 * np.sqrt(np.mean((d2[0] + d2[1])[known]))
        check(f"CoP {name} within 1 mm RMS, known {known.mean():.1%} of the time", rms <= 1 and known.mean() > 0.99, f"{rms:.3f} mm")
        tz = np.sqrt(np.nanmean((m.at("tz", t) - true.at("tz", t)) ** 2))
        check(f"free moment {name} within 0.5 N.m RMS", tz <= 0.5, f"{tz:.3f} N.m")
    for name in ("left", "right"):
        m, true, rate = r[f"plate/{name}"], r[f"truth/plate/{name}"], r[f"force_rate/{name}"]
        check(f"force rate {name}: published delay 10 ms", rate.delay["rate"] == 0.01)
        t = true.t[(true.t > since) & (true.t < true.t[-1] - 0.5)]
        noise = raw_noise(r, name, since - 2.4, since - 1.4)  # nobody is there yet
        known = np.isfinite(rate.at("rate", t))
        check(f"force rate {name} is known", known.mean() > 0.99, f"{known.mean():.1%} of the time")
        slope = np.gradient(true.at("fz", t), t)
        fitted = np.array([PARABOLA @ w for w in np.lib.stride_tricks.sliding_window_view(true.at("fz", t), 61)])  # of t[50], t[51], ...
        error = (rate.at("rate", t)[50:50 + len(fitted)] - fitted)[known[50:50 + len(fitted)]]
        rms = np.sqrt(np.mean(error**2))
        off = np.sqrt(np.mean((rate.at("rate", t) - slope)[known]**2))
        bend = np.sqrt(np.mean(np.gradient(fitted, t[50:50 + len(fitted)])**2))  # N/s per s
        expected = np.hypot(np.linalg.norm(PARABOLA) * noise, LATE_S * bend)
        check(f"force rate {name} is that of parabolas through the true force, within 1.15 times what noise and lateness make", rms <= 1.15 * expected,
              f"{rms:.2f} N/s RMS, expected {expected:.2f}; from the true slope {off:.1f}, rates to {np.max(abs(slope)):.0f} N/s; "
              f"raw noise {noise:.3f} N, bend {bend * 1e-3:.2f} N/s per ms")


def stream_says(r, name, key):
    return text(r.file[f"streams/{name}"].attrs[key])


POLYNOMIAL = {"x": [2.51997e-15, -2.18826e-10, -2.69254e-07, -4.85912e-11, 4.55731e-6, -4.18892e-2],
              "y": [2.83750e-15, -1.00051e-10, -2.05349e-06, -1.16374e-10, 4.71553e-6, 6.89265e-2]}  # of the size of published ones


def mended(ml, ap, centre, down):
    """A point of a plate whose x is the lab's: the maker's correction, dx and dy of the uncorrected x and y in mm."""
    x, y = 1e3 * (ml - centre[0]), 1e3 * (ap - centre[1]) * (-1 if down else 1)
    dx = np.polyval(np.array(POLYNOMIAL["x"])[:3], y**2) * x**3 + np.polyval(np.array(POLYNOMIAL["x"])[3:], y**2) * x
    dy = np.polyval(np.array(POLYNOMIAL["y"])[:3], x**2) * y**3 + np.polyval(np.array(POLYNOMIAL["y"])[3:], x**2) * y
    return ml - 1e-3 * dx, ap - 1e-3 * dy * (-1 if down else 1)


def polynomial(folder):
    """The same rig with the polynomial: the same points, corrected; the total is theirs; wrenches stay."""
    rig = os.path.join(folder, "polynomial")
    shutil.copytree(os.path.join(FIXTURES, "plates"), os.path.join(rig, "plates"))
    shutil.copy(os.path.join(FIXTURES, "piezo_rig.toml"), rig)
    for side in ("left", "right"):
        with open(os.path.join(rig, "plates", f"piezo_{side}.toml"), "a") as f:
            f.write("".join(f"\ncop_polynomial_{k} = {v}" for k, v in POLYNOMIAL.items()) + "\n")
    paths = {}
    for name, source in (("with", rig), ("without", FIXTURES)):
        paths[name] = os.path.join(folder, f"polynomial_{name}.h5")
        subprocess.run([GRFD, "simulate", os.path.join(source, "piezo_rig.toml"), "-o", paths[name], "--seconds", "13"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([GRFD, "zero-phase", paths[name], "-o", paths[name] + ".twins"], check=True, stdout=subprocess.DEVNULL)
    for what, prefix, ending in (("live", "", ""), ("twin", "zero_phase/", ".twins")):
        a, b = (Recording(paths[name] + ending) for name in ("without", "with"))
        sums = 0
        for side, centre, down in (("left", (-0.205, 0.07), False), ("right", (0.205, 0.07), True)):
            name = f"{prefix}cop/{side}"
            want = mended(a[name]["cop_ml"].astype(float), a[name]["cop_ap"].astype(float), centre, down)
            known = np.isfinite(want[0])
            off = max(np.max(abs(b[name][c][known] - w[known])) for c, w in zip(("cop_ml", "cop_ap"), want))
            moved = np.max(np.hypot(want[0] - a[name]["cop_ml"], want[1] - a[name]["cop_ap"])[known])
            check(f"{what} {side}: the points of the rig without it, corrected by numpy to 1e-4 mm", known.sum() > 4000 and off < 1e-7, f"{1e3 * off:.1e} mm; it moves them by up to {1e3 * moved:.1f} mm")
            check(f"{what} {side}: where no point is known there is none", np.array_equal(known, np.isfinite(b[name]["cop_ml"])))
            check(f"{what} {side}: names its formula", stream_says(b, name, "formula") == "cop-from-wrench, cop-polynomial-piezo")
            sums = sums + b[name]["fz"].astype(float) * np.array([b[name]["cop_ml"], b[name]["cop_ap"], np.ones(len(want[0]))])
        total = b[f"{prefix}cop/total"]
        both = np.isfinite(sums[0]) & np.isfinite(total["cop_ml"])
        off = np.max(np.hypot(total["cop_ml"] - sums[0] / sums[2], total["cop_ap"] - sums[1] / sums[2])[both])
        check(f"{what}: the total is the mean of the corrected points to 1e-3 mm", both.sum() > 4000 and off < 1e-6, f"{1e3 * off:.1e} mm")
        same = all(np.array_equal(a[f"{prefix}plate/{s}"].values, b[f"{prefix}plate/{s}"].values, equal_nan=True) for s in ("left", "right"))
        check(f"{what}: the wrenches stay as they are", same)
    kept = Recording(paths["with"]).file["calibration/left"]
    check("the file keeps the coefficients", [list(kept[f"cop_polynomial_{k}"][:]) for k in "xy"] == list(POLYNOMIAL.values()))


def late(t):
    """How many seconds of drift the zero is behind."""
    return 2 - np.exp(-(t - 2.4) / 2)


with tempfile.TemporaryDirectory() as folder:
    print("eight piezoelectric signals, both plates drift by 0.1 N/s")
    r = simulate(folder, "piezo_rig", 24)
    answers(r, 9.4)
    check("the stream names its formula", stream_says(r, "plate/left", "formula") == "wrench-piezo-8", stream_says(r, "plate/left", "formula"))
    for side, slope in (("left", 4 * 1000 / 3.905 * 1e-4), ("right", -4 * 1000 / 3.845 * 1e-4)):
        told = [(t, d) for t, d in events(r, "drift_zero") if d["plate"] == side]
        check(f"{side}: the zero follows, and is held under the foot", [d["state"] for _, d in told][:1] == ["following"] and
              told[-1][1]["state"] == "held" and abs(told[-1][0] - 8) < 0.3, told[-1:])
        check(f"{side}: at most one event a second", np.all(np.diff([t for t, d in told if d["state"] == "following"]) > 0.999))
        m = r[f"plate/{side}"]
        rest = np.nanmean(m["fz"][(m.t > 6.5) & (m.t < 7.9)])
        # The tare is the mean about 1.4 s, so at its end, 2.4 s, the zero is slope * 1 s late; from there to slope * tau.
        want = slope * late(7.2)
        check(f"{side}: the empty plate reads the lag of a drift of {slope:.3f} N/s", abs(rest - want) < 0.05, f"{rest:.3f} N, must be {want:.3f}")
        since = next(t for t, _ in told if t > 2.5)
        moved = sum(d["moved_fz_n"] for t, d in told if t > since)
        want = slope * (told[-1][0] - since - late(told[-1][0]) + late(since))
        check(f"{side}: the zero moved with the drift", abs(moved - want) < 0.05, f"{moved:.3f} N told, must be {want:.3f}")
        plate = r.file[f"calibration/{side}"]
        check(f"{side}: no gain and excitation are invented, the amplifier's range is kept", "gain" not in plate and "excitation_v" not in plate and
              plate["full_scale_v"][()] == 10 and "gain" not in json.loads(text(plate["json"][()])))
    check("and no zero moves later", all(t < 8.3 for t, _ in events(r, "drift_zero")))

    print("the maker's polynomial on both of them")
    polynomial(folder)

    print("least squares of eight bridges, and a 6 x 8 matrix on a higher plate")
    r = simulate(folder, "eight_channel_rig", 20)
    answers(r, 4.4)
    check("the streams name their formulas", [stream_says(r, f"plate/{s}", "formula") for s in ("left", "right")] ==
          ["wrench-strain-6x8", "wrench-matrix-6x8"])
    check("no zero follows by itself there", not events(r, "drift_zero"))
    shapes = [r.file[f"calibration/{s}/matrix"].shape for s in ("left", "right")]
    check("bridges have gain and excitation in the file, a matrix has none", [[k in r.file[f"calibration/{s}"] for k in (
          "gain", "excitation_v", "full_scale_v")] for s in ("left", "right")] == [[True, True, False], [False, False, False]])
    check("the file keeps the whole matrices", shapes == [(8, 6), (8, 6)], shapes)

finish()
