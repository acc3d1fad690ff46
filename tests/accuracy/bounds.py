"""Every bound of the accuracy report, stated before anything is measured: name -> limit, unit, what, and where the
expected value comes from.

A figure passes when it is at most the limit (Bound), at least (AtLeast) or inside (Within). A bound may be changed
only with the reason beside it in reasons.py; the report prints them."""
import dataclasses

import bounds_loads
import bounds_posture


@dataclasses.dataclass(frozen=True)
class Bound:
    limit: float
    unit: str
    what: str
    source: str

    def holds(self, value):
        return bool(value <= self.limit)

    def words(self):
        return f"<= {self.limit:g}"

    def worse(self, a, b):
        return a if not a <= b else b


class AtLeast(Bound):
    def holds(self, value):
        return bool(value >= self.limit)

    def words(self):
        return f">= {self.limit:g}"

    def worse(self, a, b):
        return a if not a >= b else b


@dataclasses.dataclass(frozen=True)
class Within:
    low: float
    high: float
    unit: str
    what: str
    source: str

    def holds(self, value):
        return bool(self.low <= value <= self.high)

    def words(self):
        return f"{self.low:g} to {self.high:g}"

    def worse(self, a, b):
        middle = (self.low + self.high) / 2
        return a if not abs(a - middle) <= abs(b - middle) else b


C3D = "reference answers of the set (numpy, equal to ezc3d to 6e-14 mm; ten digits)"
PUBLISHED = "published with the data set"
PIG = "Vicon Plug-in-Gait of the same instants"
TABLE = "table of 11.2 (upstream VQF in double, same recipe)"
UPSTREAM = "upstream VQF in double, same recipe"
BROAD = "VQF upstream against the optical orientation (BROAD)"
TRUTH = "the subject's own equations (truth/...)"
RULE = "the measure's definition applied to truth/..."

