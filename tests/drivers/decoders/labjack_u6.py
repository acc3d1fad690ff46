"""Every good packet says by its counter which samples it holds; a scan counts when all its samples came."""
import struct

from .capture import BYTES, GAP_BEFORE, READ, START, VERB, WRITE, Losses, call, words

STREAMS = "scan calibration loss sync"
PACKET_LOST, BAD_PACKET = 1, 2


def good(p):
    head = sum(p[1:6])
    head = (head >> 8) + (head & 255)
    head = (head >> 8) + (head & 255)
    return p[1:4] == b"\xf9\x1d\xc0" and head == p[0] and sum(p[6:]) & 0xFFFF == p[4] | p[5] << 8


def decode(events, device):
    watched = sorted(device.get("sync_lines", [0, 1, 2, 3])) if device.get("digital_port") else []
    channels, blocks, block, started, firmware, rate = None, {}, None, 0, 0, 0
    stream, skipped, packet, codes, before, hole = b"", 0, -1, {}, -1, None
    losses, levels, edges = Losses(), None, 0
    for kind, t, payload in events:
        if kind == VERB and payload[0] == START:
            started = t
        if kind == WRITE:
            data = call(kind, payload)[2]
            if data[1] == 0xF8 and data[3] == 0x2D:  # ReadMem
                block = data[7]
            if data[1] == 0xF8 and data[3] == 0x11:  # StreamConfig
                channels = data[6]
                clock = (48e6 if data[11] & 8 else 4e6) / (256 if data[11] & 2 else 1)
                rate = clock / (data[12] | data[13] << 8)
            if data[1] == 0xA8:  # StreamStart
                constants = blocks[0][0], blocks[2][0], blocks[2][1]
                assert all(abs(a / b - 1) < 0.1 for a, b in zip(constants, (3.1580578e-4, -3.158058e-4, 33523)))
                yield "calibration", 0, 0, 0, 0, started, words((*constants, rate, 0, firmware), "d")
        if kind == READ:
            data = call(kind, payload)[2]
            if len(data) == 40 and data[3] == 0x2D:
                blocks[block] = [v * 2.0**-32 for v in struct.unpack("<4q", data[8:40])]
            if len(data) == 38 and data[3] == 0x08:  # ConfigU6
                firmware = data[10] + data[9] / 100
        if kind != BYTES:
            continue
        stream += payload
        while len(stream) >= 64:
            p = stream[:64]
            if not good(p):
                stream, skipped = stream[1:], skipped + 1
                continue
            stream = stream[64:]
            assert p[11] == 0, "no other codes in this capture"
            missing = (p[10] - packet - 1) % 256
            if missing and hole is None:
                hole = BAD_PACKET if (skipped + 63) // 64 >= missing else PACKET_LOST
            packet, skipped = packet + 1 + missing, 0
            for i in range(25):
                at = 25 * packet + i
                codes[at] = p[12 + 2 * i] | p[13 + 2 * i] << 8
                scan, column = divmod(at, channels)
                if column < channels - 1:
                    continue
                row = [codes.pop(scan * channels + k, None) for k in range(channels)]
                if None in row:
                    continue
                gap = GAP_BEFORE if scan != before + 1 else 0
                if gap:
                    yield losses.row(scan, t, before + 1, scan - before - 1, hole)
                yield "scan", scan, scan, gap, 0, t, words(row, "i")
                before, hole = scan, None
                for line in watched:
                    if levels is not None and (row[-1] ^ levels) >> line & 1:
                        yield "sync", edges, scan, gap, 0, t, words((line, row[-1] >> line & 1, -1), "i")
                        edges += 1
                levels = row[-1]
