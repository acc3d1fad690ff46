"""Reads a grfd recording with h5py, the way an analyst would."""
import h5py
import numpy as np


def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)


class Stream:
    def __init__(self, group):
        self.group = group
        self.t = group["t"][:] if "t" in group else None
        self.flags = group["flags"][:]
        self.device, self.serial = text(group.attrs["device"]), text(group.attrs["serial"])
        self.seq = group["seq"][:] if "seq" in group else None
        if "values" in group:
            self.columns = [text(c) for c in group["columns"][:]]
            self.values = group["values"][:]
            self.delay = dict(zip(self.columns, np.atleast_1d(group.attrs["delay_s"])))

    def __getitem__(self, column):
        return self.values[:, self.columns.index(column)].astype(float)

    def texts(self):
        """(t, name, detail) of a text stream"""
        return [(t, text(n), text(d)) for t, n, d in zip(self.t, self.group["name"][:], self.group["detail"][:])]

    def at(self, column, t):
        """The column at lab times t, its own delay removed; NaN where a neighbour is NaN."""
        return np.interp(t, self.t - self.delay[column], self[column], left=np.nan, right=np.nan)


class Recording:
    def __init__(self, path):
        self.file = h5py.File(path, "r")

    def __contains__(self, name):
        return f"streams/{name}" in self.file

    def __getitem__(self, name):
        return Stream(self.file[f"streams/{name}"])

    def names(self):
        found = []
        self.file["streams"].visititems(lambda n, o: found.append(n) if isinstance(o, h5py.Group) and "flags" in o else None)
        return found

    def settings(self):
        return text(self.file["settings"][()])

    def attribute(self, name):
        return text(self.file.attrs[name])
