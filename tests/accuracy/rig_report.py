"""Errors of an emulated rig over its seeds, judged and told: each subject against the bounds of its tier, then all of them together."""
import numpy as np
from rig_loads import DRIVE, SIDES

# A drive whose true onset moves by more than that within the errors of what it hangs on has no sharp onset: twice what it may be off.
DRIVE_CREEP_MS = 40


def tell_bottoms(report, overview):
    """The share of bottoms that lie elsewhere, of all subjects together."""
    limit = report.limit("rig.t_bottom.worst")
    off = np.concatenate([[], *(abs(e["t_bottom"]) > limit for e in overview.values() if "t_bottom" in e)])
    if len(off):
        report.figure("rig.t_bottom.beyond of all", "all subjects", off.mean())


def plot_overview(report, overview):
    def draw(plots, figure):
        chosen = [c for c in ("rate_fit", "range", "onset", "finish") if any(c in o for o in overview.values())]
        for i, c in enumerate(chosen):
            axes = figure.add_subplot(2, 2, i + 1)
            names = [n for n in overview if c in overview[n]]
            axes.boxplot([overview[n][c] for n in names], whis=(0, 100), vert=False)
            axes.set_yticklabels(names, fontsize=6)
            axes.axvline(0, color="k", lw=0.5)
            axes.set_title(
                f"{c}: error, {'s' if c in ('onset', 'finish') else 'deg' if c == 'range' else 'deg/s'}", fontsize=8
            )
            axes.tick_params(axis="x", labelsize=6)

    report.plot("rig.png", draw)


def tell_absent(report, presets, overview):
    """Which figures a subject has none of, although another one has, and why."""
    shown = {n: {k for k in every if not k.endswith((" mean", " unknown")) and not k.startswith(("creep of ", "sigma"))} for n, every in overview.items()}
    rows = []
    for name, preset in presets.items():
        absent = sorted(set().union(*shown.values()) - shown[name])
        of_sensors = [k for k in absent if k.startswith(("reps_pelvis", "reps_thigh", "stream pelvis", "stream thigh"))]
        if of_sensors:
            rows.append([name, "pelvis and thighs, streams and rows", "wears no such sensor"])
            absent = [k for k in absent if k not in of_sensors]
        if not preset.accepted:
            rows.append([name, "every measure of a repetition", "all are rejected; `rejected` judges that they have none"])
            absent = [k for k in absent if k.startswith(("stream", "noise"))]
        if absent:
            rows.append([name, ", ".join(absent), "nothing of the kind happens, or it has no sharp answer there (see the measure)"])
    if rows:
        report.text("\n### What a subject has no figure of")
        report.table(["subject", "figures", "why"], rows)


def bound_of(report, key, statistic, preset):
    """The bound of the measure, or of its family: `reps_load fz_descent` has that of `reps_load fz`."""
    part = key
    while True:
        for name in (f"rig.{part}.{statistic}.{preset.tier}", f"rig.{part}.{statistic}", f"rig.{part}"):
            if name in report.bounds:
                return name
        part, cut, _ = part.rpartition("_")
        if not cut:
            raise KeyError(f"no bound for {key}")


def beyond_of(report, key):
    """The bound of the share of repetitions beyond the worst error, where the measure or its family has one."""
    part = key if "own times" not in key else ""
    while part:
        if f"rig.{part}.beyond" in report.bounds:
            return f"rig.{part}.beyond"
        part = part.rpartition("_")[0]
    return None


def judge_sigmas(report, name, every):
    """What the errors really are, over what the standard errors say."""
    for stream in (*SIDES, "total"):
        found = [np.sqrt(every[k].mean()) for c in ("ml", "ap") if (k := f"sigma cop/{stream} cop_{c}") in every]
        if found:  # sigma is that of the worse axis
            report.figure("rig.sigma cop", f"{name}, {stream}", max(found))
    if "sigmas of reps_asymmetry" in every:
        e = abs(every["sigmas of reps_asymmetry"])
        report.figure("rig.sigmas of reps_asymmetry", name, (e > 2).mean())
        report.text(f"Errors of reps_asymmetry in units of their sigma: {np.sqrt((e**2).mean()):.3f} RMS, {e.max():.2f} at worst.")


