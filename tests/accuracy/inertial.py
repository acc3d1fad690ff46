"""Set 08 (optical orientation), sets 07 and 09 (alive; taken in by grfd: replays.py)."""
import json

import h5py
import numpy as np
from direct import numbers, table

# VQF as its authors publish it, run over the same samples in double; the optical system is the truth. deg, deg/s.
KNOWN = {
    "02_undisturbed_slow_rotation_B": dict(
        inclination=0.429,
        heading=0.805,
        total=0.912,
        largest=2.10,
        mean=(0.462, 0.630),
        bias=(0.200, 0.113, -0.228),
        points=(
            (15000, (0.927337, -0.373481, 0.017606, -0.015775)),
            (30000, (0.803851, -0.060774, -0.591718, 0.000785)),
        ),
    ),
    "15_undisturbed_fast_translation_A": dict(
        inclination=0.470,
        heading=2.722,
        total=2.763,
        largest=1.79,
        mean=(1.432, 1.508),
        bias=(-0.098, -0.081, 0.455),
        points=((15000, (0.994876, 0.019252, -0.068781, 0.071555)), (30000, (0.949585, -0.005454, 0.011219, 0.313262))),
    ),
}


def times(a, b):
    """Product of quaternions, rows w x y z."""
    w, x, y, z = a.T
    v, p, q, r = b.T
    return np.column_stack(
        [
            w * v - x * p - y * q - z * r,
            w * p + x * v + y * r - z * q,
            w * q - x * r + y * v + z * p,
            w * r + x * q - y * p + z * v,
        ]
    )


def check_orientation(report, direct, data):
    report.part("Orientation against an optical system (set 08, BROAD)")
    rows, courses = [], {}
    for name, known in KNOWN.items():
        for file in data.glob(f"08*/{name}.hdf5"):
            with h5py.File(file) as f:
                gyro, force, optical = (f[k][:] for k in ("imu_gyr", "imu_acc", "opt_quat"))
                moving = f["movement"][:].astype(bool)
            _, out = direct("orientation", repr(7 / 2000), rows=np.column_stack([gyro, force]), columns=8)
            q, bias = out[:, :4], np.degrees(out[-1, 4:7])
            use = moving & ~np.isnan(optical).any(axis=1)
            e = times(q[use], optical[use] * [1, -1, -1, -1])
            yaw = np.array([[e[0, 0], 0, 0, -e[0, 3]]]) / np.hypot(e[0, 0], e[0, 3])
            e = times(np.repeat(yaw, len(e), axis=0), e)
            inclination = 2 * np.degrees(np.arccos(np.minimum(1, np.hypot(e[:, 0], e[:, 3]))))
            heading = 2 * np.degrees(np.arctan2(abs(e[:, 3]), abs(e[:, 0])))
            total = 2 * np.degrees(np.arccos(np.minimum(1, abs(e[:, 0]))))
            rms = [np.sqrt(np.mean(x**2)) for x in (inclination, heading, total)]
            for what, got in zip(("inclination", "heading", "total"), rms):
                report.figure("vqf." + what, name[:2], abs(got - known[what]))
            report.figure("vqf.largest", name[:2], abs(inclination.max() - known["largest"]))
            # the free heading taken out in the mean instead of at the start
            turned = np.unwrap(2 * np.arctan2(e[:, 3], e[:, 0]))
            half = -turned.mean() / 2
            e = times(np.repeat([[np.cos(half), 0, 0, np.sin(half)]], len(e), axis=0), e)
            about = [2 * np.degrees(np.arctan2(abs(e[:, 3]), abs(e[:, 0]))), 2 * np.degrees(np.arccos(np.minimum(1, abs(e[:, 0]))))]
            for what, x, want in zip(("heading", "total"), about, known["mean"]):
                report.figure("vqf.mean", f"{name[:2]}, {what}", abs(np.sqrt(np.mean(x**2)) - want))
            for k, want in known["points"]:
                sign = np.sign(q[k] @ want)
                report.figure("vqf.checkpoint", f"{name[:2]}, sample {k}", abs(q[k] - sign * np.array(want)).max())
            report.figure("vqf.bias", name[:2], abs(bias - known["bias"]).max())
            rows.append([name, int(use.sum()), *rms, inclination.max(), " ".join(f"{b:.3f}" for b in bias)])
            courses[name] = (np.flatnonzero(use) * 7 / 2000, inclination, heading)
    report.table(
        [
            "trial",
            "samples",
            "inclination RMSE, deg",
            "heading RMSE, deg",
            "total RMSE, deg",
            "inclination max, deg",
            "end bias, deg/s",
        ],
        rows,
    )

    def draw(plots, figure):
        for i, (name, (t, inclination, heading)) in enumerate(courses.items()):
            axes = figure.add_subplot(len(courses), 1, i + 1)
            axes.plot(t, inclination, lw=0.6, label="inclination")
            axes.plot(t, heading, lw=0.6, label="heading")
            axes.set(title=name, xlabel="s", ylabel="error, deg")
            axes.legend(loc="upper left")

    if courses:
        report.plot("orientation.png", draw)


