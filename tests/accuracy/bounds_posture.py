"""Bounds of pelvis, thighs and joint angles, and of a foot that inverts.

Each sensor: an accelerometer zero of 0.03 m/s2 is 0.17 deg, of which 2 sin(lean / 2) remain between standing and leaning (0.08 deg of a
pelvis at 28 deg, 0.2 of a thigh at 85, 0.1 of a shank at 33); the filter 0.06 deg RMS in a squat, 0.2 at worst; a heading held by
gyroscopes 0.1 deg/s at most (0.02-0.1 in the reference). An axis that is 2 deg wrong in any direction has 1.3 deg of yaw in the mean, and
yaw times the sine of the lean is what shows in the frontal plane: 1.0 deg of eversion at 30 deg."""

RULE = "the measure's definition applied to truth/..."
TRUTH = "the subject's own equations (truth/...)"


def state(both, tier):
    """`both(name, unit, what, mean, worst, source)`, `tier(name, why, **limits)` of bounds.py."""
    # ---- pelvis: 35 deg of tilt less 12 of tuck, 4 of obliquity, 9 of turn. What 2 deg of yaw make of these courses, in closed form:
    # tilt 0.02, 0.14 deg (mean, worst), obliquity 0.19, 0.88, turn 0.03, 0.20
    both("stream pelvis tilt", "deg", "tilt of the pelvis", 0.15, 0.45, TRUTH)
    both("stream pelvis obliquity", "deg", "obliquity of the pelvis", 0.3, 1.2, TRUTH)
    both("stream pelvis axial", "deg", "turn of the pelvis", 0.2, 0.6, TRUTH)  # and 0.1 deg/s for 4 s
    # the same at the bottom: 0.08, 0.14; 0.50, 0.78; 0.10, 0.16
    both("reps_pelvis tilt_bottom", "deg", "tilt at the bottom", 0.2, 0.45, RULE)
    both("reps_pelvis obliquity_bottom", "deg", "obliquity at the bottom", 0.6, 1.1, RULE)
    both("reps_pelvis axial_bottom", "deg", "turn at the bottom", 0.2, 0.5, RULE)
    # the plateau is 5, 20 ms off where the pelvis tilts by 32 deg/s
    both("reps_pelvis tilt_change", "deg", "tilt, plateau to bottom", 0.35, 1.1, RULE)
    both("reps_pelvis tilt_before", "deg", "tilt before the plateau", 0.35, 1.1, RULE)
    both("reps_pelvis tuck", "deg", "tuck", 0.2, 0.45, RULE)
    both("reps_pelvis obliquity_change", "deg", "obliquity, plateau to bottom", 0.15, 0.4, RULE)
    both("reps_pelvis obliquity_before", "deg", "obliquity before the plateau", 0.56, 1.0, RULE)
    both("reps_pelvis axial_change", "deg", "turn, plateau to bottom", 0.15, 0.4, RULE)
    both("reps_pelvis axial_before", "deg", "turn before the plateau", 0.2, 0.45, RULE)
    # at its largest the tilt bends by 100 deg/s2: a rate wrong by 0.1, 0.4 deg/s is 1, 4 ms; the yaw 1, 2; the clock 1
    both("reps_pelvis tuck_onset", "s", "onset of the tuck", 0.003, 0.01, RULE)
    # the yaw 62, 127 ms of obliquity, 6, 10 of turn; 0.1, 0.3 deg at 9 and at 20 deg/s
    both("reps_pelvis obliquity_onset", "s", "onset of obliquity", 0.073, 0.16, RULE)
    both("reps_pelvis axial_onset", "s", "onset of the turn", 0.012, 0.025, RULE)
    # less the plateau, 5, 20 ms
    both("reps_pelvis tuck_onset_lag", "s", "tuck after the plateau", 0.006, 0.022, RULE)
    both("reps_pelvis obliquity_onset_lag", "s", "obliquity after the plateau", 0.075, 0.16, RULE)
    both("reps_pelvis axial_onset_lag", "s", "turn after the plateau", 0.013, 0.032, RULE)
    # the bows find the axis within 0.5 deg: a quarter of the yaw
    tier(
        "bows",
        "axis found by three bows",
        **{
            "stream pelvis obliquity": (0.15, 0.5),
            "stream pelvis tilt": (0.12, 0.35),
            "reps_pelvis tilt_bottom": (0.12, 0.35),
            "reps_pelvis obliquity_bottom": (0.23, 0.5),
            "reps_pelvis obliquity_before": (0.22, 0.5),
            "reps_pelvis tuck": (0.12, 0.35),
            "reps_pelvis obliquity_onset": (0.025, 0.055),
            "reps_pelvis obliquity_onset_lag": (0.026, 0.06),
            "reps_pelvis axial_onset": (0.007, 0.018),
            "reps_pelvis axial_onset_lag": (0.009, 0.027),
        },
    )

    # ---- thighs: no sideways tilt, so the yaw takes the cosine only, 0.02 deg
    both("stream thigh inclination", "deg", "inclination of the thigh", 0.15, 0.45, TRUTH)
    both("stream thigh above_parallel", "deg", "the thigh above the parallel", 0.15, 0.45, TRUTH)
    both("reps_thigh inclination_standing", "deg", "thigh in standing", 0.1, 0.3, RULE)
    both("reps_thigh inclination_bottom", "deg", "thigh at the bottom", 0.2, 0.45, RULE)
    both("reps_thigh above_parallel", "deg", "depth against the parallel", 0.2, 0.45, RULE)

    # ---- joint angles with one heading: yaw of the shank 1.0 deg of eversion and 0.3 of rotation at 30 deg of lean; the heading since the
    # last rest, 0.1 deg/s for 6 s, of which sin 30 shows as eversion
    both("stream ankle_jcs dorsiflexion", "deg", "dorsiflexion of the joint", 0.15, 0.7, TRUTH)  # as that of the segments
    both("stream ankle_jcs eversion", "deg", "eversion of the joint", 0.4, 1.6, TRUTH)
    both("stream ankle_jcs tibial_rotation", "deg", "rotation of the joint", 0.3, 1.1, TRUTH)
    both("stream ankle_jcs heading", "deg", "heading of the shank from the foot", 0.3, 1.1, TRUTH)
    # as that of the segments, 0.2, 0.8; a heading of 1.1 deg x 11 deg/s of a knee that falls in
    both("stream ankle_jcs dorsiflexion_rate", "deg/s", "rate of dorsiflexion of the joint", 0.25, 1.0, TRUTH)
    tier(
        "turn",
        "no rest between",  # 0.1 deg/s for 12 s
        **{
            "stream ankle_jcs eversion": (0.6, 2.0),
            "stream ankle_jcs tibial_rotation": (0.6, 1.8),
            "stream ankle_jcs heading": (0.6, 1.8),
        },
    )
    # 10 deg of yaw: 5.0 deg of eversion, 1.3 of rotation, and of dorsiflexion what the segments have
    tier(
        "axis",
        "axes 10 deg off",
        **{
            "stream ankle_jcs dorsiflexion": (0.4, 1.5),
            "stream ankle_jcs dorsiflexion_rate": (0.4, 3.0),  # of both axes 1.4 deg/s of 8.3 of eversion
            "stream ankle_jcs eversion": (1.7, 5.8),
            "stream ankle_jcs tibial_rotation": (0.7, 2.3),
            "stream ankle_jcs heading": (0.7, 2.3),
        },
    )

    # ---- a foot that inverts by 5 deg: 0.06, 0.25 deg at 8.3 deg/s, and 2 deg on the way back at 4.3
    both("reps_exploratory inversion_onset", "s", "onset of inversion", 0.008, 0.03, RULE)
    # only the inverting side has a plateau: yaw takes 0.11 deg of its 5 for pitch, beside the 0.08 that exact axes leave
    tier(
        "inverts",
        "a foot that inverts",
        plateau_level=(0.2, 0.6),
        **{"reps_exploratory inversion_time": (0.022, 0.09)},
    )
