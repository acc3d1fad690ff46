#!/usr/bin/env python3
"""When did the samples of the feed arrive over USB? arrivals.py ENDPOINT OUT.json SECONDS
OUT: {stream: [[t_s, arrived_utc_s, age_ms], ...]}, one for each message: time of its newest row since the session's start; when the
sample that completed it had come, by this computer's clock (time of receipt here minus the age that the message states; so a
hop of the feed, some 0.1 ms, counts as USB); and that age."""
import json
import struct
import sys
import time

import zmq

STREAMS = ("cop/total", "ankle/left", "ankle/right")
endpoint, out, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
socket = zmq.Context().socket(zmq.SUB)
socket.rcvtimeo = 200
socket.connect(endpoint)
for name in STREAMS:
    socket.subscribe(name)
seen = {name: [] for name in STREAMS}
row_bytes = {}
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        topic, header, rows = socket.recv_multipart()
    except zmq.Again:
        continue
    now, header = time.time(), json.loads(header)
    if header["type"] == "info":
        row_bytes[header["stream"]] = 24 + 4 * len(header["info"]["columns"])
    elif header["type"] == "data" and header["stream"] in row_bytes:
        newest = struct.unpack_from("<q", rows, len(rows) - row_bytes[header["stream"]])[0]
        seen[header["stream"]].append([newest / 1e9, now - header["age_ms"] / 1000, header["age_ms"]])
json.dump(seen, open(out, "w"))