def check_alive(report, direct, data):
    report.part("Recordings without an answer: alive in the orientation filter and the chain, called directly (sets 07, 09)")
    rows = []
    for name, period, sensors, lost in [*awinda(data), *full_body(data)]:
        pair, unknown = {}, 0
        for segment, (force, gyro) in sensors.items():
            if segment in lost:
                report.figure("live.lost", f"{name} {segment}", lost[segment])
            _, out = direct("orientation", repr(period), rows=np.column_stack([gyro, force]), columns=8)
            unknown = int((~np.isfinite(out).all(axis=1) | (abs(np.linalg.norm(out[:, :4], axis=1) - 1) > 1e-9)).sum())
            report.figure("live.unknown", f"{name} {segment}", unknown)
            pair[segment] = (force, gyro)
        for side in ("left", "right"):
            # no axis is published for these sensors: the axis about which each turns most stands for it
            up, left = zip(
                *(
                    (f[:50].mean(axis=0), np.linalg.eigh(g.T @ g)[1][:, -1])
                    for f, g in (pair["shank " + side], pair["foot " + side])
                )
            )
            settings = dict(
                period_s=period,
                rest_samples=round(5 / period),
                rest_shank=list(up[0]),
                rest_foot=list(up[1]),
                up_shank=list(up[0]),
                up_foot=list(up[1]),
                left_shank=list(left[0]),
                left_foot=list(left[1]),
            )
            _, out = direct(
                "ankle",
                json.dumps(settings),
                rows=np.column_stack([x for s in ("shank ", "foot ") for x in pair[s + side][::-1]]),
                columns=5,
            )
            sd = float(np.std(out[:, 3]))
            report.figure("live.unknown", f"{name} ankle {side}", int((~np.isfinite(out)).any(axis=1).sum()))
            report.figure("live.moving", f"{name} ankle {side}", sd)
            rows.append([name, side, len(out), sd])
    report.table(["recording", "side", "samples", "SD of the ankle's rate, deg/s"], rows)
    report.text(
        "No accuracy follows from these: they have no optical answer, and the sensors are not aligned to the segments. "
        "That grfd itself takes them in: part replays."
    )


def awinda(data):
    for folder in data.glob("07*/*exported*"):
        spec = json.loads((folder / "sensorspec.json.txt").read_text())
        sensors, lost = {}, {}
        for key, ending in spec.items():
            if key == "lumbar":
                continue
            side, segment = (key[:4], key[4:]) if key.startswith("left") else (key[:5], key[5:])
            file = next(folder.glob(f"*{ending}.gz"))
            t = table(file, skip=12, delimiter="\t")
            counter = numbers(t, "PacketCounter")[:, 0]
            lost[f"{segment} {side}"] = int((np.diff(counter) % 65536 - 1).sum())
            sensors[f"{segment} {side}"] = (
                numbers(t, "Acc_X", "Acc_Y", "Acc_Z"),
                numbers(t, "Gyr_X", "Gyr_Y", "Gyr_Z"),
            )
        yield folder.name, 0.01, sensors, lost


def full_body(data):
    try:
        from scipy.io import loadmat
    except ImportError:
        return
    for file in data.glob("09*/*.mat"):
        m = loadmat(file, squeeze_me=True, struct_as_record=False)
        names = {
            f"{to} {side}": f"{of}_{side}"
            for side in ("left", "right")
            for to, of in (("shank", "lower_leg"), ("foot", "foot"))
        }
        sensors = {k: (np.array(m[v].acc, float), np.array(m[v].gyr, float)) for k, v in names.items()}
        yield file.stem, float(np.median(np.diff(m["t"]))), sensors, {}
