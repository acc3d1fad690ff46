"""Plates of eight channels through the whole pipeline, against the subject's own forces: piezoelectric ones that drift, least squares of
eight bridges, a maker's 6 x 8 matrix on a higher plate."""
import concurrent.futures
import dataclasses

import numpy as np
from rig import plate_streams, simulated
from rig_report import one_preset


@dataclasses.dataclass(frozen=True)
class PlateRig:
    why: str
    file: str
    devices: tuple
    paced: tuple  # those with a clock of their own
    seconds: float
    since: float  # both feet are there and the filters have settled
    tier: str


RIGS = {
    "piezo": PlateRig(
        "eight piezoelectric signals, 0.1 N/s of drift up on the left and down on the right",
        "piezo_rig.toml",
        ("mcc_left", "mcc_right"),
        ("mcc_left",),
        24,
        9.4,
        "piezo",
    ),
    "eight channels": PlateRig(
        "least squares of eight bridges on the left; on the right a 6 x 8 matrix, a mat, and a surface 50 mm higher",
        "eight_channel_rig.toml",
        ("u6_left", "u6_right"),
        ("u6_left", "u6_right"),
        20,
        4.4,
        "eight",
    ),
}


def run(grfd, name, seed):
    rig, random = RIGS[name], np.random.default_rng([2027, seed])
    settings = {"stimulus.subject.mass_kg": float(random.uniform(55, 105))}
    for i, device in enumerate(rig.devices):
        at = f"device.{device}.emulation."
        settings[at + "seed"] = 3000 + 10 * seed + i
        settings[at + "zero_offset_counts"] = int(random.integers(10, 80))
        if device in rig.paced:
            settings[at + "drift_ppm"] = random.choice([-50, 50])
    errors = {}
    with simulated(grfd, f"tests/fixtures/{rig.file}", settings, rig.seconds, f"{name}, seed {seed}") as r:
        t = r["truth/cop/total"].t
        plate_streams(
            r, lambda k, e: errors.setdefault(k, []).append(float(e)), t[(t > rig.since) & (t < t[-1] - 0.5)][::10]
        )
    return {k: np.array(v) for k, v in errors.items()}


def check_plates(report, grfd, seeds, first_seed, jobs=2):
    report.part(f"Plates of eight channels against the subject's own forces: {seeds} seeds")
    report.text("Each seed draws the mass, zero offsets, clocks of +-50 ppm and all noise.")
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        futures = {n: [pool.submit(run, grfd, n, s) for s in range(first_seed, first_seed + seeds)] for n in RIGS}
        for name, rig in RIGS.items():
            one_preset(report, name, rig, [f.result() for f in futures[name]], first_seed)
