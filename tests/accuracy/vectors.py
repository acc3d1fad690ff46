"""The vectors of tests/fixtures: which test holds dsp/ against which, and does it pass."""
import re
import subprocess

VECTORS = {  # file -> (what it holds, program, tests)
    "plate.json": (
        "strain 6x6, z down, action and reaction, TYPE 1-3, 8 piezo channels, crosstalk",
        "test_dsp",
        [
            "a_point_load_gives_its_point_and_couple",
            "z_down_plates_of_either_sense_give_the_same_ground_reaction",
            "crosstalk_needs_the_full_matrix",
            "c3d_origins_are_turned_by_their_type",
            "eight_piezo_channels_are_the_sum_over_four_sensors",
        ],
    ),
    "filters.json": (
        "Butterworth sections and delays, derivatives, rate of force, sway filter",
        "test_dsp",
        [
            "butterworth_sections_and_delay_equal_the_vectors",
            "polynomial_derivatives_equal_vectors_and_closed_forms",
            "rate_of_force_development_equals_its_vector",
            "the_sway_filter_equals_its_vector",
        ],
    ),
    "clock.json": (
        "lower hull: line and stamps, and the exact line of all packets",
        "test_dsp",
        [
            "the_clock_equals_its_vector",
            "the_clock_equals_the_reference_on_the_same_rounded_arrivals",
            "the_exact_line_of_a_whole_record_equals_the_reference",
        ],
    ),
    "clock_restart.json": (
        "a device that restarts",
        "test_dsp",
        ["the_restarted_clock_equals_its_vector", "each_epoch_of_a_restarted_clock_has_its_own_exact_line"],
    ),
    "time_rules.json": (
        "resampling beside holes, unwrapping of counters",
        "test_dsp",
        ["resampling_equals_its_vectors", "counters_equal_their_vectors"],
    ),
    "vqf6.json": ("orientation and bias", "test_dsp", ["the_filter_reproduces_its_reference"]),
    "incl_rate.json": ("exact inclination and dorsiflexion rates", "test_dsp", ["the_exact_rate_equals_its_vectors"]),
    "squat_100hz.csv": ("courses of the synthetic subject", "test_dsp", ["truth_of_the_synthetic_subject"]),
    "squat_truth.json": ("its repetitions, events and measures", "test_dsp", ["truth_of_the_synthetic_subject"]),
    "squat_cases.json.gz": (
        "state machine and measures in 35 situations",
        "test_dsp",
        ["every_case_agrees_with_the_reference"],
    ),
    "subject_cases.json": (
        "the emulated subject itself",
        "test_drivers",
        ["the_subject_equals_the_published_vector", "every_case_of_the_reference_is_reproduced"],
    ),
    "worked answers of TYPE 4": (
        "C3D.org's table of counts, forces and moments",
        "test_drivers",
        ["type_4_gives_the_published_worked_answers"],
    ),
}


def check_vectors(report, build):
    report.part("Vectors")
    rows = []
    for name, (what, program, tests) in VECTORS.items():
        run = subprocess.run(
            [build / "tests" / program, *(f"--run_test=*/{t}" for t in tests), "--log_level=test_suite", "--color_output=no"],
            capture_output=True,
            text=True,
        )
        text = run.stdout + run.stderr
        ran = sum(f'Leaving test case "{t}"' in text for t in tests)
        failed = int(run.returncode != 0) + (len(tests) - ran)
        report.figure("vectors", name, failed)
        rows.append([name, what, program, ", ".join(f"`{t}`" for t in tests), "passed" if not failed else "FAILED"])
    report.table(["vectors", "what they hold", "program", "tests", ""], rows)
    run = subprocess.run(
        [build / "tests/test_dsp", "--color_output=no", "--log_level=error"], capture_output=True, text=True
    )
    errors = len(re.findall(r": error", run.stdout + run.stderr))
    report.figure("vectors", "test_dsp, all", errors + int(run.returncode != 0))
