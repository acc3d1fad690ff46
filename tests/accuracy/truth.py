"""What each measure of a repetition should have been: from the subject's own numbers where it has them, otherwise the
measure's definition applied to the true courses (1 kHz, no noise, no delay)."""
import numpy as np
from truth_loads import Body, end_of_course, slope_of_parabola

G = 9.80665


def first(condition, start, otherwise=None):
    k = np.flatnonzero(condition[start:])
    return start + int(k[0]) if k.size else otherwise


def held(condition, n):
    """True where it has held for n ticks up to here."""
    count = np.cumsum(condition)
    count = count - np.concatenate([np.zeros(n), count[:-n]])
    return count >= n


class Courses:
    """True courses on the millisecond; index = milliseconds of the session."""

    def __init__(self, recording, mass_kg, standing_shank_deg, stands_s):
        """`mass_kg`: function of the time in s: a bar may be taken. `stands_s`: when the subject stands."""
        left = recording["truth/plate/left"]
        self.n = n = int(round(1e3 * left.t[-1])) + 1
        self.weight = mass_kg(1e-3 * np.arange(n)) * G

        def course(stream, column):
            s = recording[stream]
            out = np.full(n, np.nan)
            out[np.round(1e3 * s.t).astype(int)] = s[column]
            return out

        self.fz = [course(f"truth/plate/{s}", "fz") for s in ("left", "right")]
        self.fx, self.fy = ([course(f"truth/plate/{s}", f) for s in ("left", "right")] for f in ("fx", "fy"))
        self.tz = [course(f"truth/cop/{s}", "tz") for s in ("left", "right")]
        self.foot_cop = [[course(f"truth/cop/{s}", f) for f in ("cop_ml", "cop_ap")] for s in ("left", "right")]
        self.force_rate = [slope_of_parabola(f) for f in self.fz]
        self.cop_ap = course("truth/cop/total", "cop_ap")
        self.ankle = [
            {
                c: course(f"truth/ankle/{s}", c)
                for c in ("dorsiflexion", "dorsiflexion_rate", "shank_inclination", "foot_pitch", "eversion")
            }
            for s in ("left", "right")
        ]
        self.standing_shank_deg = standing_shank_deg
        self.v, self.z = self.movement(recording["truth/reps/pair"], int(1e3 * stands_s))

    def movement(self, pair, a):
        """Velocity and height of the centre of mass, m/s and m. The two constants of the integration are those with which
        it neither rises nor sinks between the standing before the first repetition and that after the last: it sways, so
        no single instant is at rest."""
        fz = self.fz[0] + self.fz[1]
        b = int(1e3 * pair["t_start"][0]) - 400
        c, d = int(1e3 * pair["t_end"][-1]) + 600, self.n
        v, z = np.zeros(self.n), np.zeros(self.n)
        push = fz / self.weight - 1
        v[a + 1 :] = np.cumsum((push[a + 1 :] + push[a:-1]) / 2) * 1e-3 * G
        z[a + 1 :] = np.cumsum((v[a + 1 :] + v[a:-1]) / 2) * 1e-3
        t = np.arange(self.n) * 1e-3
        standing = np.r_[a:b, c:d]
        slope, level = np.polyfit(t[standing], z[standing], 1)
        return v - slope, z - level - slope * t

    def repetition(self, pair, sides, k, between, straight):
        """`pair`, `sides`: truth/reps/..., row k. `straight`: shanks stay in their planes. -> (both, [left, right], phases)"""
        a, end = (int(round(1e3 * pair[c][k])) for c in ("t_start", "t_end"))
        # without rest a repetition begins and ends where the body turns, and a body that sways does not turn on schedule
        from_turn, to_turn = (not between and k > 0), (not between and k + 1 < len(pair.t))
        if from_turn:
            a = self.turn(a)
        if to_turn:
            end = self.turn(end)
        before = a if from_turn else a - 400
        after = end if to_turn else min(end + 600, self.n - 1)
        fz, weight = self.fz[0] + self.fz[1], self.weight[a]
        at = slice(before, after)
        v, z = self.v[at], self.z[at]
        rate = np.mean([s["dorsiflexion_rate"][at] for s in self.ankle], axis=0)
        df = np.mean([s["dorsiflexion"][at] for s in self.ankle], axis=0)
        low, b0, b1 = bottom(z)
        quiet = (abs(fz[at] - weight) < 0.02 * weight) & (abs(rate) < 1.5)
        start, stop = a - before, end - before
        if not from_turn:
            entered = first(held(((v < -0.06) & (rate > 0)) | (rate > 5), 80), 0, start)
            start = int(np.flatnonzero(quiet[:entered])[-1]) if quiet[:entered].any() else start
        if not to_turn:
            back = first(df < 0.2 * df.max(), low, stop)
            still = first(held(quiet, 300), back + 299, stop + 299)
            stop = still - 299
        share = [f[at] / fz[at] for f in self.fz]
        bai = 100 * (share[1] - share[0])
        drop = -z[low]
        both = dict(
            t_start=before + start,
            t_end=before + stop,
            t_bottom=before + (b0 + b1) / 2,
            drop=drop,
            v_descent_peak=v.min(),
            v_ascent_peak=v.max(),
            pause=pause(v, z, low, drop),
            bodyweight=weight,
            bai_standing_rl=bai[max(start - 300, 0) : start + 1].mean(),
            bai_descent_rl=bai[start : b0 + 1].mean(),
            bai_bottom_rl=bai[(b0 + b1) // 2 - 50 : (b0 + b1) // 2 + 51].mean(),
            bai_ascent_rl=bai[b1 : stop + 1].mean(),
            impulse_bai_ascent_rl=100
            * np.diff([f[at][b1 : stop + 1].sum() for f in self.fz])[0]
            / fz[at][b1 : stop + 1].sum(),
        )
        for t in ("t_start", "t_end", "t_bottom"):
            both[t] *= 1e-3
        out = [self.side(i, sides[i], k, before, start, b0, b1, stop, straight) for i in (0, 1)]
        code = int(pair["first_out"][k])
        plateau = np.fmin(*(s["plateau"] for s in out))
        both["first_out"] = code
        if code in (1, 2, 3):
            both["finish_lag_rl"] = out[1]["finish"] - out[0]["finish"]
            p = int(np.ceil(1e3 * plateau - 0.5))
            both["fall_back"] = self.cop_ap[p] - self.cop_ap[p : before + b1 + 1].min()
        both["onset_lag_rl"] = out[1]["onset"] - out[0]["onset"]
        both["rate_diff_rl"] = out[1]["rate_fit"] - out[0]["rate_fit"]
        both["time_to_90_diff_rl"] = out[1]["time_to_90"] - out[0]["time_to_90"]
        both["range_diff_rl"] = out[1]["range"] - out[0]["range"]
        phases = dict(start=start, b0=b0, b1=b1, mid=(b0 + b1) // 2, stop=stop)
        return both, out, dict({n: before + x for n, x in phases.items()}, turn=from_turn, creep=creep(z))

    def turn(self, near):
        """The millisecond at which the centre of mass stops rising."""
        v = self.v[near - 300 : near + 300]
        return near - 300 + int(np.flatnonzero((v[:-1] > 0) & (v[1:] <= 0))[-1])

    def side(self, i, rows, k, before, start, b0, b1, stop, straight):
        c = {n: x[before:] for n, x in self.ankle[i].items()}
        v = self.v[before:]
        still = slice(max(start - 300, 0), start + 1)
        base = np.median(c["dorsiflexion"][still]) if start > 0 else 0.0
        d, rate = c["dorsiflexion"] - base, c["dorsiflexion_rate"]
        top = start + int(np.argmax(d[start : end_of_course(d, start, b1, stop) + 1]))
        full = d[top]
        t10, t50, t70, t90 = (first(d >= share * full, start) for share in (0.1, 0.5, 0.7, 0.9))
        early, line = (np.polyfit(np.arange(t10, t + 1), d[t10 : t + 1], 1) for t in (t50, t70))

        def crossing(fit, level):
            return 1e-3 * (before + (level - fit[1]) / fit[0])

        fastest = rate[start : max(b1, top) + 1].max()
        slow = held(rate[t50:b0] < max(0.15 * fastest, 4), 100) & (
            np.convolve(v[t50:b0] < -0.05, np.ones(100))[: b0 - t50] > 70
        )
        found = first(slow[: max(b0 - 100 - t50, 0)], 0)
        out = dict(
            range=full, onset=crossing(early, 0), rate_fit=1e3 * line[0], finish=crossing(line, full), plateau=np.nan
        )
        if found is not None:
            level = d[t50 + found - 99 : b0 - 100]
            out.update(plateau_level=np.median(level), creep=1e3 * np.polyfit(np.arange(len(level)), level, 1)[0])
            out["plateau"] = out["finish"] = crossing(line, out["plateau_level"])
        if straight:  # the subject's own numbers: its ankle is what an inclinometer shows
            out.update({n: rows[n][k] for n in ("onset", "finish", "range", "rate_fit")})
            if found is not None:  # by the rule, of the true course; when, is the subject's own number
                out["plateau"] = out["finish"]
        eversion = c["eversion"] - (
            np.median(c["eversion"][max(start - 700, 0) : max(start - 400, 1)]) if start > 0 else 0
        )
        # 1 stopped early, 2 ran out of room: at least 90 % of what the knee-to-wall test gave
        out["plateau_kind"] = 0 if np.isnan(out["plateau"]) else 1 + int(full + base >= 0.9 * Body.available_deg[i])
        out.update(
            baseline=base,
            peak=full + base,
            rate_mean=(d[t90] - d[t10]) / (t90 - t10) * 1e3,
            rate_peak=fastest,
            time_to_90=1e-3 * (before + t90) - out["onset"],
            shank_max=c["shank_inclination"][start : stop + 1].max() + self.standing_shank_deg,
            heel_lift=c["foot_pitch"][start : stop + 1].max(),
            used=100 * (full + base + self.standing_shank_deg) / (Body.available_deg[i] + self.standing_shank_deg),
            eversion_amplitude=eversion[max(start - 400, 0) : b0 + 1].max(),
        )
        return out


def bottom(z):
    """Index of the lowest height, of the first and of the last one within 2 mm or 1 % of the drop of it."""
    low = int(np.argmin(z))
    near = z <= z[low] + max(0.002, 0.01 * (z.max() - z[low]))
    b0 = low - int(np.argmin(near[low::-1])) + 1
    b1 = low + int(np.argmin(near[low:])) - 1 if not near[low:].all() else len(z) - 1
    return low, b0, b1


def creep(z):
    """By how much an end of the bottom moves, in ms, when the velocity is off by what its bound allows in the mean, 5 mm/s."""
    low, *ends = bottom(z)
    tilt = 5e-6 * (np.arange(len(z)) - low)
    return max(abs(a - b) for sign in (-1, 1) for a, b in zip(bottom(z + sign * tilt)[1:], ends))


def pause(v, z, low, drop):
    """Stay at the bottom beyond what a minimum-jerk turn of this size and duration takes anyway."""
    still = (abs(v) < 0.03) & (z < z[low] + 0.010)
    c = low - int(np.argmin(still[low::-1])) + 1 if not still[: low + 1].all() else 0
    d = low + int(np.argmin(still[low:])) - 1 if not still[low:].all() else len(v) - 1
    near = z <= z[low] + max(0.002, 0.01 * (z.max() - z[low]))
    a, b = int(np.flatnonzero(near)[0]), int(np.flatnonzero(near)[-1])
    own = sum(t * np.sqrt(0.03 * t / (30 * drop)) for t in (max(a * 1e-3, 0.1), max((len(v) - 1 - b) * 1e-3, 0.1)))
    raw = (d - c) * 1e-3
    return raw - own if raw - own >= max(0.2, own / 2) else 0.0
