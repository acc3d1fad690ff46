"""Writes tests/fixtures/zero_phase.json: what scipy.signal makes of one record.   make_zero_phase.py OUTPUT"""
import json, sys
import numpy as np
from scipy import signal

FS = 1000.0
x = np.round(800 + np.cumsum(np.random.default_rng(5).standard_normal(400)), 6)
def corrected(fc, n):  # both passes together: -3 dB at fc, bilinear design
    return FS/np.pi*np.arctan(np.tan(np.pi*fc/FS)/(2**.5 - 1)**(1/(2*n)))
low = []
for order, fc in ((2, 20), (2, 50), (3, 12), (4, 20)):
    sos = signal.butter(order, corrected(fc, order), fs=FS, output="sos")
    low.append(dict(order=order, fc=fc, y=signal.sosfiltfilt(sos, x, padtype="odd", padlen=9*len(sos)).tolist()))
slope = [dict(n=n, degree=d, y=signal.savgol_filter(x, n, d, deriv=1, delta=1/FS, mode="interp").tolist()) for n, d in ((41, 1), (61, 2), (41, 3))]
json.dump(dict(fs=FS, x=x.tolist(), low_pass=low, derivative=slope), open(sys.argv[1], "w"))
