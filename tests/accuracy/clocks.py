"""Clocks: the drift that each emulated crystal was set to, against the line found online and the exact one of the whole recording."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
from presets import LEGS
from recordings import played
from rig import ROOT

SECONDS, SEEDS, BACKLOG_S = 300, range(1, 21), 6  # a start-up backlog is over by then
FULL_S, LEAST_S = 120, 1.2e-3  # a whole window has passed; smallest delay of the link
DEVICES = ("u6", *LEGS)


def least_lateness(lateness_s, seconds):
    """Of the earliest packet of each second, above that of the earliest of all: the true line is the one below all."""
    least = np.array([lateness_s[seconds == s].min() for s in np.unique(seconds)[:-1]])
    return least - least.min()


def run(grfd, seed):
    """What five clocks were set to, and what was found of them."""
    random = np.random.default_rng([2028, seed])
    drift = {d: float(random.choice([-1, 1]) * random.uniform(20, 80)) for d in DEVICES}
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "clocks.h5"
        command = [grfd, "simulate", ROOT / "config/demo.toml", "-o", out, "--seconds", str(SECONDS)]
        settings = {"stimulus.subject.repetitions": 0}
        for i, (device, ppm) in enumerate(drift.items()):
            at = f"device.{device}.emulation."
            settings |= {at + "drift_ppm": ppm, at + "jitter_ms": 0.6, at + "seed": 100 * seed + i}
            settings |= {at + "bus_frames": "true", at + "latency_ms": 1e3 * LEAST_S}
            settings |= {at + "stall_probability": 0.01, at + "stall_ms": 30}
        for k, v in settings.items():
            command += ["--set", f"{k}={v}"]
        subprocess.run([str(c) for c in command], check=True, capture_output=True)
        told = subprocess.run(
            [str(grfd), "summary", str(out), "--json"], check=True, capture_output=True, text=True
        )
        exact = {c["device"]: c for c in json.loads(told.stdout)[0]["clocks"]}
        r = played.Recording(out)
        early, spread, bias, residual, interval = {}, {}, {}, {}, {}
        for d in DEVICES:
            raw = r[f"raw/{d}/scan" if d == "u6" else f"raw/{d}/inertial"]
            off = (
                raw.t
                - exact[d]["at_first_s"]
                - exact[d]["interval_s"] * (raw.seq.astype(float) - exact[d]["first"])
            )
            early[d] = abs(off[(raw.t > BACKLOG_S) & (raw.t < 21)] - exact[d]["offset_s"]).max()
            full = off[raw.t > FULL_S]
            spread[d] = full.std(), abs(full - full.mean()).max()
            own = r[f"clock/{d}"]
            nominal_s = 1 / raw.group.attrs["rate_hz"]
            interval[d] = own["interval"][-1] / (nominal_s / (1 + 1e-6 * drift[d])) - 1
            late = raw.group["t_arrival"][:] - raw.seq.astype(float) * nominal_s / (1 + 1e-6 * drift[d])
            least = least_lateness(late, (raw.seq * nominal_s).astype(int))[-int(own["window"][-1]) :]
            residual[d] = own["residual"][-1], np.sqrt(np.mean(least**2))
            if d != "u6":  # it counts its scans from a start that nobody knows
                true_t = raw.group["t_device"][:].astype(float) * 1e-9 / (1 + 1e-6 * drift[d])
                bias[d] = (raw.t - true_t)[raw.t > FULL_S].mean() - LEAST_S
        online = {d: r[f"clock/{d}"]["drift_ppm"][-1] for d in DEVICES}
    return drift, exact, online, early, spread, bias, residual, interval


def check_clocks(report, grfd):
    report.part(f"Clocks over {SECONDS} s: five devices, drifts of 20 to 80 ppm, bus frames of 1 ms, jitter and stalls")
    rows, spreads, settling = [], {"plate": [], "sensor": []}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda seed: run(grfd, seed), SEEDS)
    for seed, found in zip(SEEDS, runs):
        drift, exact, online, early, spread, bias, residual, interval = found
        for d, ppm in drift.items():
            want = ppm  # + = fast, as the crystal was set
            line, where = exact[d], f"{d}, seed {seed}, {ppm:+.0f} ppm"
            report.figure("clock.exact.drift", where, abs(line["drift_ppm"] - want))
            report.figure("clock.drift", where, abs(online[d] - want))
            kind = "plate" if d == "u6" else "sensor"
            report.figure(f"clock.spread.{kind}", where, spread[d][0])
            spreads[kind].append(spread[d][0])
            settling.append(early[d])
            report.figure(f"clock.spread.{kind}.worst", where, spread[d][1])
            if d in bias:
                report.figure("clock.bias", where, abs(bias[d]))
            report.figure("clock.interval", where, abs(1e6 * interval[d]))
            report.figure("clock.residual", where, abs(residual[d][0] - residual[d][1]))
            report.figure("clock.settling", where, early[d])
            rows.append(
                [
                    where,
                    want,
                    line["drift_ppm"],
                    float(online[d]),
                    1e6 * interval[d],
                    1e6 * residual[d][0],
                    1e6 * residual[d][1],
                    1e6 * spread[d][0],
                    1e6 * spread[d][1],
                    1e6 * bias[d] if d in bias else "",
                    1e6 * early[d],
                    1e6 * line["worst_unsettled_s"],
                ]
            )
    for kind, found in spreads.items():
        report.figure(f"clock.spread.{kind}.mean", f"{len(found)} clocks", np.mean(found))
    report.figure("clock.settling.beyond", f"{len(settling)} clocks", np.mean(np.array(settling) > 2e-3))
    report.table(
        [
            "clock",
            "true drift, ppm",
            "exact line",
            "online, at the end",
            "interval, ppm off",
            "residual, us",
            "by the true line",
            "times about it after 120 s, SD, us",
            "worst",
            "mean behind smallest delay, us",
            "from 6 to 21 s",
            "first packets",
        ],
        rows,
    )