BOUNDS = {
    # ---- plates, called directly in double
    "plate.cop": Bound(1e-9, "m", "CoP of a plate, in its axes", C3D),
    "plate.tz": Bound(1e-9, "N.m", "free moment at it", C3D),
    "plate.lab": Bound(1e-7, "m", "CoP in the lab, corners in one plane", C3D),
    "plate.lab.survey": Bound(
        1e-3, "m", "CoP in the lab, surveyed corners (the reference takes two edges, dsp/ all four)", C3D
    ),
    "plate.net": Bound(1e-9, "m", "combined CoP, corners in one plane", "Fz-weighted mean of the reference"),
    "plate.net.survey": Bound(1e-3, "m", "combined CoP, surveyed corners", "Fz-weighted mean of the reference"),
    "plate.tz.net": Bound(1e-9, "N.m", "combined free moment", "sum of Tz_i + (r_i - r) x F_i of the plates"),
    "plate.encodings": Bound(0, "", "six encodings of one trial: largest difference between them", "the same trial"),
    "plate.reader": Bound(
        1e-12, "m, N, N.m", "wrench by dsp/ against the one that emulated devices feel", "two implementations"
    ),
    # ---- quiet stance
    "stance.area": Bound(1e-12, "relative", "95 % prediction ellipse", PUBLISHED),
    "stance.velocity": Bound(1e-12, "relative", "mean velocity, path x rate / n", PUBLISHED),
    "stance.cop": Bound(
        2e-8, "m", "CoP from F and M of one plate", PUBLISHED + " (six decimals of a cm, of N and of N.m)"
    ),
    "stance.net": Bound(2e-5, "m", "combined CoP from both plates", PUBLISHED + " (six decimals)"),
    # ---- orientation
    "vqf.inclination": Bound(0.005, "deg", "inclination RMSE: difference from 0.429 (trial 02), 0.470 (15)", BROAD),
    "vqf.heading": Bound(0.02, "deg", "heading RMSE: difference from 0.805 (02), 2.722 (15)", BROAD),
    "vqf.total": Bound(0.02, "deg", "total RMSE: difference from 0.912 (02), 2.763 (15)", BROAD),
    "vqf.largest": Bound(0.01, "deg", "largest inclination: difference from 2.10 (02), 1.79 (15)", BROAD),
    "vqf.mean": Bound(0.02, "deg", "heading and total about the mean heading: difference from 0.462, 0.630; 1.432, 1.508", BROAD),
    "vqf.checkpoint": Bound(2e-6, "", "quaternion after samples 15000 and 30000", BROAD),
    "vqf.bias": Bound(0.001, "deg/s", "gyroscope bias at the end, per axis", BROAD + ", three decimals"),
    # ---- ankle in gait
    "gait.angle.ref": Bound(0.01, "deg", "shank, foot and ankle angle", UPSTREAM),
    "gait.rate.ref": Bound(0.1, "deg/s", "exact and scalar rate, 20 Hz", UPSTREAM),
    "gait.angle.r": AtLeast(0.97, "", "dorsiflexion, correlation", PIG),
    "gait.angle.rms": Bound(2.5, "deg", "dorsiflexion, RMS", PIG),
    "gait.angle.bias": Bound(2.0, "deg", "dorsiflexion, |bias|", PIG),
    "gait.angle.sd": Bound(1.8, "deg", "dorsiflexion, SD", PIG),
    "gait.rate.r": AtLeast(0.985, "", "exact rate, correlation", PIG),
    "gait.rate.rms": Bound(20, "deg/s", "exact rate, RMS", PIG),
    "gait.rate.slope": Within(0.94, 1.06, "", "exact rate, slope", PIG),
    "gait.scalar.r": AtLeast(0.97, "", "scalar rate, correlation", PIG),
    "gait.scalar.rms": Bound(22, "deg/s", "scalar rate, RMS", PIG),
    "gait.scalar.slope": Within(0.92, 1.06, "", "scalar rate, slope", PIG),
    # the table has two or three decimals: half of the last one, and what may be off the reference
    "gait.table.n": Bound(0, "samples", "compared samples", TABLE),
    "gait.table.r": Bound(0.001, "", "r of angle and both rates", TABLE),
    "gait.table.angle": Bound(0.015, "deg", "bias, RMS, SD of the angle", TABLE),
    "gait.table.rate": Bound(0.15, "deg/s", "RMS of both rates", TABLE),
    "gait.table.cluster rate": Bound(0.6, "deg/s", "RMS of the scalar rate, sensors on clusters", TABLE),
    "gait.table.slope": Bound(0.01, "", "slope of both rates", TABLE),
    "gait.noisy.angle.r": AtLeast(0.97, "", "zero errors and noise: dorsiflexion, correlation", PIG),
    "gait.noisy.angle.rms": Bound(2.2, "deg", "zero errors and noise: dorsiflexion, RMS", PIG),
    "gait.noisy.angle.rms.mean": Bound(2.1, "deg", "the same, mean of all seeds", PIG),
    "gait.noisy.angle.bias": Bound(2.0, "deg", "zero errors and noise: dorsiflexion, |bias|", PIG),
    "gait.noisy.angle.sd": Bound(1.8, "deg", "zero errors and noise: dorsiflexion, SD", PIG),
    "gait.noisy.rate.r": AtLeast(0.985, "", "zero errors and noise: exact rate, correlation", PIG),
    "gait.noisy.rate.rms": Bound(20, "deg/s", "zero errors and noise: exact rate, RMS", PIG),
    "gait.noisy.rate.slope": Within(0.94, 1.06, "", "zero errors and noise: exact rate, slope", PIG),
    "gait.noisy.scalar.r": AtLeast(0.97, "", "zero errors and noise: scalar rate, correlation", PIG),
    "gait.noisy.scalar.rms": Bound(22, "deg/s", "zero errors and noise: scalar rate, RMS", PIG),
    "gait.noisy.scalar.slope": Within(0.92, 1.06, "", "zero errors and noise: scalar rate, slope", PIG),
    "gait.joint.r": AtLeast(0.999, "", "joint coordinate system: dorsiflexion, correlation", PIG),
    "gait.joint.sd": Bound(0.42, "deg", "joint coordinate system: dorsiflexion, SD", PIG),
    "gait.cluster.angle.r": AtLeast(0.95, "", "clusters of markers: dorsiflexion, correlation", PIG),
    "gait.cluster.angle.bias": Bound(2.5, "deg", "clusters of markers: dorsiflexion, |bias|", PIG),
    "gait.cluster.angle.rms": Bound(3.5, "deg", "clusters of markers: dorsiflexion, RMS", PIG),
    "gait.cluster.rate.r": AtLeast(0.95, "", "clusters of markers: both rates, correlation", PIG),
    "gait.cluster.rate.rms": Bound(50, "deg/s", "clusters of markers: both rates, RMS", PIG),
    # other clusters; the table gives what its own runs reached, rounded, so half its last digit is added
    "gait.foot.r": AtLeast(0.96, "", "six markers on the shank, foot ANK HEE TOE: dorsiflexion, correlation", TABLE),
    "gait.foot.rms": Bound(2.35, "deg", "the same: dorsiflexion, RMS", TABLE),
    "gait.foot.rate.rms": Bound(35.5, "deg/s", "the same: scalar rate, RMS", TABLE),
    "gait.whole foot.r": AtLeast(0.94, "", "six markers on the shank, eight on the foot: dorsiflexion, correlation", TABLE),
    "gait.whole foot.rms": Bound(2.75, "deg", "the same: dorsiflexion, RMS", TABLE),
    "gait.rearfoot.rms": Within(2.95, 4.85, "deg", "six markers on the shank, four on the heel: dorsiflexion, RMS", TABLE),
    "gait.rearfoot.slope": Within(0.625, 0.785, "", "the same: slope of dorsiflexion, less than the foot's", TABLE),
    # ---- recordings that have no answer
    "live.lost": Bound(0, "samples", "packets missing in the file", "packet counter"),
    "live.unknown": Bound(0, "samples", "not finite, or |q| off 1 by 1e-9, after the filter", "any filter must"),
    "live.moving": AtLeast(5, "deg/s", "SD of the ankle's rate: it is alive", "a person walks"),
    # ---- recordings through the whole pipeline
    "play.cop": Bound(
        1e-5,
        "m",
        "CoP beyond half a step of every channel and what half a step of the tare adds",
        PUBLISHED + ", " + C3D,
    ),
    "play.net": Bound(1e-5, "m", "combined CoP beyond the same", "reference answers of the set"),
    "play.tz": Bound(1e-4, "N.m", "free moment beyond what the same steps make; 32-bit columns round", PUBLISHED + ", " + C3D),
    "play.net.tz": Bound(1e-4, "N.m", "combined free moment beyond the same", "part plates, closed form"),
    "play.stream.cop": Bound(5e-7, "m", "cop/*: points of the recorded wrenches, low-passed", "scipy; 32-bit columns round"),
    "play.stream.tz": Bound(1e-4, "N.m", "cop/*: free moments of the same", "scipy; 32-bit columns round, the clock is off by up to 0.8 us"),
    # ---- inertial recordings as packets through grfd replay
    "replay.angle": Bound(0.05, "deg", "shank, foot, ankle: grfd against the chain called directly", "the same motion; 0.1 ms at 500 deg/s"),
    "replay.rate": Bound(0.3, "deg/s", "exact rate: grfd against the chain called directly", "the same motion; 0.06 ms at 5000 deg/s^2"),
    "replay.lost": Bound(0, "rows", "losses and gaps that grfd tells of", "every packet is in the capture"),
    "replay.changed": Bound(0, "samples", "raw values that are not those of the file, as 32-bit numbers", "the file"),
    "play.takeoff": Bound(1, "samples", "take-off", "published forces below 20 N"),
    "play.landing": Bound(1, "samples", "landing", "published forces below 20 N"),
    "play.flight": Bound(1e-3, "m", "height from the time of flight", "g T^2 / 8 of the reference"),
    "play.impulse": Bound(
        1e-3, "m", "height from the impulse, where the start is quiet", "reference of the set (trapezoid)"
    ),
    "play.rejected": Bound(0, "repetitions", "jumps counted as squats", "they are jumps"),
    "play.ways": Bound(
        0,
        "figures",
        "median and 99th percentile beyond what noise, skew, drift and steps predict",
        "predict.py: converter model",
    ),
    # ---- a bar picked up, a jump, between two squats
    "bar.count": Bound(0, "repetitions", "accepted repetitions: difference from two", "closed form"),
    "bar.weight": Bound(2, "N", "body weight", "mass x g"),
    "bar.event": Bound(
        9.8, "N", "weight in the event bw_changed", "mass x g; the rule takes the first second whose SD is below 1 %"
    ),
    "bar.drop": Bound(0.007, "m", "drop", "closed form"),
    "bar.bottom": Bound(0.09, "s", "middle of the bottom", "closed form"),
    "jump.count": Bound(0, "repetitions", "accepted repetitions: difference from two", "closed form"),
    "jump.rejected": Bound(0, "repetitions", "the jump: not there, or rejected for another reason than flight", "closed form"),
    "jump.flight": Bound(2e-3, "s", "time of flight, force below 20 N", "closed form"),
    "jump.weight": Bound(2, "N", "body weight", "mass x g"),
    "jump.event": Bound(0, "events", "changes of body weight that were none", "the mass stays"),
    "jump.drop": Bound(0.007, "m", "drop", "closed form"),
    "jump.bottom": Bound(0.09, "s", "middle of the bottom", "closed form"),
    # ---- the vectors
    "vectors": Bound(0, "tests", "vector files whose tests fail or are missing", "vectors of the science reference"),
    # ---- cost
    "cost.factor": AtLeast(
        500, "x real time", "whole pipeline on one processor, two plates and four IMUs", "aim of the project"
    ),
}


