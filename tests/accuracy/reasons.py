"""What the report tells of its bounds: why some were revised, and what is known of those that are missed."""

# What was revised after figures had been seen: (bound, first written, found then, now, why, and how that was tested)
REASONS = [
    (
        "rig.rate_peak, stream dorsiflexion_rate, sensors at 100 Hz",
        "0.5, 0.8; 0.2, 0.8 deg/s, those of sensors at 1000 Hz",
        "0.53, 0.86; 0.96",
        "0.6, 1.1; 0.25, 1.1",
        "the emulated sensor has the same noise per sample at every rate, so 20 Hz leave three times as much of it at 100 Hz: 0.21 instead of 0.07 deg/s "
        "of an ankle; all other bounds are those of 1000 Hz",
    ),
    (
        "calibration.*, lunge.*",
        "legs_shank 1.1, 1.2; axis 0.2, 0.5; turning 2.6, 3.5; room 0.2, 0.7 deg",
        "1.2 (seed 0); 0.008, 0.025; 1.8, 2.3; 0.03, 0.11",
        "1.3; 0.02, 0.06; 1.9, 2.4; 0.1, 0.3",
        "the check's own count was wrong: three of the five knee bends have the yawed axis, not half of them. The others are tightened: what follows from "
        "noise, from the tibia's turn and from the zeros stands beside them",
    ),
    (
        "rig.first_out_near.worst",
        "1 repetition",
        "-",
        "gone",
        "one repetition is right or wrong, so it could not fail; the share of wrong ones is what is bounded",
    ),
    (
        "gait.noisy.angle.rms",
        "2.1 deg, each draw",
        "2.10 in 1 of 160 draws (HC030A22_R, 1.99 without noise)",
        "2.1 deg in the mean of 20 draws, 2.2 for one",
        "the reference's limit is of one draw. 0.04 m/s2 are 0.23 deg of tilt of a sensor, of which 2 sin(lean / 2) remain, 0.1 deg at 25 deg: "
        "where it adds to the bias of -1.47 deg of that trial, RMS 1.99 becomes 2.07, both sensors 2.14",
    ),
    (
        "rig.bai_*, stream bai, share, cop, drifts",
        "0.55 %, 0.28 %, 0.6 mm and 3 mm",
        "0.55-0.65 %, 0.33 %, 0.76 mm, 3.1 mm (three seeds)",
        "0.62, 0.66, 0.33 %, 0.75, 3.4 mm",
        "the means were those of 785 N, but the mean of 1 / mass counts, 755 N; the streams go on for 4 s after the last squat, 0.4 N more",
    ),
    (
        "rig.drive_onset, rfd_*, worst",
        "of those whose true onset moves by 40 ms at most",
        "33 ms (jump, one of 60)",
        "and whose bottom is within its own limit",
        "its true onset moves by 10 ms when the middle is 45 ms off, but the bottom crept and was 119 ms off, which its own share counts: the drive of "
        "another instant, as the text says. The share beyond, 20 %, still has them all",
    ),
    (
        "rig.reps_exploratory/pair in_band, slow",
        "3 %, as of an edge that is crossed",
        "4.08 (seed 114, one of 60)",
        "6.5 %",
        "its CoP reaches 40.05 % and turns, the edge being at 40, within 4 SD of it for 0.8 s; it is 0.007 % off in the mean and 0.037 in SD, so the answer is that of noise for as "
        "long as it stays there",
    ),
    (
        "rig.reps_exploratory in_band, drifts",
        "0.5, 3 %, as of an edge that is crossed",
        "0.39, 3.14 (seed 114, right foot, one of 120)",
        "1.2, 5.5 %",
        "the CoP of the right foot turns at the edge: within 0.1 % of it for 0.38 s there, for 0.18 s in the mean of nine, and the leak moves it by 0.05 to 0.1 % out of the band. "
        "Tested: the same squat without the leak 1.5 %, without the noise 2.3 %, with neither 0.5 %; on the repetition's true times it is 3.14 % as well",
    ),
    (
        "fast.shank_age.worst",
        "12 ms, then 20 ms",
        "12.0 (one of 20 seeds)",
        "14.5 ms",
        "the first limit was a packet of ten samples, 1 ms until the next one and the jitter of two links, as if 0.3 ms were the most of it: it is the mean of an "
        "exponential one. The second could not fail: the rule makes ages of 20 ms unknown, which `fast.unknown` judges",
    ),
    (
        "rig.reps_load/pair spread, tz, knee_moment, drifts",
        "1.1, 2 N; 0.25, 1.1 N.m; 2.5, 5 N.m",
        "0.14, 0.23; 0.08, 0.41; 0.6 (mean)",
        "0.5, 1; 0.15, 0.6; 1.8, 4",
        "tightened: fx and fy leak by a quarter of what fz does, not by half",
    ),
    (
        "rig.noise fx, fy, drifts",
        "0.32 to 0.62 N",
        "0.21 (left and right)",
        "0.17 to 0.23 N",
        "follows from the sensitivities of both plates: the first limit took them for those of z",
    ),
    (
        "rig.stream force, moment, force_rate, cop, cop_foot; rig.reps_load rfd_*, force_rate_peak, cop; spread, "
        "forward_shift, heel_share, "
        "bai_standing, bai_bottom",
        "noise of a plate 0.12 N",
        "two to ten times the limits",
        "as listed",
        "the emulated converter alone is ten times quieter than a real plate. Now it has the noise of the science "
        "reference, 0.8 N, 0.4 N, 0.25 "
        "N.m, measured in the report; each limit is what that becomes: 20 N/s per N of force rate, 0.21 of it after 20 "
        "Hz, two samples over T",
    ),
    (
        "rig.*.beyond in place of rig.*.worst",
        "worst t_bottom 0.09 s, and what hangs on it",
        "up to 1.1 s; 13 % (pelvic tuck), 8 % (touch and go), 0 to 5 % (others)",
        "old worst limit, 20 % of a subject's repetitions beyond; 10 % of all for t_bottom",
        "every seed now squats in its own phase of the sway, and the end of a creeping bottom is not sharp. Tested on "
        "the true courses: 5 mm/s of "
        "velocity move it by 0.37 s in the median, by 0.26 s at least where it was beyond and 0.76 in the median of "
        "those; the velocity measured is off "
        "by 1.5 mm/s",
    ),
    (
        "rig.drive_onset, rfd_50 to rfd_250",
        "all repetitions",
        "onset 0.43 s off",
        "worst: of those whose true onset moves by 40 ms at most; of all, 20 % beyond",
        "the force of a creeping bottom may lie above the level at its very middle. Tested on the true courses: middle "
        "45 ms off, force 3.4 N "
        "off; of the half in which that moves the onset by 40 ms at most the worst is 13 ms off: the old limit is "
        "kept, that of rfd_* widened by noise alone",
    ),
    (
        "rig.bai_descent_rl, bai_ascent_rl, impulse and indices",
        "0.02, 0.08 %",
        "0.021-0.028",
        "0.04, 0.12 %",
        "the limit that the subject with bows had, because it squatted in another phase: now all do",
    ),
    (
        "rig.pause, pause_time",
        "0.3, 0.12 s",
        "0.32 s, one phase in seven beyond",
        "as the bottom",
        "its ends are where 0.03 m/s are passed, and a swaying body lingers there, too",
    ),
    (
        "rig.v_*_peak, power_* on its own times, turn",
        "10 mm/s, 4.5 W",
        "10.8, 5.3",
        "25 mm/s, 11 W",
        "the 25 mm/s were stated for the turn before (0.15 s of start and end follow from them), but not for the velocity itself",
    ),
    (
        "rig.plateau_level.mean.axis",
        "0.6 deg",
        "0.62",
        "0.7 deg",
        "as that of the foot that inverts: 6.4 deg of yaw in the mean x 0.095 deg per degree, and 0.08 with exact axes",
    ),
    (
        "rig.* (many, also those of the forces)",
        "worst 0.03 s, 0.7 deg, 0.5 %, and more",
        "a half to a hundredth of it",
        "as listed",
        "tightened, none widened: the worst is 4 times the mean where no more was derived (3.5 for 60-120 normal "
        "errors), the asymmetries "
        "0.02 % as the reference states, and each other limit follows from its parts again, which stand beside it",
    ),
    (
        "rig.plateau_level.mean.inverts",
        "0.15 deg",
        "0.171",
        "0.2 deg",
        "only the foot that inverts by 5 deg has a plateau, and a yawed axis takes part of that for pitch. Tested: exact axes 0.076, in "
        "each repetition; the rest follows the yaw of that axis, 0.095 deg per degree (sin 5 deg is 0.087), with r = "
        "0.98, and the yaws of "
        "these seeds are -0.6 deg on average",
    ),
    (
        "rig.bai_*, rig.reps_asymmetry.*, bows",
        "0.02 %",
        "0.023 (two seeds)",
        "0.04 %",
        "it squats 8 s later than the others, in another phase of the sway. Tested without bows and with axes given: "
        "the same. The end of "
        "one bottom is 22 ms off, which the limits of the bottom allow",
    ),
    (
        "rig.*.mean, rig.*.worst",
        "-",
        "one run of `article`",
        "as listed",
        "most limits of the rig were written after one run of "
        "one subject had been looked at, and the tiers crooked, axis, turn, heel after two seeds of each. Seeds 0-19 were used "
        "for that; the report is made with others",
    ),
    (
        "rig.range.mean",
        "0.04 deg",
        "0.10-0.13",
        "0.15",
        "the first is a single run of the reference implementation and is NOT "
        "reached. Tested: with ideal sensors (no noise, zeros or axis error) -0.050 deg remain, all of them in shank_inclination, none in the foot's: "
        "VQF low-passes the specific force over 3 s, so a sensor that has moved forward by 0.1 m in the descent leaves 0.1 m / (3 s)^2, 0.07 deg of "
        "tilt. The sensors' errors do the rest",
    ),
    (
        "rig.plateau.mean",
        "1 ms",
        "1.3-3.4",
        "5 ms",
        "the same single run, NOT reached: 0.1 deg of range is 5 ms at 20 deg/s. Tested: 0.6-1.2 ms with ideal sensors",
    ),
    (
        "rig.fall_back.mean",
        "0.01 % of the foot, 0.03 mm",
        "0.03-0.09 mm",
        "0.3 mm",
        "the same single run, NOT reached by all. Tested with three seeds: 0.17-0.26 mm, without noise and with exact axes 0.01-0.08: the plateau is 1 ms "
        "off then, in which the CoP moves by so much; noise of 0.1 mm in the filtered CoP, of which the rearmost value is the extreme, does the rest",
    ),
    (
        "*.crooked",
        "0.15 deg of range",
        "0.18",
        "0.3",
        "sideways tilt times axis error is lean. Tested: exact axes bring the worst "
        "range from 0.39 to 0.10 deg (knee in) and from 0.27 to 0.10 (article)",
    ),
    (
        "*.axis",
        "0.7 deg of dorsiflexion",
        "0.73-1.4",
        "1.5",
        "10 deg of axis error, of lean and of eversion. Tested: exact axes " "1.11 -> 0.14 deg, without eversion 0.47",
    ),
    (
        "rig.stream tibial_rotation.worst.crooked",
        "5 deg",
        "5.05",
        "6",
        "truth is the turn that was set. Tested: without sideways "
        "tilt 1.0 deg, without tilt and turn 0.2; exact axes change nothing",
    ),
    (
        "*.turn",
        "10 ms of start and end",
        "22, 26",
        "50",
        "explained. The velocity at the start of a row of repetitions is taken to be 0, but a body that sways forward moves up and "
        "down by 3-5 mm/s as its trunk leans; with the weight's error that makes 8 mm/s at the first turn, and where the course has "
        "no acceleration 8 mm/s are 66 ms. At the second turn, after the height of the first has corrected the drift, 4-5 ms. Half of "
        "what was found before was the check's own: it took the schedule for the truth, and the swaying body turns 25-27 ms earlier",
    ),
    (
        "rig.first_out",
        "0 repetitions",
        "1 (vertical shin)",
        "0 farther than 15 ms from the tie, 15 % within",
        "a true lag of 60 ms, measured with the errors that finish_lag_rl may have (7 ms mean, so an SD of 9), falls below 50 ms in "
        "13 % of the cases: sharp limits and noise give that whatever the code does",
    ),
    (
        "rig.onset.mean.slow",
        "2 ms",
        "2.2-2.4 (vertical shin)",
        "3 ms",
        "eversion begins 0.1-0.18 s before dorsiflexion, and a foot whose axis is yawed takes part of it for pitch. Tested on ten "
        "seeds: 99 % of the variance of the onset's error follows from the yaw of that axis, 151 ms per radian on the side with 5 "
        "deg of eversion, 41 on the other: 2.1 ms in the mean for axes 2 deg wrong in any direction",
    ),
    (
        "rig.onset.mean.ankles",
        "2 ms",
        "2.2 (reversed)",
        "3 ms",
        "as that of slow ankles. Tested on eight seeds: 2.2 ms with axes 2 deg wrong, 0.6 with exact axes, 0.6 without eversion; with "
        "plates the same squats begin, and so their baselines end, earlier: 1.9 ms",
    ),
    (
        "rig.reps_asymmetry range_rl.mean",
        "0.65 %",
        "0.69 (two seeds)",
        "0.87 %",
        "the index is one of a difference, so range_diff_rl and not range is what it follows from; likewise the rates and the axes",
    ),
    (
        "rig.reps_load rfd_*.mean",
        "8.8 N/s of a foot, 16 of both, over 50 ms",
        "10.1, 20.2 (touch and go)",
        "12.4, 24",
        "the bend of the force was underrated: where 5 SD of a swaying standing (20 N) are passed its slope turns from 450 to -390 N/s "
        "within 50 ms. Looked at in one repetition: 1.2 ms of onset, the weight's 0.5 N, are those 35 N/s of both",
    ),
    (
        "rig.stream force.worst.heel",
        "1.5 N",
        "1.58",
        "2.4 N",
        "a corner of the truth again: the force grows by 3000-3500 N/s there and the record is late by 0.40-0.52 ms; without that "
        "lateness 0.35 N remain",
    ),
    (
        "clock.spread.sensor, clock.spread.sensor.worst",
        "22, 58 us from 60 s on",
        "122, 735 us (-24 ppm), 47, 484 (+22 ppm), - , 258 (-28 ppm)",
        "the same limits from 120 s on",
        "the reference gives 60 s for its drifts of 35 and -60 ppm and one whole window in general: frame and sample clock beat in 42 s at "
        "24 ppm, and a line through 60 s may rest on a single beat",
    ),
    (
        "stream combined moment.piezo",
        "0.1, 0.7 N.m, as without leaks",
        "0.19, 0.79",
        "0.4, 1.2 N.m",
        "forgotten: one plate leaks up and the other down by 0.1 N/s, 1.6 N after 16 s, each 0.25 m from the origin",
    ),
    (
        "stream combined force.worst",
        "3 N",
        "3.1-4.2 (three seeds); 7.8 where a heel rises",
        "6 N, 12",
        "the low-pass was written down too low: it takes (10 ms)^2 / 2 of the second derivative of the force, which bends by more where a descent begins",
    ),
    (
        "stream tz, stream cop, fast.moment",
        "0.05 N.m, 1 mm, 0.2 N.m",
        "0.054, 1.00, 0.213",
        "0.06 N.m (0.065 where a heel rises), 1.2 mm, 0.23 N.m",
        "My and Mz of the emulated plates had 0.16 and 0.12 N.m of noise before, although real ones have 0.25, as now; the limits follow from that: 0.25 x 0.8 "
        "is 0.2 already, and a foot of 300 N has 0.18 mm along each axis",
    ),
    (
        "clock.spread.plate, .worst, clock.residual",
        "34, 104, 34 us, each of two seeds",
        "20 seeds: 6-47 us, 24 in the mean; 105; 44",
        "34 us in the mean, 68 for one; 204, 68",
        "the reference's 22 us are of one run. Ten samples of a plate are a packet of 10 ms, a whole number of frames: the phase in the frame stands still "
        "within a block, and how well a line is known hangs on where its beats lie in the window",
    ),
    (
        "clock.settling",
        "2 ms from 6 s on",
        "20 seeds: 2.0-2.6 ms in 4 of 100, sensors of +59 to +72 ppm",
        "3 ms, and 2 ms for all but one in ten",
        "the reference's 2 ms are of its drifts. A beat of the 1 ms frame takes 14-17 s there; a line through the first few seconds takes its slope for drift. "
        "The samples say `clock_unsettled`",
    ),
    (
        "clock.settling",
        "2 ms in the first 20 s",
        "3.0-4.5 ms, all clocks",
        "2 ms from 6 s on",
        "the reference states 2 ms at 6 s. The samples of the first packet are stamped before its last one, the only one that is "
        "punctual, is known: 3 ms for four samples, and what it stalled",
    ),
    (
        "*.piezo",
        "1.3 mm, 0.6 %",
        "1.5 mm, 0.7 % (two seeds)",
        "1.6 mm, 0.8 %",
        "the same leak, first divided by the force of 80 kg, of subjects of 55 kg",
    ),
    (
        "rig.stream tz.worst.heel",
        "0.5 N.m",
        "0.84",
        "1.7",
        "a corner of the truth through 20 Hz. Tested: 2.2 ms x slope gives " "0.7 N.m of each foot, measured 0.74",
    ),
    (
        "rig.stream cop, foot off",
        "all samples",
        "9.3 mm",
        "both feet above 60 N",
        "a foot below 20 N is left out of the sum by "
        "rule; the error in the samples left out is printed with that subject",
    ),
    (
        "plate.tz",
        "1e-9 N.m",
        "4.5e-9 (sample10 a)",
        "beyond the tenth digit",
        "the reference has ten digits: 5e-9 N.m there",
    ),
    (
        "plate.tz.net",
        "expected value without the tilt of the plate",
        "2.4e-5 (sample02)",
        "with it",
        "the check was wrong, not " "dsp/: a free moment is about the plate's own normal",
    ),
    (
        "play.net",
        "larger step bound of either plate",
        "1.5e-5 (PiG 2)",
        "steps of both at their arms",
        "the check was wrong: force " "steps act at the distance of the plates",
    ),
    (
        "gait.foot.rms, gait.foot.rate.rms, gait.rearfoot.rms",
        "2.3, 35, 3.0 to 4.8",
        "2.32, 35.2, 4.81",
        "half the last digit wider",
        "the table's own figures, rounded: they are the extremes of the same eight trials",
    ),
    (
        "play.stream.tz",
        "5e-6 N.m",
        "2.2e-5 (landings of BFR003)",
        "1e-4 N.m",
        "the grid is up to 0.8 us off the scans, which counts where forces change by 5e5 N/s",
    ),
    ("bar.event", "2 N", "3.5", "9.8", "the rule takes the first second whose SD is below 1 %"),
]

# What is known of bounds that are missed; a limit is not moved for it.
CAUSES = {
    "cost.factor": "of processor time, so other work costs only its share of the caches: 603 (590 to 615) with five other jobs on two processors, "
    "39 % of it the orientation of the four sensors. Below the limit the pipeline itself has become slower",
}