def seed_of(results, first_seed, key, judged):
    """Which seed the worst of the judged errors is of."""
    worst = judged[np.argmax(abs(judged))]
    return first_seed + next((i for i, r in enumerate(results) if key in r and (r[key] == worst).any()), 0)


def one_preset(report, name, preset, results, first_seed):
    report.text(f"\n### {name}: {preset.why}")
    rows, every, soft, sharp_rows = [], {}, [], []
    for key in dict.fromkeys(k for r in results for k in r):
        parts = [r[key] for r in results if key in r]
        every[key] = np.concatenate(parts)
    judge_sigmas(report, name, every)
    noise = [(c, every["noise " + c].mean()) for c in ("fx", "fy", "fz", "mx", "my", "mz") if "noise " + c in every]
    if noise:
        report.text("Noise of the unfiltered plates, SD: " + ", ".join(f"{c} {x:.2f}" for c, x in noise) + " (N, N.m).")
    for c, x in noise:
        for bound in (f"rig.noise {c}.{preset.tier}", "rig.noise " + c):
            if bound in report.bounds:
                report.figure(bound, name, x)
                break
    for key, e in every.items():
        if key == "lifted":
            report.text(
                f"While a foot carried less than 60 N the combined CoP was up to {1e3 * e.max():.1f} mm off; not judged."
            )
            continue
        if key == "first_out_near":
            report.figure("rig.first_out_near", name, e.mean())
            report.text(f"Which ankle stopped first, so near to the tie: {100 * e.mean():.0f} % of {len(e)} named otherwise.")
            continue
        if key.endswith((" mean", " unknown")) or key.startswith(("creep of ", "noise ", "sigma")):
            continue
        where = f"{name}, {key}"
        bound, beyond = bound_of(report, key, "worst", preset), beyond_of(report, key)
        worst_seed = first_seed + int(np.argmax([np.max(abs(r[key])) if key in r else -1 for r in results]))
        report.figure("rig.not measured", where, (~np.isfinite(e)).sum())
        e = e[np.isfinite(e)]
        judged, sharp = e, e if not beyond else e[:0]
        if key.split()[-1] in DRIVE:
            sharp = e[every["creep of " + key][np.isfinite(every[key])] <= DRIVE_CREEP_MS]
            soft.append(1 - len(sharp) / len(e))
            if len(sharp):
                sharp_rows.append([key, report.bounds[bound].unit, len(sharp), float(abs(sharp).mean()), float(abs(sharp).max())])
        if len(sharp):
            report.figure(bound, f"{name}, seed {seed_of(results, first_seed, key, sharp)}", abs(sharp).max())
        if beyond:
            judged = e[abs(e) <= report.limit(bound)]
            report.figure(beyond, where, 1 - len(judged) / len(e))
        if not len(judged):
            report.text(f"{key}: every repetition is beyond.")
            continue
        mean = abs(every[key + " mean"]).mean() if key + " mean" in every else abs(judged).mean()
        of_mean = bound_of(report, key, "mean", preset)
        if ".mean" in of_mean:
            report.figure(of_mean, name, mean)
        if key + " unknown" in every:
            report.figure("rig.unknown", f"{name}, {key}", every[key + " unknown"].max())
        rows.append(
            [
                key,
                report.bounds[bound].unit,
                len(e),
                "-" if key + " mean" in every else float(np.median(abs(e))),
                "-" if key + " mean" in every else float(np.percentile(abs(e), 95)),
                float(mean) if key + " mean" in every else float(abs(e).mean()),
                float(abs(e).max()),
                "-" if not beyond else f"{100 * (1 - len(judged) / len(e)):.1f} %",
                "-" if not beyond else float(mean),
                "-" if key.startswith("stream") else float(e.mean()),
                worst_seed,
            ]
        )
    report.table(["measure", "unit", "n", "median", "95 %", "mean", "worst", "beyond", "mean within", "bias", "seed"], rows)
    if soft:
        report.text(
            f"Drive: in {100 * max(soft):.0f} % of the repetitions its onset moves by more than {DRIVE_CREEP_MS} ms with the middle of the "
            "bottom and the noise; by the worst error of that onset and of what is measured from there only the others are judged:"
        )
        report.table(["measure", "unit", "n", "mean", "worst"], sharp_rows)
    return every
