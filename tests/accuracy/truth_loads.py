"""What the forces of a repetition should have been (reps_load, reps_exploratory, reps_asymmetry): each measure's definition, written
on whole arrays, applied to the true courses. Times are milliseconds of the session, the phases those of truth.py."""
import math
import pathlib
import sys

import numpy as np
from scipy.signal import butter, sosfiltfilt

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dsp"))
from excursion import excursion

G = 9.80665
PHASES = ("standing", "descent", "bottom", "ascent")
DEVELOPMENTS = (50, 100, 150, 200, 250)
RATE_LAG = 10  # the parabola's slope is taken that many samples before its newest
# least squares of a parabola to 61 samples, its slope 10 before the newest (oldest first)
PARABOLA = np.linalg.pinv(np.vander((np.arange(61) - 50) * 1e-3, 3, increasing=True))[1]
# zero phase: two passes of second order that have -3 dB at 8 Hz together would need another design; the measure takes 8 Hz itself
EIGHT_HZ = butter(2, 8, fs=1000, output="sos")


def slope_of_parabola(force):
    """Of a true force, without delay; NaN at the ends."""
    out = np.full(len(force), np.nan)
    fitted = np.lib.stride_tricks.sliding_window_view(force, 61) @ PARABOLA
    out[50 : 50 + len(fitted)] = fitted
    return out


