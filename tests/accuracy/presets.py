"""The synthetic subjects of the emulated rig, as differences from config/demo.toml, and what must come of them."""
import dataclasses


LEGS = ("imu_shank_left", "imu_foot_left", "imu_shank_right", "imu_foot_right")
SEVEN, SENSORS = "tests/fixtures/pelvis_rig.toml", (*LEGS, "imu_thigh_left", "imu_thigh_right", "imu_pelvis")


# Times the noise of the converter alone: that of real plates (0.8 N of fz, 0.4 of fx and fy, 0.25 N.m), see put_noise.
PLATE_NOISE, PIEZO_NOISE = 12.5, 8.4
# Of the channels Fx to Mz of two strain-gauge plates: a converter's step is less N.m of Mz than of Mx.
STRAIN_NOISE = 2 * (1, 1, 1, 1.03, 1.55, 2.1)


@dataclasses.dataclass(frozen=True)
class Preset:
    why: str
    subject: dict = dataclasses.field(default_factory=dict)
    settings: dict = dataclasses.field(default_factory=dict)
    axis_deg: float = 2  # error of each medio-lateral axis
    accepted: bool = True  # every repetition; otherwise none
    reason: int | None = None  # of every row of reps/pair when none is accepted
    sides: bool = True  # ankles move enough to have a course
    between: bool = True  # quiet standing between repetitions
    tier: str = ""  # of bounds of its own, see bounds.py
    rig: str = "config/demo.toml"
    imus: tuple = LEGS
    estimated: tuple = ()  # those whose axes the daemon finds; the others are given with their error
    converters: tuple = ("u6",)  # of the plates
    noise: float = PLATE_NOISE  # of them
    channel_noise: tuple = STRAIN_NOISE  # times that
    after_first: dict = dataclasses.field(default_factory=dict)  # of the subject: seconds after the first descent
    reweighed: int = 0  # times

    @property
    def straight(self):
        """The shanks stay in their planes: dorsiflexion is what was set."""
        return self.tier != "crooked"


def pair(dominant, nondominant):
    return f"{{ dominant = {dominant}, nondominant = {nondominant} }}"


PELVIS = {
    "bow_count": 0,
    "pelvis_tilt_deg": 35,
    "pelvis_tuck_deg": 12,
    "pelvis_obliquity_deg": 4,
    "pelvis_axial_deg": 9,
}

BAR_KG, BAR_TAKEN_S, JUMP_M_S, G = 20, 0.8, 2.0, 9.80665
# from the begin of the jump to standing still again: dip, push and release, flight, landing and rise
JUMP_LASTS_S = 1.06 + 2 * JUMP_M_S / G + 1.1

