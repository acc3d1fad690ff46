"""Set 05: gait of children against Plug-in-Gait: sensors made from its own segment frames, clean and with zero errors and noise; the joint
coordinate system of the same frames; sensors on rigid clusters of markers."""
import gzip
import json

import numpy as np
from direct import numbers, table
from markers import C3dPoints, cluster_sensor, frames

G = 9.80665
NOISY_SEEDS = 20
# gyroscope 0.5 deg/s and 0.01 deg/s/sqrt(Hz), accelerometer 0.04 m/s2 and 150 ug/sqrt(Hz)
GYRO_ZERO, GYRO_NOISE, FORCE_ZERO, FORCE_NOISE = np.radians(0.5), np.radians(0.01), 0.04, 150e-6 * G
# Science reference, 11.2, of upstream VQF: samples; r, bias, RMS, SD of the angle; r, RMS, slope of the scalar and of the exact rate
PUBLISHED = {
    "HC030A05_L": (187, (0.998, -0.61, 0.83, 0.57), (0.997, 8.8, 0.99), (0.999, 5.7, 1.01)),
    "HC030A05_R": (187, (0.992, -1.34, 1.57, 0.80), (0.991, 11.8, 0.97), (0.996, 8.6, 1.04)),
    "HC030A22_L": (546, (0.993, -0.19, 0.80, 0.78), (0.994, 8.7, 1.00), (0.996, 7.8, 1.03)),
    "HC030A22_R": (546, (0.978, -1.47, 1.99, 1.34), (0.976, 16.1, 0.97), (0.992, 10.5, 1.05)),
    "HC032A03_L": (201, (0.999, -0.39, 0.78, 0.68), (0.997, 12.5, 0.97), (0.998, 9.8, 0.99)),
    "HC032A03_R": (201, (0.998, -0.42, 0.72, 0.59), (0.997, 9.7, 0.96), (0.997, 8.5, 1.01)),
    "HC032A18_L": (305, (0.998, +0.36, 0.84, 0.76), (0.989, 20.8, 1.00), (0.996, 12.2, 1.02)),
    "HC032A18_R": (305, (0.996, -0.38, 1.02, 0.95), (0.995, 16.4, 0.93), (0.997, 9.8, 1.00)),
}
# of sensors on clusters of markers: r, bias, RMS of the angle; r, RMS of the scalar rate
PUBLISHED_CLUSTERS = {
    "HC030A05_L": (0.987, -0.30, 1.33, 0.989, 17),
    "HC030A05_R": (0.978, -0.62, 1.49, 0.987, 14),
    "HC030A22_L": (0.975, -0.72, 1.63, 0.981, 16),
    "HC030A22_R": (0.963, +0.04, 1.70, 0.968, 19),
    "HC032A03_L": (0.991, +0.04, 1.52, 0.979, 33),
    "HC032A03_R": (0.986, +1.12, 1.94, 0.984, 20),
    "HC032A18_L": (0.989, -0.17, 1.76, 0.985, 27),
    "HC032A18_R": (0.989, +0.12, 1.49, 0.969, 33),
}


class Trial:
    """One side of a recording: sensors as columns gyr acc of the shank, gyr acc of the foot, at 1 kHz."""

    def __init__(self, file):
        self.file, self.name = file, file.name.split(".")[0]
        with gzip.open(file, "rt") as f:
            self.head = json.loads(f.readline()[2:])
        sensors = numbers(table(file, skip=1))
        self.t, self.sensors, self.period = sensors[:, 0], sensors[:, 1:], 1 / self.head["fs"]
        self.pig = numbers(table(file.parent / f"{self.name}.pig.csv"))
        self.side = {"L": "left", "R": "right"}[self.head["side"]]


def trials(data):
    return [Trial(f) for f in sorted(data.glob("05*/virtual_imu/*.csv.gz"))]


def ankle(direct, period, t, sensors, up, left, rest):
    """at(column, times) of shank, foot, dorsiflexion, exact and scalar rate; `rest`: specific force while still, of 5 s before, of both"""
    rows = np.vstack([np.tile(np.concatenate([[0, 0, 0], rest[0], [0, 0, 0], rest[1]]), (round(5 / period), 1)), sensors])
    return started(direct, period, t, rows, up, left)