def both(name, unit, what, mean, worst, source):
    """Of the emulated rig: mean and worst absolute error over all seeds and repetitions of one subject."""
    BOUNDS[f"rig.{name}.mean"] = Bound(mean, unit, f"{what}: mean error", source)
    BOUNDS[f"rig.{name}.worst"] = Bound(worst, unit, f"{what}: worst error", source)


# The means follow from the sensors: an accelerometer zero of 0.03 m/s2 is 0.17 deg of tilt, of which up to 0.1 remain between standing
# and 33 deg of lean; VQF adds 0.06 deg; 0.1 deg are 5 ms of an ankle that turns by 20 deg/s. The worst of the 60 to 120 errors of a
# subject, were they normal, is 3.5 times their mean: 4 times is allowed, where the reference implementation allows itself no less.
both("range", "deg", "range", 0.15, 0.6, TRUTH)
both("plateau_level", "deg", "level of the plateau", 0.15, 0.6, RULE)
for _name, _what in (("peak", "largest dorsiflexion"), ("shank_max", "largest lean of the shank")):
    both(_name, "deg", _what, 0.2, 0.7, RULE)
both("baseline", "deg", "dorsiflexion in standing", 0.1, 0.4, RULE)  # true 0; what the filter adds to the zero of the pose
# a foot does not lean; 2 deg of yaw take 0.1, 0.17 deg of 5 deg of eversion for pitch, and 0.2 of 6 deg of pitch for eversion
for _name, _what in (("heel_lift", "heel lift"), ("eversion_amplitude", "eversion")):
    both(_name, "deg", _what, 0.15, 0.4, RULE)
