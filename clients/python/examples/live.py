#!/usr/bin/env python3
"""Prints the total CoP and both dorsiflexion rates live. Usage: live.py [tcp://127.0.0.1:7390]   (schemas/feed.md)"""
import json
import struct
import sys

import zmq

ROW = struct.Struct("<qQHHI")  # t_ns, seq, flags, epoch, text length
socket = zmq.Context().socket(zmq.SUB)
socket.connect(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:7390")
for topic in ("cop/total", "ankle/left", "ankle/right"):
    socket.setsockopt_string(zmq.SUBSCRIBE, topic)
columns, newest = {}, {}
while True:
    topic, header, rows = socket.recv_multipart()
    header = json.loads(header)
    if header["type"] == "info":
        columns[header["stream"]] = [c["name"] for c in header["info"]["columns"]]
    elif header["stream"] in columns:
        names = columns[header["stream"]]
        last = rows[-(ROW.size + 4 * len(names)):]
        newest[header["stream"]] = dict(zip(names, struct.unpack(f"<{len(names)}f", last[ROW.size:])), t=ROW.unpack(last[:ROW.size])[0] / 1e9)
        if header["stream"] == "ankle/right" and len(newest) == 3:
            cop, left, right = newest["cop/total"], newest["ankle/left"], newest["ankle/right"]
            print(f"{cop['t']:8.2f} s   CoP {1000 * cop['cop_ml']:7.1f} {1000 * cop['cop_ap']:7.1f} mm   dorsiflexion rate left {left['dorsiflexion_rate']:7.1f} right {right['dorsiflexion_rate']:7.1f} deg/s", flush=True)
