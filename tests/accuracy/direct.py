"""Calls accuracy_direct and reads the data sets."""
import csv
import gzip
import json
import subprocess

import numpy as np


class Direct:
    def __init__(self, program):
        self.program = str(program)

    def __call__(self, verb, *arguments, rows=None, columns=None):
        """(JSON of the first line, array of `columns`)"""
        data = b"" if rows is None else np.ascontiguousarray(rows, float).tobytes()
        run = subprocess.run([self.program, verb, *map(str, arguments)], input=data, capture_output=True)
        if run.returncode:
            raise SystemExit(run.stderr.decode())
        head, _, body = run.stdout.partition(b"\n")
        values = np.frombuffer(body).copy()
        return json.loads(head), values if columns is None else values.reshape(-1, columns)


def table(path, skip=0, delimiter=","):
    """Columns by name of a text file, gzipped or not; empty words are NaN."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8-sig") as f:
        for _ in range(skip):
            f.readline()
        rows = csv.reader(f, delimiter=delimiter)
        head = [h for h in next(rows) if h]
        values = [[x.strip() for x in r[: len(head)]] for r in rows if any(r)]
    return {h: [v[i] if i < len(v) else "" for v in values] for i, h in enumerate(head)}


def numbers(columns, *names):
    """Array of the named columns; None stands for all."""
    return np.array([[float(x or "nan") for x in columns[n]] for n in (names or columns)]).T


def worst(a, b):
    """Largest difference; infinite when one knows what the other does not."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or (np.isnan(a) != np.isnan(b)).any():
        return np.inf
    known = ~np.isnan(a)
    return float(abs(a - b)[known].max()) if known.any() else 0.0