both("rate_fit", "deg/s", "fitted rate", 0.2, 0.8, TRUTH)
both("rate_mean", "deg/s", "mean rate", 0.2, 0.8, RULE)  # as the fitted one
both("rate_peak", "deg/s", "largest rate", 0.5, 0.8, RULE)  # the worst of its stream
both("creep", "deg/s", "creep after the plateau", 0.1, 0.4, RULE)  # a gyroscope's 0.02-0.1 deg/s
both("onset", "s", "onset", 0.002, 0.008, TRUTH)
both("plateau", "s", "plateau", 0.005, 0.02, TRUTH)
both("finish", "s", "finish", 0.005, 0.02, TRUTH)
both("time_to_90", "s", "time to 90 %", 0.005, 0.02, RULE)
# 2 % of the weight are left at 90 N/s by a slow shallow squat, at 190 by others: 0.5, 2 N of weight are 6, 22 ms; the end is quicker
both("t_start", "s", "start", 0.007, 0.025, RULE)
both("t_end", "s", "end", 0.005, 0.02, RULE)
both("t_bottom", "s", "middle of the bottom", 0.03, 0.09, RULE)
both("drop", "m", "drop", 0.005, 0.007, "double integral of the true force")
both("v_descent_peak", "m/s", "fastest descent", 0.005, 0.01, "integral of the true force")
both("v_ascent_peak", "m/s", "fastest ascent", 0.005, 0.01, "integral of the true force")
both("pause", "s", "pause", 0.1, 0.3, RULE)
both("bodyweight", "N", "body weight", 0.5, 2, "mass x g")
both("onset_lag_rl", "s", "lag of the onsets", 0.004, 0.016, TRUTH)
both("finish_lag_rl", "s", "lag of the finishes", 0.007, 0.028, TRUTH)
both("rate_diff_rl", "deg/s", "difference of the fitted rates", 0.3, 1.0, TRUTH)
both("time_to_90_diff_rl", "s", "difference of the times to 90 %", 0.007, 0.028, RULE)  # as finish_lag_rl
both("range_diff_rl", "deg", "difference of the ranges", 0.2, 0.8, TRUTH)
# 0.8 N of noise of each plate, over 0.1 s: 0.11 N, of 55 to 105 kg in the mean 0.011 %, 4 SD of 55 kg 0.08; and the 0.02, 0.08
both("bai_bottom_rl", "%", "load asymmetry at the bottom", 0.031, 0.16, RULE)
# the same over 0.3 s: 0.065 N, in the mean 0.007 %, 4 SD of 55 kg 0.048; its tare 0.006, 0.012. Nothing moves, so its ends do not matter
both("bai_standing_rl", "%", "load asymmetry, standing", 0.013, 0.06, RULE)
# a bottom's end is 15, 45 ms off, of an ascent of 1.6 s whose index differs by 4 from that of the bottom
for _name in ("descent", "ascent"):
    both(f"bai_{_name}_rl", "%", f"load asymmetry, {_name}", 0.04, 0.12, RULE)
