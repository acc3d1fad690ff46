"""A dataset or an attribute as MATLAB would show it, in a MAT file: h5_to_mat.py FILE PLACE ATTRIBUTE OUT"""
import sys

import h5py
import numpy as np
from scipy.io import savemat

file, place, attribute, out = sys.argv[1:]
with h5py.File(file, "r") as f:
    v = np.asarray(f[place].attrs[attribute] if attribute else f[place][()])
if v.dtype.kind == "S":
    cells = np.empty((v.size, 1), object)
    cells[:, 0] = [x.decode() for x in v.ravel()]
    v = cells
else:
    v = v.T if v.ndim > 1 else v.reshape(-1, 1)
savemat(out, {"v": v})
