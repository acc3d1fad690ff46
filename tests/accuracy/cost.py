"""What it costs: the table of bench_pipeline."""
import re
import subprocess


def check_cost(report, build):
    report.part("Cost: two plates at 1 kHz and four inertial sensors at 1 kHz, one processor")
    run = subprocess.run([build / "tests/bench_pipeline"], capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("|")]
    report.text("| measured | against | ratio (median) | spread | figures |")
    report.text("|---|---|---|---|---|")
    for line in lines:
        report.text(line)
    first = [c.strip() for c in lines[0].strip("|").split("|")] if lines else []
    report.figure(
        "cost.factor",
        "whole pipeline",
        float(re.search(r"[0-9.]+", first[2]).group()) if len(first) > 2 else float("nan"),
    )
    tick = re.search(r"([0-9]+) ns per ms", first[-1]) if first else None
    report.text("")
    report.text(
        "Stages are named `share of`; the last column gives nanoseconds per millisecond of data, a tick of the grid"
        + (f"; all together {tick.group(1)} ns." if tick else ".")
    )