both("impulse_bai_ascent_rl", "%", "impulse asymmetry of the ascent", 0.04, 0.12, RULE)
both("fall_back", "m", "fall back of the CoP", 0.0003, 0.0012, RULE)
# noise 0.66 mm at 400 N (science reference), x 0.21 by 20 Hz, two directions: 0.17; tare 0.03
both("stream cop", "m", "CoP of either plate and of both, every 10 ms", 2e-4, 1.2e-3, TRUTH)
# 0.25 N.m x 0.21 is 0.053, of which the mean is 0.042, of both plates 0.059: 0.048 in the mean of the three; tare, and forces x place, 0.01
both("stream tz", "N.m", "free moment", 0.06, 0.5, TRUTH)
# of both plates 0.8 N x 0.21 x 1.41 is 0.24 N of fz, half of it of fx and fy, 0.13 N in the mean; 0.25 N.m and 0.8 N at 0.2 m 0.09 N.m, 0.07 in the mean;
# 5 SD 1.2 N, 0.45 N.m; and what the low-pass takes where the subject's force bends: (10 ms)^2 / 2 times its second derivative, 3 N for 60 kN/s2
both("stream combined force", "N", "fx, fy, fz of wrench/total", 0.3, 6, TRUTH)
both("stream combined moment", "N.m", "mx, my, mz of wrench/total", 0.1, 0.7, TRUTH)
# noise 0.8 N x 0.21 of two feet of 55 kg that rise is 0.055 %, 5 SD 0.28
both("stream bai", "%", "load asymmetry", 0.04, 0.3, TRUTH)
both("stream share", "%", "share of the load", 0.02, 0.15, TRUTH)
both("stream dorsiflexion", "deg", "dorsiflexion", 0.15, 0.6, TRUTH)  # as the range
both("stream shank_inclination", "deg", "shank_inclination", 0.15, 0.4, TRUTH)  # zero 0.1, filter 0.06, 0.2; no foot
both("stream foot_pitch", "deg", "foot_pitch", 0.15, 0.4, TRUTH)  # as heel_lift and eversion_amplitude
both("stream eversion", "deg", "eversion", 0.15, 0.4, TRUTH)
# the angle between two directions of the vertical: no axis is needed for it, only the zero 0.1, the filter 0.06, 0.2 in either direction
both("stream shank_tilt", "deg", "shank_tilt", 0.15, 0.45, TRUTH)
# yaw x the sine of 30 deg of lean is 1.0 deg at worst, 2 / pi of it in the mean, half of the time; zero and filter as above
both("stream shank_frontal", "deg", "shank_frontal", 0.4, 1.3, TRUTH)
both("stream dorsiflexion_rate", "deg/s", "dorsiflexion_rate", 0.2, 0.8, TRUTH)
# 2 deg of yaw take 0.65, 1.05 deg of 30 deg of lean for rotation; 0.1 deg/s for 4 s
both("stream tibial_rotation", "deg", "tibial_rotation (exploratory)", 0.6, 1.6, TRUTH)


def tier(name, why, **limits):
    """Own bounds of presets in which something larger is at work; measure=(mean, worst)."""
    for key, (mean, worst) in limits.items():
        key = key.replace("stream_", "stream ")
        for statistic, limit in (("mean", mean), ("worst", worst)):
            plain = BOUNDS[f"rig.{key}.{statistic}"]
            BOUNDS[f"rig.{key}.{statistic}.{name}"] = Bound(limit, plain.unit, f"{plain.what}, {why}", plain.source)


