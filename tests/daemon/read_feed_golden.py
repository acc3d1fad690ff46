"""Reads the golden bytes of the feed from the contract alone (schemas/feed.md): read_feed_golden.py PATH without ending."""
import json
import math
import struct
import sys

import numpy as np

path = sys.argv[1]
golden = json.load(open(path + ".json", encoding="utf-8"))
data = open(path + ".bin", "rb").read()
assert golden["version"] == 1
TYPES = {"f32": "<f4", "f64": "<f8", "i32": "<i4", "i64": "<i8"}
rows_read = 0

for stream in golden["streams"]:
    info, piece = stream["info"], data[stream["offset"]:stream["offset"] + stream["bytes"]]
    expected = stream["rows"]
    if info["type"] == "text":
        at, texts = 0, []
        while at < len(piece):
            t_ns, seq, flags, epoch, length = struct.unpack_from("<qQHHI", piece, at)
            body = piece[at + 24:at + 24 + length]
            padding = -length % 8
            assert piece[at + 24 + length:at + 24 + length + padding] == bytes(padding)
            texts.append({"t_ns": t_ns, "seq": seq, "flags": flags, "epoch": epoch, "text": body.decode()})
            at += 24 + length + padding
        assert texts == expected, (info["name"], texts)
        rows_read += len(texts)
        continue
    # a whole message at once, as a client of a fast stream does
    row = np.dtype([("t_ns", "<i8"), ("seq", "<u8"), ("flags", "<u2"), ("epoch", "<u2"), ("length", "<u4"),
                    ("values", TYPES[info["type"]], (len(info["columns"]),))])
    assert len(piece) % row.itemsize == 0
    table = np.frombuffer(piece, row)
    assert len(table) == len(expected) and not table["length"].any()
    for got, want in zip(table, expected):
        for key in ("t_ns", "seq", "flags", "epoch"):
            assert int(got[key]) == want[key], (info["name"], key, got[key], want[key])
        for v, w in zip(got["values"].tolist(), want["values"]):
            assert (math.isnan(v) and w is None) or v == w, (info["name"], v, w)
    rows_read += len(table)

assert sum(s["bytes"] for s in golden["streams"]) == len(data)
print(f"python: {rows_read} rows of {len(golden['streams'])} streams as C++ wrote them")
