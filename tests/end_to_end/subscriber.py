#!/usr/bin/env python3
"""Follows the raw streams of a feed until its standard input is closed, then prints as JSON the newest sequence number that
came in of each. Usage: subscriber.py tcp://127.0.0.1:PORT"""
import json
import struct
import sys
import time

import zmq

SEQ = struct.Struct("<qQ")  # the first fields of a row: t_ns, seq (schemas/feed.md)


def main():
    socket = zmq.Context().socket(zmq.SUB)
    socket.setsockopt(zmq.RECONNECT_IVL, 10)
    socket.setsockopt(zmq.RCVHWM, 0)
    for topic in ("raw/u6/scan", "raw/imu_"):
        socket.setsockopt_string(zmq.SUBSCRIBE, topic)
    socket.connect(sys.argv[1])
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    newest, until = {}, None
    print("ready", flush=True)
    while until is None or time.monotonic() < until:
        ready = dict(poller.poll(50))
        if sys.stdin.fileno() in ready:
            poller.unregister(sys.stdin)
            until = time.monotonic() + 0.3  # what is still on its way
        while socket in ready and socket.poll(0):
            topic, header, rows = socket.recv_multipart()
            header = json.loads(header)
            if header["type"] == "data" and topic.split(b"/")[-1] in (b"scan", b"inertial"):
                row = len(rows) // header["count"]
                newest[topic.decode()] = SEQ.unpack(rows[-row:][:SEQ.size])[1]
    print(json.dumps(newest))


if __name__ == "__main__":
    main()