# An axis that is 2 deg wrong turns 12 deg of sideways tilt into 0.42 deg of lean.
tier(
    "crooked",
    "knees that fall in",
    range=(0.3, 0.7),
    plateau_level=(0.3, 0.7),
    range_diff_rl=(0.5, 1.0),
    rate_fit=(0.4, 1.0),
    rate_diff_rl=(0.6, 1.0),
    creep=(0.25, 0.8),  # the shank tilts on by 5 deg/s, 11 at most: times the axis 0.1, 0.4
    onset=(0.003, 0.012),  # it has tilted by 1 deg only: 0.04 deg are 2 ms
    onset_lag_rl=(0.005, 0.02),
    finish=(0.01, 0.03),
    plateau=(0.01, 0.03),
    finish_lag_rl=(0.015, 0.03),
    stream_dorsiflexion=(0.15, 0.7),
    stream_shank_inclination=(0.15, 0.7),
)
# The truth of tibial_rotation is the turn that was set, not an integral of gyroscopes; a shank that tilts and turns by 12
# deg parts the two.
tier("crooked", "knees that fall in", stream_tibial_rotation=(1.5, 6))
# A sample has 0.22 deg/s of noise at any rate, so at 100 Hz 20 Hz leave 0.66 of it, 0.15 deg/s, where at 1 kHz it is 0.05: of shank and foot
# 0.21, of 16000 such times 4.2 SD 0.9, and what the filter takes; the largest of a squat is 2 to 3 SD above the largest without noise
tier("sparse", "sensors at 100 Hz", rate_peak=(0.6, 1.1), stream_dorsiflexion_rate=(0.25, 1.1))
# An axis that is 10 deg wrong takes 0.38 deg from 30 deg of lean and turns 5 deg of eversion (8.3 deg/s) into 0.87 deg
# (1.4 deg/s) of pitch of the foot; 1.25 deg are 60 ms of an ankle that turns by 20 deg/s.
tier(
    "axis",
    "axes 10 deg off",
    range=(0.6, 1.5),
    peak=(0.6, 1.5),
    plateau_level=(0.7, 1.5),  # 6.4 deg of yaw x 0.095 of 5 deg of eversion, and 0.08 (see "inverts" in reasons.py)
    shank_max=(0.4, 0.9),
    heel_lift=(0.5, 1.2),
    rate_fit=(0.6, 2),
    rate_mean=(0.6, 2),
    rate_peak=(0.8, 2),
    creep=(0.2, 0.6),  # eversion has ended
    range_diff_rl=(0.9, 2.5),
    rate_diff_rl=(0.9, 3),
    onset=(0.008, 0.03),  # yaw times 55 and 20 ms per radian (see "slow"), and the sensors' 2 ms
    finish=(0.015, 0.06),
    plateau=(0.015, 0.06),
    onset_lag_rl=(0.012, 0.045),
    finish_lag_rl=(0.03, 0.08),
    time_to_90=(0.02, 0.06),
    time_to_90_diff_rl=(0.03, 0.08),
    stream_dorsiflexion=(0.4, 1.5),
    stream_foot_pitch=(0.3, 1.2),
    stream_shank_inclination=(0.15, 0.9),
    stream_shank_frontal=(1.7, 5.8),  # 5.0 of yaw; shank_tilt knows none and keeps its bound
    stream_tibial_rotation=(1.5, 5),  # as 5.2 of 30 deg of lean
    stream_dorsiflexion_rate=(0.3, 2.5),
)
# Without rest a repetition ends where the velocity passes 0. The subject's courses have no acceleration there, so the velocity
# leaves 0 as 1.2 m/s3 t^2 only, and an error e of it moves the turn by sqrt(e / 1.2): 10 mm/s by 91 ms, 25 mm/s by 144 ms. The
# weight alone, 0.5 N for 3.9 s of 80 kg, makes 24 mm/s.
tier(
    "turn",
    "no rest between",
    v_descent_peak=(0.01, 0.025),
    v_ascent_peak=(0.01, 0.025),
    t_start=(0.05, 0.15),
    t_end=(0.05, 0.15),
    onset=(0.003, 0.012),
    bai_standing_rl=(0.1, 0.4),
    bai_descent_rl=(0.1, 0.4),
    bai_ascent_rl=(0.05, 0.2),
    impulse_bai_ascent_rl=(0.05, 0.2),
)
# Eversion leaks into the pitch of a foot whose axis is yawed: of 2 deg in a random direction 2 / pi is yaw, x 151 and 41 ms per
# radian; sensors 0.5 ms.
tier("slow", "slow ankles", onset=(0.003, 0.012))
# Without plates the 0.3 s of the baseline end when the ankles begin to bend: eversion, 0.1 to 0.18 s earlier, is in them.
tier("ankles", "without plates", onset=(0.003, 0.012))
# The free moment has a corner where the rise of the heel ends, 650 N.m/s for both feet; 20 Hz round a corner by 2.2 ms x slope.
tier("heel", "a heel whose rise ends abruptly", stream_tz=(0.065, 1.7))
# The CoP of a foot that carries 60 N: 4.5 mm of noise x 0.21, 4.5 SD of 20 seeds
tier("off", "one foot nearly off", stream_cop=(3e-4, 4.5e-3))
# The bar is weighed by the first second whose SD is below 1 %, 9.8 N wrong at most; 3.6 s later, with 2 s, a sixth of that is left
tier("bar", "a bar taken", bodyweight=(0.8, 3.6))
bounds_loads.state(both, tier, BOUNDS.__setitem__, Bound)
bounds_posture.state(both, tier)
# Without plates a repetition begins and ends where the mean rate of both ankles passes 1.5 deg/s. Its error there is a gyroscope's zero,
# 0.02-0.1 deg/s; an ankle that comes to rest within 1.6 s from 28 deg passes it at 37 deg/s2, one of 12 deg at 16: 3, 6 ms, and as
# much at the start. Times between two such instants: both errors.
for _name, _what in (("t_start", "start"), ("t_bottom", "middle of the bottom"), ("t_end", "end")):
    both(f"ankles {_name}", "s", f"without plates, {_what}", 0.007, 0.03, RULE)
for _name in ("descent_time", "pause_time", "ascent_time"):
    both(f"ankles {_name}", "s", f"without plates, {_name}", 0.01, 0.04, RULE)