def end_of_course(d, start, b1, stop):
    """Last tick of an ankle's way down: that of the bottom, or, when it gains more than 0.15 deg within 0.1 s after it, the largest
    after which it gains nothing for 0.1 s, 0.5 s and half the ascent away at most."""
    last = b1 + min(500, (stop - b1) // 2)
    if not d[b1 + 1 : min(b1 + 100, last) + 1].max(initial=-np.inf) > d[start : b1 + 1].max() + 0.15:
        return b1
    top = b1
    while True:
        later = d[top + 1 : min(top + 100, last) + 1]
        if not later.max(initial=-np.inf) > d[start : top + 1].max():
            return top
        top += 1 + int(np.argmax(later))


class Body:
    """Who squats and where the feet stand, as the participant's settings say. Index 0 = left."""

    height, foot_length, standing_shank_deg = 1.78, 0.27, 3.0
    heels = np.array([[-0.14095, -0.06437], [0.14095, -0.06437]])
    toe_out_deg, heel_to_ankle = 8.0, 0.065
    available_deg = (27.0, 38.0)
    band_percent = (40.0, 70.0)  # nobody squats in the usual one; the edge at 40 is passed when the body falls back

    def along(self, side, ml, ap):
        out, a = 2 * side - 1, math.radians(self.toe_out_deg)
        x, y = ml - self.heels[side, 0], ap - self.heels[side, 1]
        return 100 * (out * x * math.sin(a) + y * math.cos(a)) / self.foot_length

    def in_band(self, percent):
        low, high = self.band_percent
        return 100 * ((percent >= low) & (percent <= high)).mean()

    def along_both(self, ap):
        return 100 * (ap - self.heels[:, 1].mean()) / self.foot_length

    def knee_moment(self, side, fz, fy, cop_ap, lean_deg, mass):
        """Winter's segments: shank 0.246 and ankle 0.039 of the height, masses 0.0465 and 0.0145 of the body."""
        a, shank = np.radians(lean_deg), 0.246 * self.height
        ankle = self.heels[side, 1] + self.heel_to_ankle * math.cos(math.radians(self.toe_out_deg))
        knee, up = ankle + shank * np.sin(a), 0.039 * self.height + shank * np.cos(a)
        weights = 0.0465 * 0.433 * (knee - ankle) + 0.0145 * (knee - ankle - 0.04)
        return fz * (knee - cop_ap) - up * fy - G * mass * weights


def bai1(right, left):
    return 100 * (right - left) / (right + left)


class Loads:
    """All measures of one repetition. `c`: truth.Courses; `phases`: milliseconds start, b0, b1, mid, stop and `turn`, whether it
    began without standing; `noise_n`: SD of the measured unfiltered force in standing, which decides where the drive begins.
    """

    def __init__(self, c, phases, noise_n, body=Body()):
        self.c, self.body, self.noise_n = c, body, noise_n
        self.start, self.b0, self.b1, self.mid, self.stop = (phases[k] for k in ("start", "b0", "b1", "mid", "stop"))
        self.turn = phases["turn"]
        s, half = self.start, 50
        self.at = {
            "standing": slice(s - 300, s + 1),
            "descent": slice(s, self.b0 + 1),
            "bottom": slice(self.mid - half, self.mid + half + 1),
            "ascent": slice(self.b1, self.stop + 1),
        }
        self.whole = slice(s, self.stop + 1)
        self.weight = c.weight[s]
        self.mass = self.weight / G
        self.force = c.fz[0] + c.fz[1]
        top = self.mid + int(np.argmax(c.v[self.mid : self.stop + 1]))
        self.drive = slice(self.mid, top + 1)
        over = np.flatnonzero(self.force[self.drive] > self.weight + 5 * noise_n)
        self.onset = self.mid + int(over[0]) if over.size and not self.turn else None
        self.top = top

    def onset_creep(self):
        """By how much the onset of the drive moves, in ms, when the middle of the bottom is 45 ms off and the force by 3 SD of the
        noise of two plates, 3.4 N: the first of many samples to pass a level is one of the largest."""
        level, ends = self.weight + 5 * self.noise_n, []
        for sign in (-1, 1):
            mid = self.mid + 45 * sign
            over = np.flatnonzero(self.force[mid : self.top + 1] > level + 3.4 * sign)
            ends.append(mid + int(over[0]) if over.size else np.inf)
        return ends[1] - ends[0]

    def mean(self, x, phase):
        return np.nan if self.turn and phase == "standing" else x[self.at[phase]].mean()

    def means(self, name, x):
        return {f"{name}_{p}": self.mean(x, p) for p in PHASES}

    def development(self, force):
        if self.onset is None:
            return {f"rfd_{n}": np.nan for n in DEVELOPMENTS}
        return {f"rfd_{n}": (force[self.onset + n] - force[self.onset]) / (1e-3 * n) for n in DEVELOPMENTS}

    def development_peak(self, force):
        """Largest gain of 20 ms that lie in the drive."""
        drive = force[self.drive]
        return (drive[20:] - drive[:-20]).max() / 0.020

    def foot(self, i):
        """(columns of reps_load, columns of reps_exploratory) of one side"""
        c, body = self.c, self.body
        fz, ankle = c.fz[i], c.ankle[i]
        cop = body.along(i, c.foot_cop[i][0], c.foot_cop[i][1])
        lean = ankle["shank_inclination"] + body.standing_shank_deg
        knee = body.knee_moment(i, fz, c.fy[i], c.foot_cop[i][1], lean, self.mass)
        pitch, ev = ankle["foot_pitch"], ankle["eversion"]
        still = self.at["standing"]
        lift, lifted = excursion(pitch - np.median(pitch[still]), self.start, self.stop)
        inward = np.median(ev[still]) - ev
        turned, turned_for = excursion(inward, self.start, self.stop)
        load = {
            **self.means("fz", fz),
            **self.means("tz", c.tz[i]),
            **self.means("cop", cop),
            "force_rate_peak": c.force_rate[i][self.drive].max(),
            **self.development(fz),
            "rfd_peak_20": self.development_peak(fz),
            "knee_moment_standing": self.mean(knee, "standing"),
            "knee_moment_bottom": self.mean(knee, "bottom"),
            "knee_moment_peak": knee[self.whole].max(),
            "heel_lift_onset": np.nan if lift is None else 1e-3 * lift,
            "heel_lift_time": 1e-3 * lifted,
        }
        power = fz * c.v
        share = lambda x: (72 - x) / 60  # noqa: E731
        light = np.flatnonzero(share(cop[self.whole]) <= 0.10)
        lost = min([k for k in (*(self.start + light[:1]), lift) if k is not None], default=None)
        found = {
            **self.eversion(i),
            "inversion_onset": np.nan if turned is None else 1e-3 * turned,
            "inversion_time": 1e-3 * turned_for,
            "inversion_peak": inward[self.whole].max(),
            "heel_share_standing": share(self.mean(cop, "standing")),
            "heel_share_bottom": share(self.mean(cop, "bottom")),
            "heel_share_min": share(cop[self.whole].max()),
            "heel_contact": float(lost is None),
            "heel_contact_lost": np.nan if lost is None else 1e-3 * lost,
            "in_band": body.in_band(cop[self.whole]),
            "behind_40": 1e-3 * (cop[self.whole] < 40).sum(),
            "impulse_eccentric": 1e-3 * fz[self.at["descent"]].sum(),
            "impulse_concentric": 1e-3 * fz[self.at["ascent"]].sum(),
            "power_eccentric": self.mean(power, "descent"),
            "power_concentric": self.mean(power, "ascent"),
            "power_eccentric_peak": power[self.at["descent"]].min(),
            "power_concentric_peak": power[self.at["ascent"]].max(),
        }
        return load, found

    def eversion(self, i):
        """Leads and slope; the onset of dorsiflexion is that of the measure's rule, a line through 10-50 %."""
        c = self.c
        e = sosfiltfilt(EIGHT_HZ, c.ankle[i]["eversion"])
        d = c.ankle[i]["dorsiflexion"] - (
            0 if self.turn else np.median(c.ankle[i]["dorsiflexion"][self.at["standing"]])
        )
        search = self.start - 400
        base = slice(search - 300, search + 1)
        if self.turn:  # the foot is flattest near the turn
            search += int(np.argmin(e[search : self.start + 1]))
            base = slice(search - 40, search + 41)
        e = e - np.median(e[base])
        out = {"eversion_per_dorsiflexion": np.polyfit(d[self.start : self.b0 + 1], e[self.start : self.b0 + 1], 1)[0]}
        most = e[search : self.b0 + 1].max()
        if most >= 0.5:
            first = lambda x, level, k: k + int(np.argmax(x[k:] >= level))  # noqa: E731
            full = d[self.start : end_of_course(d, self.start, self.b1, self.stop) + 1].max()
            d10, d50 = (first(d, share * full, self.start) for share in (0.1, 0.5))
            line = np.polyfit(np.arange(d10, d50 + 1), d[d10 : d50 + 1], 1)
            e10, e20, e60 = (first(e, share * most, search) for share in (0.1, 0.2, 0.6))
            rise = np.polyfit(np.arange(e20, e60 + 1), e[e20 : e60 + 1], 1)
            out["eversion_onset"] = -1e-3 * rise[1] / rise[0]
            out["eversion_lead"] = 1e-3 * (rise[1] / rise[0] - line[1] / line[0])
            out["eversion_lead_10"] = 1e-3 * (d10 - e10)
        return out

    def both(self, plateau_s):
        """(columns of reps_load/pair, columns of reps_exploratory/pair); `plateau_s`: of the first plateau, or NaN"""
        c, body = self.c, self.body
        percent, fy = body.along_both(c.cop_ap), c.fy[0] + c.fy[1]
        load = {
            **self.means("cop", percent),
            **self.means("spread", (c.fx[0] - c.fx[1]) / 2),
            "drive_onset": np.nan if self.onset is None else 1e-3 * self.onset,
            "force_rate_peak": (c.force_rate[0] + c.force_rate[1])[self.drive].max(),
            **self.development(self.force),
            "rfd_peak_20": self.development_peak(self.force),
        }
        for name, first, last in (("descent", self.start, self.b0), ("ascent", self.b1, self.stop)):
            for j in range(11):
                k = first + int(math.floor(j * (last - first) / 10 + 0.5))
                load[f"bai_rl_{name}_{10 * j}"] = bai1(c.fz[1][k], c.fz[0][k])
        lowest = c.z[self.start : self.stop + 1].min()
        low = self.start + int(np.argmin(c.v[self.start : self.mid + 1]))
        down = self.start + int(np.argmax(c.v[self.start : self.b0 + 1] < -0.06))
        found = {
            "in_band": body.in_band(percent[self.whole]),
            "depth": -lowest,
            "depth_height": -100 * lowest / body.height,
            "descent_time": 1e-3 * (self.b0 - self.start),
            "ascent_time": 1e-3 * (self.stop - self.b1),
            "stiffness": (self.force[low : self.mid + 1].max() - self.force[low]) / (c.z[low] - lowest),
        }
        near = (abs(c.v) < 0.03) & (c.z < lowest + 0.010)
        a = b = self.mid
        while near[a - 1]:
            a -= 1
        while near[b + 1]:
            b += 1
        found["pause_time"] = 1e-3 * (b - a)
        if not self.turn:
            s = self.start
            found["forward_shift"] = c.cop_ap[s - 499 : down + 1].max() - c.cop_ap[s - 800 : s - 499].mean()
        for name, phase in (("descent", "descent"), ("ascent", "ascent")):
            at = self.at[phase]
            jerk = (c.force_rate[0] + c.force_rate[1])[at] / self.mass
            duration = 1e-3 * (at.stop - 1 - at.start)
            found[f"smoothness_{name}"] = -math.log(duration**3 / (c.v[at] ** 2).max() * 1e-3 * (jerk**2).sum())
        if np.isfinite(plateau_s):
            p = int(np.ceil(1e3 * plateau_s - 0.5))
            to = slice(p, self.b1 + 1)
            com = c.cop_ap[to] + (0.56 * body.height + c.z[to]) * fy[to] / self.force[to]
            load["fall_back_foot"] = percent[p] - percent[to].min()
            behind = percent[to] <= percent[p] - 5
            load["fall_back_time"] = 1e-3 * behind.sum()
            runs = "".join("x" if b else " " for b in behind).split()
            load["fall_back_flag"] = float(max(map(len, runs), default=0) > 100)
            found["com_fall_back"] = com[0] - com.min()
        return load, found


def asymmetry(loads, found, sides, ascent_s):
    """Columns of reps_asymmetry: right minus left by BAI-1, and its error, of the true measures of both sides."""
    compared = {f"fz_{p}": ([x[f"fz_{p}"] for x in loads], 20, 4.0) for p in PHASES}
    compared["impulse_ascent"] = ([x["impulse_concentric"] for x in found], 5, 4.0 * ascent_s)
    compared["rate_fit"] = ([s["rate_fit"] for s in sides], 3, 1.0)
    compared["range"] = ([s["range"] for s in sides], 3, 1.1)
    out = {}
    for name, ((left, right), floor, sigma) in compared.items():
        if not min(left, right) > floor:
            continue
        out[f"{name}_rl"] = bai1(right, left)
        out[f"{name}_sigma"] = 200 * sigma * math.hypot(left, right) / (left + right) ** 2
    return out