def started(direct, period, t, rows, up, left):
    """The same, of rows that begin with the rest."""
    settings = dict(period_s=period, rest_samples=0, lead_rows=len(rows) - len(t))
    for i, s in enumerate(("shank", "foot")):
        settings["up_" + s], settings["left_" + s] = list(map(float, up[i])), list(map(float, left[i]))
    settings.update({f"rest_{s}": settings[f"up_{s}"] for s in ("shank", "foot")})
    answer, got = direct("ankle", json.dumps(settings), rows=rows, columns=5)
    delay = [0, 0, 0, answer["delay_s"], answer["delay_s"]]
    got[:, :3] = np.degrees(np.unwrap(np.radians(got[:, :3]), axis=0))

    def at(column, when):
        return np.interp(when + delay[column], t, got[:, column], left=np.nan, right=np.nan)

    return at, answer["delay_s"]


def agreement(got, want):
    """r, bias, RMS, SD, slope of got over want, where both are known"""
    k = ~np.isnan(got + want)
    got, want = got[k], want[k]
    e = got - want
    return (
        np.corrcoef(got, want)[0, 1],
        e.mean(),
        np.sqrt(np.mean(e**2)),
        e.std(),
        np.polyfit(want, got, 1)[0],
        len(e),
    )


def against_pig(at, pig):
    """agreement of angle, exact and scalar rate"""
    return [agreement(at(i, pig[:, 0]), pig[:, j]) for i, j in ((2, 1), (3, 2), (4, 2))]


def check_gait(report, direct, data):
    report.part("Ankle angle and rate of gait (set 05, sensors made from the optical segment frames)")
    rows, courses, every = [], [], trials(data)
    for trial in every:
        name, h = trial.name, trial.head
        up, rest = ([h[f"{k}_{s}"] for s in ("shank", "foot")] for k in ("up", "rest_acc"))
        at, delay = ankle(direct, trial.period, trial.t, trial.sensors, up, [h["ml_left"]] * 2, rest)
        reference = numbers(
            table(trial.file.parent / f"{name}.ref.csv"),
            "t",
            "shank_deg",
            "foot_deg",
            "df_deg",
            "rate_exact_deg_s",
            "rate_scalar_deg_s",
        )
        known = reference[:, 0] <= trial.t[-1] - delay  # nothing is filtered that far after the last sample
        e = [(abs(at(i, reference[:, 0]) - reference[:, 1 + i]))[known].max() for i in range(5)]
        report.figure("gait.angle.ref", name, max(e[:3]))
        report.figure("gait.rate.ref", name, max(e[3:]))
        pig = trial.pig
        a, exact, scalar = against_pig(at, pig)
        for what, value in zip(("r", "bias", "rms", "sd"), a):
            report.figure("gait.angle." + what, name, abs(value))
        for kind, values in (("rate", exact), ("scalar", scalar)):
            for what, i in (("r", 0), ("rms", 2), ("slope", 4)):
                report.figure(f"gait.{kind}.{what}", name, values[i])
        check_published(report, name, a, exact, scalar)
        rows.append(
            [
                name,
                a[5],
                *(f"{x:.3f}" if i == 0 else f"{x:+.2f}" for i, x in enumerate(a[:4])),
                f"{scalar[0]:.3f}",
                scalar[2],
                f"{scalar[4]:.2f}",
                f"{exact[0]:.3f}",
                exact[2],
                f"{exact[4]:.2f}",
                max(e[:3]),
                max(e[3:]),
            ]
        )
        courses.append((name, pig, at(2, pig[:, 0]), at(3, pig[:, 0])))
    report.table(
        [
            "trial",
            "n",
            "angle r",
            "bias, deg",
            "RMS",
            "SD",
            "scalar rate r",
            "RMS, deg/s",
            "slope",
            "exact rate r",
            "RMS, deg/s",
            "slope",
            "angle off the reference, deg",
            "rate off the reference, deg/s",
        ],
        rows,
    )
    report.text(
        "These sensors ride on the frames from which Plug-in-Gait computes its angle: formulas, signs, filter and delays "
        "are on trial, "
        "skin motion and sensor placement are not."
    )

    if every:
        check_noisy(report, direct, every)
        check_joint(report, direct, every)
        check_clusters(report, direct, every)

    def draw(plots, figure):
        for i, (name, pig, angle, rate) in enumerate(courses[:8:2]):
            axes = figure.add_subplot(2, 2, i + 1)
            axes.plot(pig[:, 0], pig[:, 1], "k", lw=1, label="Plug-in-Gait")
            axes.plot(pig[:, 0], angle, "r", lw=0.8, label="grfd")
            axes.set(title=name, xlabel="s", ylabel="dorsiflexion, deg")
            axes.legend(fontsize=7)

    if courses:
        report.plot("gait.png", draw)


