"""Every bound of the accuracy report, stated before anything is measured: name -> limit, unit, what, where it comes from.

A figure passes when it is at most the limit (Bound), at least (AtLeast) or inside (Within). A bound may be changed only with
the reason beside it in REASONS; the report prints them."""
import dataclasses


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
UPSTREAM = "upstream VQF in double, same recipe"
BROAD = "VQF upstream against the optical orientation (BROAD)"
TRUTH = "the subject's own equations (truth/...)"
RULE = "the measure's definition applied to truth/..."

BOUNDS = {
    # ---- plates, called directly in double
    "plate.cop": Bound(1e-9, "m", "CoP of a plate, in its axes", C3D),
    "plate.tz": Bound(1e-9, "N.m", "free moment at it", C3D),
    "plate.lab": Bound(1e-7, "m", "CoP in the lab, corners in one plane", C3D),
    "plate.lab.survey": Bound(1e-3, "m", "CoP in the lab, surveyed corners (the reference takes two edges, dsp/ all four)", C3D),
    "plate.net": Bound(1e-9, "m", "combined CoP, corners in one plane", "Fz-weighted mean of the reference"),
    "plate.net.survey": Bound(1e-3, "m", "combined CoP, surveyed corners", "Fz-weighted mean of the reference"),
    "plate.tz.net": Bound(1e-9, "N.m", "combined free moment", "sum of Tz_i + (r_i - r) x F_i of the plates"),
    "plate.encodings": Bound(0, "", "six encodings of one trial: largest difference between them", "the same trial"),
    "plate.reader": Bound(1e-12, "m, N, N.m", "wrench by dsp/ against the one that emulated devices feel", "two implementations"),
    # ---- quiet stance
    "stance.area": Bound(1e-6, "relative", "95 % prediction ellipse", PUBLISHED),
    "stance.velocity": Bound(1e-6, "relative", "mean velocity, path x rate / n", PUBLISHED),
    "stance.cop": Bound(2e-8, "m", "CoP from F and M of one plate", PUBLISHED + " (six decimals of a cm, of N and of N.m)"),
    "stance.net": Bound(2e-5, "m", "combined CoP from both plates", PUBLISHED + " (six decimals)"),
    # ---- orientation
    "vqf.inclination": Bound(0.005, "deg", "inclination RMSE: difference from 0.429 (trial 02), 0.470 (15)", BROAD),
    "vqf.heading": Bound(0.02, "deg", "heading RMSE: difference from 0.805 (02), 2.722 (15)", BROAD),
    "vqf.total": Bound(0.02, "deg", "total RMSE: difference from 0.912 (02), 2.763 (15)", BROAD),
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
    # ---- recordings that have no answer
    "live.lost": Bound(0, "samples", "packets missing in the file", "packet counter"),
    "live.unknown": Bound(0, "samples", "not finite, or |q| off 1 by 1e-9, after the filter", "any filter must"),
    "live.moving": AtLeast(5, "deg/s", "SD of the ankle's rate: it is alive", "a person walks"),
    # ---- recordings through the whole pipeline
    "play.cop": Bound(1e-5, "m", "CoP beyond half a step of every channel and what half a step of the tare adds", PUBLISHED + ", " + C3D),
    "play.net": Bound(1e-5, "m", "combined CoP beyond the same", "reference answers of the set"),
    "play.takeoff": Bound(1, "samples", "take-off", "published forces below 20 N"),
    "play.landing": Bound(1, "samples", "landing", "published forces below 20 N"),
    "play.flight": Bound(1e-3, "m", "height from the time of flight", "g T^2 / 8 of the reference"),
    "play.impulse": Bound(1e-3, "m", "height from the impulse, where the start is quiet", "reference of the set (trapezoid)"),
    "play.rejected": Bound(0, "repetitions", "jumps counted as squats", "they are jumps"),
    "play.ways": Bound(0, "figures", "median and 99th percentile beyond what noise, skew, drift and steps predict", "predict.py: converter model"),
    # ---- the vectors
    "vectors": Bound(0, "tests", "vector files whose tests fail or are missing", "vectors of the science reference"),
    # ---- cost
    "cost.factor": AtLeast(500, "x real time", "whole pipeline on one processor, two plates and four IMUs", "aim of the project"),
}

REASONS = []  # (name, what was changed and why)
