"""Points of a C3D file, segment frames among them, and the sensor that would ride on a rigid cluster of markers."""
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation, RotationSpline

G, INTEL = 9.80665, 84


class C3dPoints:
    """Intel, reals: what set 05 has. Metres; a point that was not seen is NaN."""

    def __init__(self, path):
        raw = path.read_bytes()
        head = np.frombuffer(raw[:512], "<u2")
        count, first, last, start = int(head[1]), int(head[3]), int(head[4]), (int(head[8]) - 1) * 512
        if raw[(raw[0] - 1) * 512 + 3] != INTEL or np.frombuffer(raw[12:16], "<f4")[0] >= 0:
            raise ValueError(f"{path.name}: only Intel reals are read here")
        per_frame = 4 * count + int(head[2])
        values = np.frombuffer(raw, "<f4", (last - first + 1) * per_frame, start).reshape(-1, per_frame)
        points = values[:, : 4 * count].reshape(-1, count, 4).astype(float)
        points[(points[:, :, 3] < 0) | (points[:, :, :3] == 0).all(axis=2)] = np.nan
        self.labels, self.rate = self.names(raw)[:count], float(np.frombuffer(raw[20:24], "<f4")[0])
        self.points = {n: 1e-3 * points[:, i, :3] for i, n in enumerate(self.labels)}

    @staticmethod
    def names(raw):
        """POINT:LABELS"""
        at, groups, found = (raw[0] - 1) * 512 + 4, {}, {}
        while at + 2 < len(raw) and raw[at]:
            length, group = abs(int(np.int8(raw[at]))), int(np.int8(raw[at + 1]))
            name, next_ = raw[at + 2 : at + 2 + length].decode("latin1").upper(), at + 2 + length
            if group < 0:
                groups[-group] = name
            elif name == "LABELS" and np.int8(raw[next_ + 2]) == -1:
                width, n = raw[next_ + 4], raw[next_ + 5]
                text = raw[next_ + 6 : next_ + 6 + width * n]
                found[group] = [text[width * i : width * (i + 1)].decode("latin1").strip() for i in range(n)]
            step = int(np.frombuffer(raw[next_ : next_ + 2], "<u2")[0])
            if step == 0:
                break
            at = next_ + step
        return next(v for g, v in found.items() if groups[g] == "POINT")

    def __getitem__(self, name):
        return self.points[name]

    def mean(self, name):
        return np.nanmean(self[name], axis=0)


def frames(points, segment):
    """Rotation segment -> lab of a frame that is given by its origin and the ends of its axes, per frame of the file."""
    axes = [points[segment + a] - points[segment + "O"] for a in "ALP"]
    return np.stack([a / np.linalg.norm(a, axis=1)[:, None] for a in axes], axis=2)


class Sensor:
    def __init__(self, rows, rest):
        self.rows, self.rest = rows, rest  # gyr acc; specific force while still in the pose of the first frame


def cluster_sensor(points, still, names, t):
    """In the middle of the markers; its axes are those of the laboratory in the static trial. At times t, s."""
    seen = np.flatnonzero(np.isfinite(np.hstack([points[n] for n in names])).all(axis=1))
    run = max(np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1), key=len)
    low = butter(2, 12, fs=points.rate, output="sos")
    moved = [sosfiltfilt(low, points[n][run], axis=0) for n in names]
    template = np.array([still.mean(n) for n in names])
    template -= template.mean(axis=0)
    middle = np.mean(moved, axis=0)
    turned = Rotation.concatenate(
        [Rotation.align_vectors([m[k] - middle[k] for m in moved], template)[0] for k in range(len(run))]
    )
    when = run / points.rate
    inside = np.clip(t, when[0], when[-1])
    turning, place = RotationSpline(when, turned), CubicSpline(when, middle)
    orientation = turning(inside)
    gyro = turning(inside, 1)  # in the turning axes
    force = orientation.inv().apply(place(inside, 2) + [0, 0, G])
    return Sensor(np.hstack([gyro, force]), orientation[0].inv().apply([0, 0, G]))
