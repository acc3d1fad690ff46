#!/usr/bin/env python3
"""grfd zero-phase on recordings with holes, sharp steps and settings from the command line. Usage: zero_phase_test.py GRFD RIG.toml DEMO.toml
RIG plays recordings on two plates. Expected: closed-form loads, scipy's own forward and backward filter."""
import json
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
        check(f"the filter of --set '{word}'", f"rows at 1000 Hz; wrench: Butterworth {order} / 10 Hz, forward and backward" in said, said)
        x, y = Recording(trial)["plate/right"]["fz"].astype(float), Recording(twins)["zero_phase/plate/right"]["fz"]
        known = ~np.isnan(x)
        error = np.abs(butterworth(x[known], order, 10) - y[known]).max()
        check_figure("equal to scipy within the rounding of 32 bits", known.sum() > 4000 and error < 1e-4, f"{error:.1e} N")


def decimated(x, divisor):
    """About every divisor-th sample; NaN where the window leaves the samples."""
    h = signal.firwin(24 * divisor + 1, 0.8 / divisor, window=("kaiser", 8.0))
    y = np.full(len(x), np.nan)
    y[12 * divisor : len(x) - 12 * divisor] = np.convolve(x, h, "valid")
    return y


def copied(source, to):
    """For changes."""
    with h5py.File(source) as whole, h5py.File(to, "w") as file:
        for key in whole:
            whole.copy(key, file)
        for key, value in whole.attrs.items():
            file.attrs[key] = value
    return h5py.File(to, "r+")


def lower_rates(folder):
    trial, twins, hum = folder / "trial.h5", folder / "slow.h5", folder / "hum.h5"
    run("simulate", DEMO, "-o", trial, "--seconds", "9")
    with copied(trial, hum) as file:  # 60 Hz, which picked samples would show as 40 Hz
        for plate in ("left", "right"):
            group = file[f"streams/plate/{plate}"]
            group["values"][:, :] = group["values"][:, :] + np.float32(20 * np.sin(2 * np.pi * 60 * group["t"][:]))[:, None]
    recorded, truth = Recording(hum), Recording(trial)["truth/cop/total"]
    once = signal.butter(2, 10, fs=100, output="sos")

    def sway(x):
        y = decimated(x, 10)[first::10]
        inside = ~np.isnan(y)
        y[inside] = signal.sosfiltfilt(once, y[inside], padtype="odd", padlen=9)
        return y

    for words, rate, expected in (
        (("--rate-hz", 100), 100, lambda x: decimated(butterworth(x, 2, 20), 10)[first::10]),
        (("--rate-hz", 40, "--cutoff-hz", 100, "--order", 4), 40, lambda x: decimated(butterworth(x, 4, 100), 25)[first::25]),
        (("--sway",), 100, sway),
    ):
        done = run("zero-phase", hum, "-o", twins, *words)
        check(f"zero-phase {' '.join(map(str, words))}", done.returncode == 0 and f"rows at {rate} Hz; wrench:" in done.stdout, done.stdout + done.stderr)
        r, worst = Recording(twins), 0
        for plate in ("left", "right"):
            source, twin = recorded[f"plate/{plate}"], r[f"zero_phase/plate/{plate}"]
            step = 1000 // rate
            first = int(np.argmin(np.round(source.t * 1000) % step))
            check(f"{plate}: a row every {step} ms", len(source.t[first::step]) == len(twin.t) and np.abs(source.t[first::step] - twin.t).max() < 1e-9)
            for column in ("fx", "fz", "mx", "my"):
                want, got = expected(source[column]), twin[column]
                same = np.isnan(want) == np.isnan(got)
                worst = max(worst, np.nanmax(np.abs(want - got)) if same.all() else np.inf)
        check_figure("equal to scipy within the rounding of 32 bits", worst < 1e-4, f"{worst:.1e} N")
        total = r["zero_phase/cop/total"]
        span = (total.t > 5) & (total.t < 8.5)
        error = np.abs(total["fz"] - sum(r[f"zero_phase/plate/{p}"]["fz"] for p in ("left", "right")))[span].max()
        check_figure("the sum is that of the decimated wrenches", error < 1e-3, f"{error:.1e} N")
        rms = np.sqrt(((total["fz"] - np.interp(total.t, truth.t, truth["fz"]))[span] ** 2).mean())
        check_figure("nothing of 40 N of hum is left", rms < 0.3, f"{rms:.3f} N RMS")
    for words, why in ((("--rate-hz", 300), "must divide 1000 Hz"), (("--rate-hz", 0.5), "1 Hz at least"), (("--cutoff-hz", 600), "below 500 Hz"), (("--order", 99), "1 to 8"), (("--sway", "--cutoff-hz", 8), "give no cut-off"), (("--rate-hz", "fast"), "fast")):
        done = run("zero-phase", hum, "-o", twins, *words)
        check(f"{' '.join(map(str, words))} is refused", done.returncode == 2 and why in done.stderr and "[--rate-hz R]" in done.stderr, done.stderr)
    done = run("zero-phase", hum, "-o", twins, "--sway", "--json")
    check("as JSON", [json.loads(done.stdout)[k] for k in ("rate_hz", "order", "cutoff_hz", "sway")] == [100, 2, 10, True], done.stdout)


def holes_at_a_lower_rate(folder):
    trial, cut, twins = folder / "trial.h5", folder / "hole.h5", folder / "hole_twins.h5"
    with copied(trial, cut) as file:
        group = file["streams/plate/left"]
        t, values, flags = group["t"][:], group["values"][:], group["flags"][:]
        values[np.abs(t - 7.003) < 1e-6] = np.nan
        flags[np.abs(t - 6.003) < 1e-6] |= 4
        group["values"][:], group["flags"][:] = values, flags
    run("zero-phase", cut, "-o", twins, "--rate-hz", "100")
    twin = Recording(twins)["zero_phase/plate/left"]
    ms = np.round(1000 * twin.t)
    unknown = np.isnan(twin["fz"]) & (ms > 5000) & (ms < 8500)
    check("unknown is what has the hole in its window, 120 ms to both sides", (ms[unknown].min(), ms[unknown].max(), unknown.sum()) == (6890, 7120, 24), ms[unknown])
    check("and marked as such", ((twin.flags & 8 != 0) == np.isnan(twin["fz"])).all())
    check("a flag stays at the row nearest to it", list(ms[twin.flags & 4 != 0]) == [6000], ms[twin.flags & 4 != 0])


def rows_that_are_not_there(folder):
    trial, cut, twins = folder / "trial.h5", folder / "cut.h5", folder / "cut_twins.h5"
    run("simulate", DEMO, "-o", trial, "--seconds", "9")
    with copied(trial, cut) as file:
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
    for words in ((), ("--cutoff-hz", "100"), ("--cutoff-hz", "5"), ("--rate-hz", "100"), ("--sway",)):
        done = run("zero-phase", trial, "-o", twins, *words)
        check(f"zero-phase {' '.join(words)}", done.returncode == 0, done.stderr)
        r = Recording(twins)
        for name, least in (("left", 40), ("right", 40), ("total", 80)):
            cop = r[f"zero_phase/cop/{name}"]
            known = ~np.isnan(cop["cop_ml"])
            check_figure(f"{name}: no centre of pressure without a force", known.sum() > (150 if len(cop.t) < 5000 else 1500) and cop["fz"][known].min() > least, f"from {cop['fz'][known].min():.0f} N")
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
    for test in (settings_of_the_command_line, lower_rates, holes_at_a_lower_rate, rows_that_are_not_there, sharp_steps, other_files):
        test(pathlib.Path(place))
finish()