def check_published(report, name, angle, exact, scalar):
    """Every figure of the reference's table."""
    n, of_angle, of_scalar, of_exact = PUBLISHED[name]
    report.figure("gait.table.n", name, abs(angle[5] - n))
    report.figure("gait.table.r", name, max(abs(x[0] - y[0]) for x, y in ((angle, of_angle), (scalar, of_scalar), (exact, of_exact))))
    report.figure("gait.table.angle", name, max(abs(x - y) for x, y in zip(angle[1:4], of_angle[1:])))
    report.figure("gait.table.rate", name, max(abs(x[2] - y[1]) for x, y in ((scalar, of_scalar), (exact, of_exact))))
    report.figure("gait.table.slope", name, max(abs(x[4] - y[2]) for x, y in ((scalar, of_scalar), (exact, of_exact))))


def judge(report, prefix, where, angle, exact, scalar):
    """The bounds of any such trial, under names of their own."""
    for what, value in zip(("r", "bias", "rms", "sd"), angle):
        report.figure(f"{prefix}.angle.{what}", where, abs(value))
    for kind, values in (("rate", exact), ("scalar", scalar)):
        for what, i in (("r", 0), ("rms", 2), ("slope", 4)):
            report.figure(f"{prefix}.{kind}.{what}", where, values[i])


def check_noisy(report, direct, every):
    """Zero errors in a random direction and noise, in the standing that sets the pose, too."""
    rows = []
    for trial in every:
        found, h = [], trial.head
        rest = np.concatenate([[0, 0, 0], h["rest_acc_shank"], [0, 0, 0], h["rest_acc_foot"]])
        clean = np.vstack([np.tile(rest, (5000, 1)), trial.sensors])
        for seed in range(NOISY_SEEDS):
            random = np.random.default_rng([2029, seed])
            zero = np.concatenate([s * v / np.linalg.norm(v) for v, s in zip(random.normal(size=(4, 3)), (GYRO_ZERO, FORCE_ZERO) * 2)])
            noise = np.repeat((GYRO_NOISE, FORCE_NOISE) * 2, 3) * np.sqrt(0.5 / trial.period)
            up = [G * np.array(h["up_shank"]) + zero[3:6], G * np.array(h["up_foot"]) + zero[9:]]
            at, _ = started(
                direct, trial.period, trial.t, clean + zero + noise * random.normal(size=clean.shape), up, [h["ml_left"]] * 2
            )
            found.append(against_pig(at, trial.pig))
        for seed, f in enumerate(found):
            judge(report, "gait.noisy", f"{trial.name}, seed {seed}", *f)
        rms = [f[0][2] for f in found]
        report.figure("gait.noisy.angle.rms.mean", trial.name, np.mean(rms))
        exact, scalar = ([f[i][2] for f in found] for i in (1, 2))
        rows.append([trial.name, np.mean(rms), max(rms), np.mean(exact), max(exact), np.mean(scalar), max(scalar)])
    report.text(
        f"The same with zero errors of 0.5 deg/s and 0.04 m/s2 in random directions and noise (0.01 deg/s and 150 ug per root of Hz), {NOISY_SEEDS} seeds:"
    )
    report.table(
        ["trial", "angle RMS, deg", "worst", "exact rate RMS, deg/s", "worst", "scalar rate RMS, deg/s", "worst"], rows
    )


def segment(up, left):
    """Rows: axes of the segment in those of the sensor."""
    z = np.array(up, float) / np.linalg.norm(up)
    x = -np.array(left, float)
    x = x - (x @ z) * z
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


def check_joint(report, direct, every):
    """The joint coordinate system of the frames themselves: dorsiflexion against Plug-in-Gait's."""
    rows = []
    for trial in every:
        h, points = trial.head, C3dPoints(trial.file.parents[1] / trial.head["trial"])
        own = [
            np.matmul(frames(points, h["side"] + s), segment(h["up_" + n], h["ml_left"]).T)
            for s, n in (("TI", "shank"), ("FO", "foot"))
        ]
        _, got = direct("joint", trial.side, rows=np.hstack([r.reshape(-1, 9) for r in own]), columns=3)
        t = np.arange(len(got)) / points.rate
        angle = agreement(np.interp(trial.pig[:, 0], t, got[:, 0]), trial.pig[:, 1])
        report.figure("gait.joint.r", trial.name, angle[0])
        report.figure("gait.joint.sd", trial.name, angle[3])
        rows.append([trial.name, angle[5], f"{angle[0]:.4f}", f"{angle[1]:+.2f}", angle[3]])
    report.text("Joint coordinate system of the same frames, no sensor:")
    report.table(["trial", "n", "dorsiflexion r", "bias, deg", "SD"], rows)


