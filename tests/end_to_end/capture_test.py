#!/usr/bin/env python3
"""grfd capture, then grfd replay: the raw streams of the recording that was made beside the captures come out again, byte for
byte; also from files that were cut off. Usage: capture_test.py GRFD DEMO.toml"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np

    from checks import check, finish
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py)")
    sys.exit(77)

GRFD, DEMO = sys.argv[1:3]


def grfd(*words):
    done = subprocess.run([GRFD, *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def raw_streams(path):
    found = {}
    with h5py.File(path) as f:
        def visit(name, group):
            if isinstance(group, h5py.Group) and group.attrs.get("kind") == b"raw":
                found[name] = {d: group[d][()] for d in ("seq", "epoch", "flags", "t", "t_arrival", "t_device", "values") if d in group}
        f["streams"].visititems(visit)
    return found


def compare(recorded, replayed, whole=True):
    """Rows compared, and the names of the datasets that differ. The replay may begin earlier, end later, or be cut."""
    rows, different = 0, []
    for name, a in recorded.items():
        b = replayed[name]
        _, ia, ib = np.intersect1d(a["seq"], b["seq"], return_indices=True)
        rows += len(ia)
        if whole and len(ia) != len(a["seq"]):
            different.append(f"{name}: {len(a['seq']) - len(ia)} rows are missing")
        different += [f"{name}/{d}" for d in a if a[d][ia].tobytes() != b[d][ib].tobytes()]
    return rows, different


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    code, out, err = grfd("capture", DEMO, "--seconds", 5, "--set", f"record.folder={folder}/trials", "--set", "record.name=first",
                          "--set", f"control.endpoint=ipc://{folder}/control", "--set", f"feed.endpoint=ipc://{folder}/feed")
    check("grfd capture", code == 0, err)
    captures = sorted((folder / "trials").glob("*.grfcap"))
    check("five captures beside the recording", len(captures) == 5 and (folder / "trials/first.h5").exists(), list((folder / "trials").iterdir()))
    code, out, err = grfd("replay", *captures, "-o", folder / "again.h5")
    check("grfd replay", code == 0 and "cut" not in err and "hole" not in err, err)
    recorded = raw_streams(folder / "trials/first.h5")
    replayed = raw_streams(folder / "again.h5")
    rows, different = compare(recorded, replayed)
    check(f"{rows} raw rows of {len(recorded)} streams are equal: seq, epoch, flags, t, t_arrival, t_device, values", not different and rows > 15000, different)
    code, out, err = grfd("replay", *captures, DEMO, "-o", folder / "again2.h5", "--set", "record.name=x")
    check("the same with a CONFIG", code == 0 and not compare(recorded, raw_streams(folder / "again2.h5"))[1], err)
    first = (folder / "again.h5").read_bytes()
    code, out, err = grfd("replay", *captures, "-o", folder / "again.h5", "--batch", 7)
    check("twice gives equal files", code == 0 and (folder / "again.h5").read_bytes() == first)

    whole = captures[-1].read_bytes()
    # The capture goes on until the recording is finished, which takes long on a busy machine: cut what was recorded, too.
    scan = "raw/u6/scan"
    check("the last capture is the U6's", captures[-1].stem.endswith("_u6"), captures)
    share = len(recorded[scan]["seq"]) / len(replayed[scan]["seq"])
    captures[-1].write_bytes(whole[:int(len(whole) * share * 2 / 3)])
    code, out, err = grfd("replay", *captures, "-o", folder / "cut.h5")
    check("a cut capture is replayed up to the cut, and that is said", code == 0 and f"{captures[-1]}: offset " in err and "cut off" in err, err)
    rows_cut, different = compare(recorded, raw_streams(folder / "cut.h5"), whole=False)
    check(f"{rows_cut} raw rows are equal then", not different and rows * 0.8 < rows_cut < rows, different)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    captures[-1].write_bytes(damaged)
    code, out, err = grfd("replay", *captures, "-o", folder / "bad.h5")
    check("a damaged one is refused with its place", code == 1 and f"{captures[-1]}: offset " in err and "damaged" in err and err.count("\n") == 1, err)
    code, out, err = grfd("replay", folder / "trials/first.h5", "-o", folder / "bad.h5")
    check("a foreign file is refused", code == 1 and "offset 0: not a capture" in err and err.count("\n") == 1, err)
    check("nothing is left of those", not (folder / "bad.h5").exists() and not list(folder.glob("*.simulating")))
    check("wrong use", grfd("replay", captures[0])[0] == 2 and grfd("replay", "-o", "x.h5")[0] == 2)

finish()
