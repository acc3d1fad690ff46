#!/usr/bin/env python3
"""grfd zero-phase on recordings with holes, sharp steps and settings from the command line. Usage: zero_phase_test.py GRFD RIG.toml DEMO.toml
RIG plays recordings on two plates. Expected: closed-form loads, scipy's own forward and backward filter."""
import pathlib
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    from scipy import signal

    from checks import check, check_figure, finish
    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-scipy, python3-h5py)")
    sys.exit(77)

GRFD, RIG, DEMO = sys.argv[1:4]


def run(*words):
    return subprocess.run([GRFD, *map(str, words)], capture_output=True, text=True, check=False)


def butterworth(x, order, cutoff_hz):
    """Forward and backward, both passes together -3 dB at cutoff_hz."""
    once = 1000 / np.pi * np.arctan(np.tan(np.pi * cutoff_hz / 1000) / (np.sqrt(2) - 1) ** (1 / (2 * order)))
    sos = signal.butter(order, once, fs=1000, output="sos")
    return signal.sosfiltfilt(sos, x, padtype="odd", padlen=9 * len(sos))


def settings_of_the_command_line(folder):
    for word in ("filter.cutoff_hz=10", " filter.cutoff_hz=10", "filter={cutoff_hz=10,order=4}"):
        trial, twins = folder / "trial.h5", folder / "twins.h5"
        run("simulate", DEMO, "-o", trial, "--seconds", "5", "--set", word)
        said = run("zero-phase", trial, "-o", twins).stdout
        order = 4 if "order" in word else 2
        check(f"the filter of --set '{word}'", f"Butterworth of order {order} at 10 Hz" in said, said)
        x, y = Recording(trial)["plate/right"]["fz"].astype(float), Recording(twins)["zero_phase/plate/right"]["fz"]
        known = ~np.isnan(x)
        error = np.abs(butterworth(x[known], order, 10) - y[known]).max()
        check_figure("equal to scipy within the rounding of 32 bits", known.sum() > 4000 and error < 1e-4, f"{error:.1e} N")


def rows_that_are_not_there(folder):
    trial, cut, twins = folder / "trial.h5", folder / "cut.h5", folder / "cut_twins.h5"
    run("simulate", DEMO, "-o", trial, "--seconds", "9")
    with h5py.File(trial) as whole, h5py.File(cut, "w") as file:
        for key in whole:
            whole.copy(key, file)
        for key, value in whole.attrs.items():
            file.attrs[key] = value
        group = file["streams/cop/left"]
        keep = ~((group["t"][:] > 7) & (group["t"][:] < 7.05))
        for key in ("t", "flags", "epoch", "seq", "values"):
            rest = group[key][:][keep]
            del group[key]
            group[key] = rest
    run("zero-phase", cut, "-o", twins)
    total = Recording(twins)["zero_phase/cop/total"]
    there = (total.t > 6.5) & (total.t < 7.5)
    delay_s = float(Recording(trial)["cop/total"].delay["cop_ml"])
    gone = there & (total.t + delay_s > 7.002) & (total.t + delay_s < 7.048)
    check("where a plate's centre of pressure is missing nobody knows the sum", np.isnan(total["fz"][gone]).all() and gone.sum() > 40 and (total.flags[gone] & 8 != 0).all(), gone.sum())
    fz = total["fz"][there]
    check("and elsewhere it is the whole weight", np.nanmin(fz) > 770 and np.nanmax(fz) < 800, (np.nanmin(fz), np.nanmax(fz)))


def sharp_steps(folder):
    t = np.arange(0, 6, 1e-3)
    fz = np.where((t > 2) & (t < 4), 400.0, 0.0)
    zero = np.zeros(len(t))
    file, trial, twins = folder / "step.csv", folder / "step.h5", folder / "step_twins.h5"
    np.savetxt(file, np.column_stack([t, zero, zero, fz, zero, zero, zero, zero, zero, fz, zero, zero, zero]), fmt="%.9g", delimiter=",",
               header="t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,Fx2,Fy2,Fz2,Mx2,My2,Mz2", comments="")
    run("simulate", RIG, "-o", trial, "--recording", file, "--plates", "left=1,right=2", "--lead-in", "25")
    for words in ((), ("--cutoff-hz", "100"), ("--cutoff-hz", "5")):
        done = run("zero-phase", trial, "-o", twins, *words)
        check(f"zero-phase {' '.join(words)}", done.returncode == 0, done.stderr)
        r = Recording(twins)
        for name, least in (("left", 40), ("right", 40), ("total", 80)):
            cop = r[f"zero_phase/cop/{name}"]
            known = ~np.isnan(cop["cop_ml"])
            check_figure(f"{name}: no centre of pressure without a force", known.sum() > 1500 and cop["fz"][known].min() > least, f"from {cop['fz'][known].min():.0f} N")
            ml = cop["cop_ml"][known] - np.median(cop["cop_ml"][known])
            check_figure(f"{name}: it stays where it is, the force along with it", np.abs(ml).max() < 0.01, f"{1e3 * np.abs(ml).max():.2f} mm")
        share = r["zero_phase/asymmetry"]["load_bai_rl"]
        check_figure("equal loads stay equal", np.nanmax(np.abs(share)) < 1, f"{np.nanmax(np.abs(share)):.2f} %")


def other_files(folder):
    (folder / "b.h5.tmp").write_text("precious\n")
    done = run("zero-phase", folder / "none.h5", "-o", folder / "b.h5")
    check("a recording that is not there", done.returncode == 1 and "none.h5" in done.stderr, done.stderr)
    done = run("zero-phase", folder / "trial.h5", "-o", folder / "b.h5")
    check("a file of a like name is left alone", done.returncode == 0 and (folder / "b.h5.tmp").read_text() == "precious\n", done.stderr)
    left = sorted(p.name for p in folder.glob("b.h5*"))
    check("and nothing is left over", left == ["b.h5", "b.h5.tmp"], left)
    done = run("zero-phase", folder / "trial.h5", "-o", folder / "nowhere" / "b.h5")
    check("a folder that is not there", done.returncode == 1 and "nowhere" in done.stderr, done.stderr)


with tempfile.TemporaryDirectory(prefix="grfd_zero_") as place:
    for test in (settings_of_the_command_line, rows_that_are_not_there, sharp_steps, other_files):
        test(pathlib.Path(place))
finish()
