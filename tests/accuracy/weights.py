"""A bar picked up between two repetitions: forces in closed form, played as packets through the pipeline."""
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import recordings

G = 9.80665
BODY_KG, BAR_KG, DEPTH_M = 80.0, 20.0, 0.30
FIRST_S, BAR_S, SECOND_S, END_S = 5.0, 12.0, 18.0, 25.0  # seconds of the recording
DESCENT_S, BOTTOM_S, ASCENT_S = 2.0, 0.3, 1.6


def smooth(u):
    u = np.clip(u, 0, 1)
    return u * u * u * (10 + u * (6 * u - 15)), 60 * u * (1 - u) * (1 - 2 * u)


def forces():
    """(t, total vertical force): minimum-jerk squats, the bar taken over 0.8 s"""
    t = np.arange(0, END_S, 1e-3)
    mass = BODY_KG + BAR_KG * smooth((t - BAR_S) / 0.8)[0]
    a = np.zeros(len(t))
    for start in (FIRST_S, SECOND_S):
        up = t - start - DESCENT_S - BOTTOM_S
        a += DEPTH_M * (smooth(up / ASCENT_S)[1] / ASCENT_S**2 - smooth((t - start) / DESCENT_S)[1] / DESCENT_S**2)
    return t, mass * (G + a)


def check_weights(report, grfd):
    report.part("A bar picked up between two repetitions (forces only)")
    t, fz = forces()
    half = fz / 2
    zero = np.zeros(len(t))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "bar.csv"
        rows = np.column_stack([t, zero, zero, half, zero, zero, zero, zero, zero, half, zero, zero, zero])
        np.savetxt(
            file,
            rows,
            fmt="%.9g",
            delimiter=",",
            header="t,Fx1,Fy1,Fz1,Mx1,My1,Mz1,Fx2,Fy2,Fz2,Mx2,My2,Mz2",
            comments="",
        )
        out = pathlib.Path(folder) / "bar.h5"
        command = [
            grfd,
            "simulate",
            recordings.played.RIG,
            "-o",
            out,
            "--recording",
            file,
            "--plates",
            "left=1,right=2",
            "--lead-in",
            recordings.played.LEAD_IN_S,
            "--set",
            "squat.dorsiflexion_min_deg=0",
        ]
        subprocess.run([str(c) for c in command], check=True, capture_output=True)
        r = recordings.played.Recording(out)
    pair, lead = r["reps/pair"], recordings.played.LEAD_IN_S
    events = [
        (name, json.loads(detail)["value"])
        for _, name, detail in r["events"].texts()
        if name in ("weighed", "bw_changed")
    ]
    light, heavy = BODY_KG * G, (BODY_KG + BAR_KG) * G
    accepted = np.flatnonzero(pair["reason"] == 0)
    report.figure("bar.count", "accepted repetitions", abs(len(accepted) - 2))
    report.figure("bar.weight", "first weighing", abs(next((v for n, v in events if n == "weighed"), np.nan) - light))
    report.figure(
        "bar.event", "with the bar", abs(next((v for n, v in reversed(events) if n == "bw_changed"), np.nan) - heavy)
    )
    rows = []
    for k, (weight, start) in zip(accepted, ((light, FIRST_S), (heavy, SECOND_S))):
        middle = lead + start + DESCENT_S + BOTTOM_S / 2
        report.figure("bar.weight", f"repetition {k + 1}", abs(pair["bodyweight"][k] - weight))
        report.figure("bar.drop", f"repetition {k + 1}", abs(pair["drop"][k] - DEPTH_M))
        report.figure("bar.bottom", f"repetition {k + 1}", abs(pair["t_bottom"][k] - middle))
        rows.append(
            [
                int(k + 1),
                float(pair["bodyweight"][k]),
                weight,
                float(pair["drop"][k]),
                DEPTH_M,
                float(pair["t_bottom"][k] - middle),
            ]
        )
    report.table(["repetition", "body weight, N", "true", "drop, m", "true", "bottom late by, s"], rows)