BOUNDS["rig.ankles known"] = Bound(0, "values", "figures of forces, plateaus and orders without plates", "nobody can know them")
BOUNDS["rig.unknown"] = Bound(
    0, "share", "part of the time in which the stream is unknown although its truth is not", TRUTH
)
# The bottom ends where the height leaves 2 mm or 1 % of the drop. A body that sways creeps there: on the true courses 5 mm/s of velocity, what
# its bound allows, move an end of it by 0.37 s in the median. So of the measures that hang on it the repetitions within the limit have to
# be as good as ever in the mean, and the share of those beyond is bounded: 6 % were 0.1 s elsewhere in 114 squats in other phases, before
# these seeds were drawn. The repetitions of a seed share a phase; of 20 phases more than 4 are beyond in fewer than 1 % of such draws.
SHARE_BEYOND = 0.2
for _name in (
    "t_bottom",
    "pause",
    "bai_descent_rl",
    "bai_bottom_rl",
    "bai_ascent_rl",
    "impulse_bai_ascent_rl",
    *(f"reps_load {m}" for m in ("fz", "tz", "cop", "knee_moment", "force_rate_peak", "rfd_peak_20")),
    *(f"{s} rfd_{n}" for s in ("reps_load", "reps_load/pair") for n in (50, 100, 150, 200, 250)),
    "reps_load/pair drive_onset",
    *(f"reps_load/pair {m}" for m in ("cop", "bai_rl", "force_rate_peak", "rfd_peak_20", "fall_back_time")),
    *(f"reps_exploratory {m}" for m in ("impulse", "power", "heel_share_bottom", "eversion_per_dorsiflexion")),
    *(f"reps_exploratory/pair {m}" for m in ("descent_time", "ascent_time", "pause_time", "smoothness", "stiffness")),
    *(f"reps_asymmetry {m}" for m in ("fz_descent_rl", "fz_bottom_rl", "fz_ascent_rl", "impulse_ascent_rl", "fz")),
    *(f"reps_pelvis {c}_{m}" for c in ("tilt", "axial") for m in ("bottom", "change")),
    "reps_pelvis tuck",
    "reps_thigh inclination_bottom",
    "reps_thigh above_parallel",
):
    BOUNDS[f"rig.{_name}.beyond"] = Bound(
        SHARE_BEYOND, "share", f"repetitions beyond the limit of {_name}, where the bottom may creep", RULE
    )
BOUNDS["rig.t_bottom.beyond of all"] = Bound(
    0.1, "share", "repetitions of all subjects beyond the limit of t_bottom", "at most one of a usual set of ten"
)
# The noise itself: that of real plates, 0.8 N in fz and half of it in fx and fy, as the science reference has it, of which the cubic
# interpolation onto the grid leaves 0.8 to 1, as the clocks beat
for _name, _sd, _unit in (("fx", 0.4, "N"), ("fy", 0.4, "N"), ("fz", 0.8, "N"), ("mx", 0.25, "N.m"), ("my", 0.25, "N.m"), ("mz", 0.25, "N.m")):
    BOUNDS[f"rig.noise {_name}"] = Within(
        0.8 * _sd, 1.1 * _sd, _unit, f"SD of the unfiltered {_name} in standing", "science reference, noise of a plate"
    )
# fz of the piezoelectric plates is the sum of four signals of 3.9 mV/N (right: 260 N/V), fx and fy of two of 7.7 mV/N (64 N/V): 0.36 (0.17) of it
# ; the moments: b = 0.2, a = 0.12 m times 0.8 N, and both times 0.21 N
for _name, _sd, _unit in (("fx", 0.21, "N"), ("fy", 0.21, "N"), ("mx", 0.16, "N.m"), ("my", 0.096, "N.m"), ("mz", 0.049, "N.m")):
    BOUNDS[f"rig.noise {_name}.drifts"] = Within(
        0.8 * _sd, 1.1 * _sd, _unit, f"SD of the unfiltered {_name} of piezoelectric plates", "that of fz, the sensitivities and places"
    )
BOUNDS["rig.not measured"] = Bound(0, "repetitions", "without a figure although the truth has one", TRUTH)
for _name, _what in (("missed", "not found although the true course has one"), ("invented", "found although the true course has none")):
    BOUNDS[f"rig.plateau_{_name}"] = Bound(0, "repetitions", f"plateaus {_what}", RULE)