SHANK_4, SHANK_6 = ("KNE", "TIB", "SHN", "ANK"), ("KNE", "HFB", "TUB", "TIB", "SHN", "ANK")
FOOT, REARFOOT = ("ANK", "HEE", "TOE"), ("HEE", "CPG", "LCA", "STL")
WHOLE_FOOT = ("HEE", "LCA", "STL", "NAV", "P1M", "P5M", "D5M", "TOE")
SWAPPED = {"HC032A03_L": ("HFB", "TUB")}  # names of markers that the file has the wrong way round


def on_clusters(direct, trial, shank, foot):
    """Angle, exact and scalar rate against Plug-in-Gait of sensors on rigid clusters of markers, axes from the static trial."""
    h, folder = trial.head, trial.file.parents[1]
    points, still = C3dPoints(folder / h["trial"]), C3dPoints(folder / h["static"])
    s, t = h["side"], trial.t
    if trial.name in SWAPPED:
        a, b = (s + m for m in SWAPPED[trial.name])
        points.points[a], points.points[b] = points[b], points[a]
    parts = [cluster_sensor(points, still, [s + m for m in names], t) for names in (shank, foot)]
    mean = still.mean
    # to the subject's left: between the malleoli; across the line from heel to toe
    outward = mean(s + "ANK") - mean(s + "MMA")
    along = mean(s + "TOE") - mean(s + "HEE")
    left = [outward if s == "L" else -outward, np.cross([0, 0, 1], along)]
    # the sensors' axes are those of the laboratory in the static trial
    at, _ = ankle(
        direct, trial.period, t, np.hstack([p.rows for p in parts]), [[0, 0, G]] * 2, left, [p.rest for p in parts]
    )
    return against_pig(at, trial.pig)


def check_clusters(report, direct, every):
    rows = []
    for trial in every:
        angle, exact, scalar = on_clusters(direct, trial, SHANK_4, FOOT)
        want = PUBLISHED_CLUSTERS[trial.name]
        report.figure("gait.table.r", trial.name + ", clusters", max(abs(angle[0] - want[0]), abs(scalar[0] - want[3])))
        report.figure("gait.table.angle", trial.name + ", clusters", max(abs(x - y) for x, y in zip(angle[1:3], want[1:3])))
        report.figure("gait.table.cluster rate", trial.name, abs(scalar[2] - want[4]))
        for what, value in zip(("r", "bias", "rms"), angle):
            report.figure("gait.cluster.angle." + what, trial.name, abs(value))
        for kind, rate in (("scalar", scalar), ("exact", exact)):
            report.figure("gait.cluster.rate.r", f"{trial.name}, {kind}", rate[0])
            report.figure("gait.cluster.rate.rms", f"{trial.name}, {kind}", rate[2])
        rows.append(
            [trial.name, angle[5], f"{angle[0]:.3f}", f"{angle[1]:+.2f}", angle[2]]
            + [x for rate in (scalar, exact) for x in (f"{rate[0]:.3f}", rate[2])]
        )
    report.text("Sensors on rigid clusters of markers (shank KNE, TIB, SHN, ANK; foot ANK, HEE, TOE; 12 Hz):")
    report.table(["trial", "n", "angle r", "bias, deg", "RMS", "scalar rate r", "RMS, deg/s", "exact rate r", "RMS"], rows)
    check_other_clusters(report, direct, every)


def check_other_clusters(report, direct, every):
    """What skin motion and the choice of the segment make of the angle."""
    rows = []
    for trial in every:
        for name, foot in (("foot", FOOT), ("whole foot", WHOLE_FOOT), ("rearfoot", REARFOOT)):
            angle, _, scalar = on_clusters(direct, trial, SHANK_6, foot)
            figures = dict(r=angle[0], rms=angle[2], slope=angle[4])
            figures["rate.rms"] = scalar[2]
            for what, value in figures.items():
                if f"gait.{name}.{what}" in report.bounds:
                    report.figure(f"gait.{name}.{what}", trial.name, value)
            rows.append([trial.name, name, f"{angle[0]:.3f}", f"{angle[1]:+.2f}", angle[2], f"{angle[4]:.2f}", scalar[2]])
    report.text(
        f"Other clusters: shank {', '.join(SHANK_6)}; foot {', '.join(FOOT)}; whole foot {', '.join(WHOLE_FOOT)}; rearfoot "
        f"{', '.join(REARFOOT)}. A sensor on the heel measures less dorsiflexion than Plug-in-Gait, because the midfoot moves."
    )
    report.table(["trial", "foot", "angle r", "bias, deg", "RMS", "slope", "scalar rate RMS, deg/s"], rows)
