"""What a converter does to a centre of pressure: from the size of its steps, its noise and the times at which it looks."""
import numpy as np

DRAWS = 40


def cubic(values, place):
    """4-point cubic through regular samples at fractional places; nothing is felt before the first and after the last."""
    i = np.clip(np.floor(place).astype(int), -3, len(values) + 2)
    values, u = np.concatenate([np.zeros(5), values, np.zeros(5)]), place - i
    i = i + 5
    return (-u * (u - 1) * (u - 2) / 6 * values[i - 1] + (u + 1) * (u - 1) * (u - 2) / 2 * values[i]
            - (u + 1) * u * (u - 2) / 2 * values[i + 1] + (u + 1) * u * (u - 1) / 6 * values[i + 2])


class Predictor:
    """Wrench about the surface centre in laboratory axes (N, N.m) from the steps of one plate's six channels."""

    def __init__(self, recording, plate, seed):
        c = recording.file[f"calibration/{plate}"]
        volts_per_unit = c["matrix"][:] * (c["gain"][:] * c["excitation_v"][()] * 1e-6)[:, None]
        slope, _, center_code = recording["raw/u6/calibration"].values[0, :3]
        sensor = np.linalg.inv(volts_per_unit) * slope  # wrench at the sensor, plate axes, per step of each channel
        corners = c["corners_m"][:]
        self.center = corners.mean(axis=0)
        ex = corners[0] - corners[1] + corners[3] - corners[2]
        ez = np.cross(ex, corners[0] - corners[3] + corners[1] - corners[2])
        ex, ez = ex / np.linalg.norm(ex), ez / np.linalg.norm(ez)
        r = np.column_stack([ex, np.cross(ez, ex), ez])
        self.rotation = r
        sign = -1 if c.attrs["sense"] in (b"action", "action") else 1
        force, moment = sensor[:3], sensor[3:]
        moment = moment - np.cross(c["origin_m"][:], force.T).T
        self.per_step = sign * np.vstack([r @ force, r @ moment])
        self.columns = [0, 1, 2, 3, 4, 5] if plate == "left" else [6, 7, 8, 9, 10, 11]
        self.random = np.random.default_rng(seed)

        # The tare is a mean of whole steps: without noise it misses a zero between two steps by up to half of one.
        scan = recording["raw/u6/scan"]
        empty = (scan.t > 0.5) & (scan.t < 2.3)
        offset = 40 * (1 - 2 * (np.array(self.columns) % 2))  # zero_offset_counts, alternately up and down
        self.tare_error = scan.values[empty][:, self.columns].mean(axis=0) - (center_code + offset)

    def errors(self, samples, noise):
        """(DRAWS, samples, 6): errors of the wrench."""
        steps = self.random.uniform(-0.5, 0.5, (DRAWS, samples, 6)) - self.tare_error
        if noise:
            steps += self.random.normal(0, noise, steps.shape)
        return steps @ self.per_step.T

    def looked_at(self, wrench, drift, skew_s, lead_in_s):
        """The recording as a converter sees it that takes channel i skew_s later than channel i - 1 and whose crystal is
        fast by `drift`, read again at the recording's own times by somebody who knows the drift but not the skew."""
        steps = wrench @ np.linalg.inv(self.per_step).T
        n, first = len(wrench), lead_in_s * 1e3
        scan0 = np.floor(first * (1 + drift)) - 8
        own = (scan0 + np.arange(n + 16)) / (1 + drift) - first  # places of the scans in the recording
        taken = np.column_stack([cubic(steps[:, i], own + 1e3 * skew_s * column) for i, column in enumerate(self.columns)])
        again = (np.arange(n) + first) * (1 + drift) - scan0
        return np.column_stack([cubic(taken[:, i], again) for i in range(6)]) @ self.per_step.T