BOUNDS["rig.count"] = Bound(0, "repetitions", "accepted repetitions: difference from the subject's", TRUTH)
BOUNDS["rig.incomplete"] = Bound(0, "repetitions", "called incomplete although nothing was lost", TRUTH)
BOUNDS["rig.reason"] = Bound(0, "rows", "rejected for another reason than the right one", "the preset")
BOUNDS["rig.first_out"] = Bound(
    0, "repetitions", "wrong answer to which ankle stopped first, the true lag 15 ms or more from the tie", TRUTH
)
# of a normal error with 9 ms SD (mean 7) 13 % pass a limit 10 ms away
BOUNDS["rig.first_out_near"] = Bound(0.15, "share", "the same, nearer to the tie: wrong answers", TRUTH)
BOUNDS["rig.invented"] = Bound(0, "figures", "a measure of a repetition that has none", RULE)
BOUNDS["rig.missed"] = Bound(0, "figures", "no measure of a repetition that has one", RULE)
BOUNDS["rig.reweighed"] = Bound(0, "events", "bw_changed: difference from the bars taken", "the preset")
BOUNDS["rig.flight"] = Bound(2e-3, "s", "time of flight, force below 20 N", TRUTH)  # a sample at each end
# 20 seeds of 0.9 s, 56 independent values each after 20 Hz: 2 %; the covariance of a tare of 2000 samples 1.6 %; the worse of two axes 2 %
BOUNDS["rig.sigma cop"] = Within(
    0.9, 1.1, "", "scatter of a CoP in quiet standing over what sigma says, all seeds", "the scatter of the worse axis"
)
BOUNDS["rig.sigmas of reps_asymmetry"] = Bound(
    0.05, "share", "errors of an index beyond twice its sigma", "normal errors; the sigmas are assumptions meant to hold in a laboratory"
)
BOUNDS["rig.dn"] = Bound(
    0, "", "dominant minus non-dominant is not right minus left, the right leg being dominant", "definition"
)

BOUNDS["fast.unknown"] = Bound(0, "share", "rows of the fast lane that are unknown, somebody standing there", TRUTH)
# The noise of the plates as above, without the cubic's share: mean of the absolute values 0.43 N, 5 SD 4; 0.55 ms x 1000 N/s, tare
# A gyroscope at 1 kHz: 0.01 deg/s/sqrt(Hz) are 0.22 deg/s, 0.18 in the mean, 4.6 SD of 10^6 samples 1.0; its zero error 0.05 beside it; both 0.32,
# 0.25, 1.5; a shank's sample that is 10 ms older, where the ankle gains 190 deg/s2, 1.9 more; knees that fall in, x 2 deg, 0.3
# The newest sample of the shank is a packet of ten old, 10 ms, and as much older as the next packet is late beyond the usual: exponential, 0.3 ms in the
# mean, so of the 20000 such packets of 20 seeds (a third of 40 shanks, 15 s) one in a hundred reports has one of 4.4 ms; clocks 0.1. In the mean 5, and 0.3
for _name, _unit, _what, _mean, _worst in (
    ("force", "N", "fx, fy, fz of fast/plate", 0.5, 4.8),
    ("moment", "N.m", "mx, my, mz of fast/plate", 0.23, 1.5),
    ("shank_rate", "deg/s", "shank_rate of fast/ankle", 0.25, 1.5),
    ("foot_rate", "deg/s", "foot_rate of fast/ankle", 0.25, 1.5),
    ("dorsiflexion_rate", "deg/s", "dorsiflexion_rate of fast/ankle", 0.35, 3.8),
    ("shank_age", "s", "shank_age of fast/ankle: the age itself", 0.006, 0.0145),
):
    BOUNDS[f"fast.{_name}.mean"] = Bound(_mean, _unit, f"{_what}: mean error", TRUTH)
    BOUNDS[f"fast.{_name}.worst"] = Bound(_worst, _unit, f"{_what}: worst error", TRUTH)

# Rig: 0.2 deg/s of noise at 20 deg/s and 1000 samples is 0.02 deg, 0.06 at worst; 3 deg of a tibia's turn at 26 deg of lean 2.3 deg, 1.8 deg 1.4. Legs: in three of five knee bends the shank's axis is yawed by 2 deg, so 1.2 deg, and 0.1; a hinge with
# 0.9 deg of true eversion is 2.3 deg off (science reference 4.2), half of it in the mean. Room: a peak, as that of a squat, but with less of
# eversion: 0.1 deg of an accelerometer's zero and 0.06 of VQF, as for `range`
for _name, _unit, _what, _limits, _source in (
    ("calibration.axis", "deg", "yaw of a functional axis", (0.02, 0.06), TRUTH),
    ("calibration.turning", "deg", "the same of shanks whose tibia turns by 1.8 and 3 deg", (1.9, 2.4), TRUTH),
    ("calibration.legs_shank", "deg", "yaw of a shank's axis that moved by 2 deg", (1.3, 1.3), "its own movement"),
    ("calibration.hinge", "deg", "yaw of a foot's axis by the hinge", (1.15, 2.3), "its own mounting; limit of the science reference"),
    ("calibration.no_hinge", "", "hinges refused with up to 0.9 deg of eversion", (0,), "science reference: ratio 0.026"),
    ("calibration.wrong_side", "", "a right side called swapped, or a swapped one not", (0,), "which sensor sits where"),
    ("lunge.room", "deg", "knee-to-wall trial: largest dorsiflexion with the heel down", (0.1, 0.3), TRUTH),
):
    for _kind, _limit in zip((".mean", ".worst") if len(_limits) > 1 else ("",), _limits):
        BOUNDS[_name + _kind] = Bound(_limit, _unit, f"{_what}: {_kind[1:]} error" if _kind else _what, _source)