PRESETS = {
    "article": Preset(
        "dominant ankle slower and with more range; the other one stops first, the body falls back",
        {"knee_in_deg": pair(2, 8), "tibial_turn_deg": pair(2, 8)},
        tier="crooked",
    ),
    "symmetric": Preset(
        "nothing differs: no side may be named",
        {
            "rate_deg_s": pair(20, 20),
            "range_deg": pair(30, 30),
            "lag_s": pair(0, 0),
            "eversion_deg": pair(3, 3),
            "eversion_lead_s": pair(0.1, 0.1),
            "bai_stand_percent": 0,
            "bai_bottom_percent": 0,
            "fall_back_m": 0,
            "cop_dy_m": 0,
        },
    ),
    "reversed": Preset(
        "the dominant ankle stops first",
        {"rate_deg_s": pair(30, 20), "range_deg": pair(26, 30), "lag_s": pair(0, 0.06)},
    ),
    "restricted right": Preset(
        "little room in the right ankle: an early plateau, the load goes left",
        {"rate_deg_s": pair(25, 22), "range_deg": pair(18, 28), "bai_bottom_percent": -12, "depth_m": 0.28},
    ),
    "knee in": Preset(
        "the left knee falls in by 12 deg and the shank turns",
        {"knee_in_deg": pair(1, 12), "tibial_turn_deg": pair(1, 12)},
        tier="crooked",
    ),
    "touch and go": Preset("no rest between repetitions", {"rest_s": 0}, between=False, tier="turn"),
    "vertical shin": Preset(
        "a box squat: the ankles move little, the hips go back",
        {"rate_deg_s": pair(12, 11), "range_deg": pair(12, 11), "depth_m": 0.15, "fall_back_m": 0, "com_y_m": 0.03},
        {"squat.dorsiflexion_min_deg": 0},
        tier="slow",
    ),
    "heel lift": Preset(
        "the left heel rises by 6 deg when its ankle has stopped", {"heel_lift_deg": pair(0, 6)}, tier="heel"
    ),
    "foot off": Preset("all load on one leg at the bottom", {"bai_bottom_percent": 98}, accepted=False, reason=6, tier="off"),
    "shallow dip": Preset(
        "5 cm are no squat", {"depth_m": 0.05, "rate_deg_s": pair(8, 8), "range_deg": pair(6, 6)}, accepted=False
    ),
    "inversion": Preset(
        "the left foot inverts by 5 deg on the way down, the right one everts by 3",
        {"eversion_deg": pair(3, -5)},
        tier="inverts",
    ),
    "pelvic tuck": Preset(
        "after the plateau the pelvis tucks under by 12 deg, drops on the left by 4 and turns by 9",
        PELVIS,
        {"imu.imu_pelvis.axis": '"given"', "imu.imu_thigh_right.axis": '"given"'},
        rig=SEVEN,
        imus=SENSORS,
    ),
    "pelvic tuck, bows": Preset(
        "the same, the axis of the pelvis found by three bows before",
        {**PELVIS, "bow_count": 3, "bow_first_s": 7, "bow_period_s": 2.5, "first_descent_s": 16},
        {"imu.imu_thigh_right.axis": '"given"'},
        rig=SEVEN,
        imus=SENSORS,
        estimated=("imu_pelvis",),
        tier="bows",
    ),
    "clock stall": Preset(
        "one transfer in a hundred stalls for up to 30 ms, on every device",
        {},
        {
            f"device.{d}.emulation.{k}": v
            for d in ("u6", "imu_shank_left", "imu_foot_left", "imu_shank_right", "imu_foot_right")
            for k, v in (("stall_probability", 0.01), ("stall_ms", 30))
        },
    ),
    "sensors at 100 Hz": Preset(
        "customary inertial sensors, four samples to a packet",
        settings={f"device.{d}.{k}": v for d in LEGS for k, v in (("rate_hz", 100), ("emulation.group", 4))},
        tier="sparse",
    ),
    "axis 10 deg wrong": Preset("a bad calibration must not show as dorsiflexion", axis_deg=10, tier="axis"),
    "bar": Preset(
        "a bar of 20 kg is taken onto the shoulders after the first squat",
        {"rest_s": 7, "bar_kg": BAR_KG},
        after_first={"bar_s": 4.9},
        reweighed=1,
        tier="bar",
    ),
    "jump": Preset(
        "a jump with a counter-movement after the first squat",
        {"rest_s": 7, "jump_m_s": JUMP_M_S},
        after_first={"jump_s": 5.9},
        reason=5,
        tier="jump",
    ),
    "slow piezo drift": Preset(
        "piezoelectric plates that drift by 0.1 N/s, up on the left and down on the right",
        {"step_on_s": 8, "first_descent_s": 12},
        rig="tests/fixtures/piezo_ankles_rig.toml",
        converters=("mcc_left", "mcc_right"),
        noise=PIEZO_NOISE,
        channel_noise=(),
        tier="drifts",
    ),
}

# The list of the science reference, section 8: our subjects, and further parts of the report that hold the same against something else.
SECTION_8 = {
    "symmetric": (("symmetric",), ""),
    "article pattern": (("article",), "fast"),
    "reversed": (("reversed",), ""),
    "restricted right ankle": (("restricted right",), ""),
    "knee-in": (("knee in",), ""),
    "pelvic tuck and drop": (("pelvic tuck", "pelvic tuck, bows"), ""),
    "touch-and-go": (("touch and go",), ""),
    "barbell picked up": (("bar",), "forces: in closed form, plates alone"),
    "jump": (("jump",), "forces: in closed form, plates alone; recordings: real jumps"),
    "vertical shin": (("vertical shin",), ""),
    "heel lift": (("heel lift",), ""),
    "foot-off": (("foot off",), ""),
    "shallow dip": (("shallow dip",), ""),
    "slow piezo drift": (("slow piezo drift",), "plate rigs: streams of the plates alone"),
    "clock stall": (("clock stall",), "clocks: five minutes"),
    "IMU axis 10 deg wrong": (("axis 10 deg wrong",), ""),
}


def coverage(subjects):
    """Lines of Markdown, of the presets that ran."""
    lines = [
        "Where the subjects of the science reference (section 8) are. Each runs with both plates and all sensors, their noise, zeros, wrong axes, "
        "clocks and packets, and every figure that it has is compared (part rig)"
        + ("; beside it `inversion` and `sensors at 100 Hz`, which are not on that list." if "inversion" in subjects else "."),
        "",
        "| subject | in the part rig | and in |",
        "|---|---|---|",
    ]
    for name, (ours, other) in SECTION_8.items():
        if ran := [p for p in ours if PRESETS[p] and p in subjects]:
            lines.append(f"| {name} | {'; '.join(ran)} | {other} |")
    return lines


REPETITIONS, FIRST_S, DESCENT_S, BOTTOM_S, ASCENT_S, REST_S = 3, 8.0, 2.0, 0.3, 1.6, 2.5
