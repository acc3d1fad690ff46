#!/usr/bin/env python3
"""The MATLAB functions in GNU Octave. Usage: matlab_test.py GRFD DEMO.toml FIXTURES MATLAB_FOLDER"""
import os
import shutil
import subprocess
import sys
import tempfile

from checks import check, finish, skip

try:
    import h5py
    from scipy.io import savemat
except ImportError as e:
    skip(f"{e} (python3-h5py, python3-scipy)")
if not shutil.which("octave-cli"):
    skip("no octave-cli (Debian: octave): clients/matlab was not run")

GRFD, DEMO, FIXTURES, FOLDER = sys.argv[1:5]
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "octave")
with tempfile.TemporaryDirectory(prefix="grfd-clients-") as folder:
    file = f"{folder}/demo.h5"
    done = subprocess.run([GRFD, "simulate", DEMO, "-o", file, "--seconds", "22"], capture_output=True, text=True, timeout=120)
    check("grfd simulates a recording", done.returncode == 0, done.stderr)
    with h5py.File(file) as f:
        g = f["streams/ankle/left"]
        savemat(f"{folder}/expected.mat", {k: g[k][:] for k in ("t", "values", "flags")})
    done = subprocess.run(["octave-cli", "-qf", "--path", here, "--path", FOLDER, f"{here}/matlab_test.m", file, FIXTURES, f"{folder}/expected.mat"],
                          capture_output=True, text=True, timeout=150)
    print(done.stdout)
    check("octave reads the recording and the golden rows", done.returncode == 0 and "all good" in done.stdout, done.stderr)
finish()
