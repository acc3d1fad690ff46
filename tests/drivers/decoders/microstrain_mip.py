"""Fields 0xD5 (reference time), 0x04, 0x05 of set 0x80; numbers from the steps of the time. Events of set 0xA0."""
import struct

from .capture import BYTES, GAP_BEFORE, READ, START, START_STREAM, VERB, WRITE, Losses, call, words

STREAMS = "inertial facts loss sync"
LINK, DEVICE, CORRUPT = 0, 1, 2
TRIGGER = 1


class Packets:
    """(descriptor set, {field: data}) of a stream of bytes that may be cut anywhere."""

    def __init__(self):
        self.rest, self.dropped = b"", 0  # bytes that belong to no packet

    def take(self, more):
        s = self.rest + more
        while True:
            begin = s.find(b"\x75\x65")
            if begin < 0:
                begin = len(s) - (s[-1:] == b"\x75")
            s, self.dropped = s[begin:], self.dropped + begin
            if len(s) < 4 or len(s) < s[3] + 6:
                break
            size, a, b = s[3] + 6, 0, 0
            for x in s[:size - 2]:
                a = (a + x) & 255
                b = (b + a) & 255
            if s[size - 2:size] != bytes((a, b)):
                s, self.dropped = s[1:], self.dropped + 1
                continue
            fields, at = {}, 4
            while at < size - 2:
                fields[s[at + 1]] = s[at + 2:at + s[at]]
                at += s[at]
            descriptor_set, s = s[2], s[size:]
            self.rest = s
            yield descriptor_set, fields
        self.rest = s


def decode(events, device):
    answers, samples, losses = Packets(), Packets(), Losses()
    seq, edges, before, dropped, started, decimation = 0, 0, None, 0, 0, 1
    said, ranges, chosen, bandwidths = {}, {}, {}, {}
    for kind, t, payload in events:
        if kind == VERB and payload[0] == START:
            started = t
        if kind == WRITE:
            for descriptor_set, fields in Packets().take(call(kind, payload)[2]):
                if descriptor_set == 0x0C and fields.get(0x0F, b"\0")[0] == 1 and fields[0x0F][1] == 0x80:
                    decimation = struct.unpack(">H", fields[0x0F][4:6])[0]  # message format
        if kind == READ:
            for descriptor_set, fields in answers.take(call(kind, payload)[2]):
                if descriptor_set < 0x80:
                    said.update(fields)
                if descriptor_set == 0x0C and 0xD3 in fields:  # ranges: type, number, {setting, range}
                    d = fields[0xD3]
                    ranges[d[0]] = dict(struct.unpack(">Bf", d[2 + 5 * i:7 + 5 * i]) for i in range(d[1]))
                if descriptor_set == 0x0C and 0xD2 in fields:
                    chosen[fields[0xD2][0]] = fields[0xD2][1]
                if descriptor_set == 0x0C and 0xD4 in fields:  # low-pass filter: set, field, on, manual, Hz
                    _, field, on, _, hz = struct.unpack(">BBBBf", fields[0xD4])
                    bandwidths[field] = hz if on else float("nan")
        if kind == START_STREAM:
            base = struct.unpack(">H", said[0x8E][1:3])[0]
            yield ("facts", 0, 0, 0, 0, started,
                   words((ranges[1][chosen[1]], ranges[2][chosen[2]], base, decimation, base / decimation,
                          struct.unpack(">H", said[0x81][:2])[0], bandwidths[4], bandwidths[5]), "d"))
        if kind != BYTES:
            continue
        for descriptor_set, fields in samples.take(payload):
            if descriptor_set not in (0x80, 0xA0):
                continue
            time = struct.unpack(">Q", fields[0xD5])[0]
            if descriptor_set == 0xA0:
                if fields.get(0xD0) == bytes((TRIGGER,)) and before is not None:  # needs a sample's time
                    pin = device["sync_pin"]
                    level = fields[3][0] >> (pin - 1) & 1 if 3 in fields else 1
                    yield "sync", edges, time, 0, 0, t, words((pin, level, -1), "i")
                    edges += 1
                continue
            step = 1 if before is None else round((time - before) * base / (1e9 * decimation))
            seq += 0 if before is None else step
            if step > 1:
                ticks = struct.unpack(">I", fields[0xD2])[0]
                cause = CORRUPT if samples.dropped != dropped else DEVICE if ticks == step * decimation else LINK
                yield losses.row(time, t, seq - step + 1, step - 1, cause)
            before, dropped = time, samples.dropped
            yield ("inertial", seq, time, GAP_BEFORE if step > 1 else 0, 0, t,
                   words(struct.unpack(">6f", fields[4] + fields[5]), "f"))
