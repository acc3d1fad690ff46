#!/usr/bin/env python3
"""What must come out of a capture, from the file format (schemas/capture.md) and the makers' documents alone: it shares no
code with the drivers.

  decode_capture.py FILE.grfcap...            compares with FILE.samples.gz
  decode_capture.py FILE.grfcap... --write    writes that

A line for each sample: part of the stream's name, seq, t_device, flags, epoch, arrival in ns of the lab clock, and the values
as hexadecimal words of their type (i32, f32: 8 digits). Streams that are not listed are not decoded here.
"""
import gzip
import json
import pathlib
import struct
import sys
import zlib

SESSION, LINK, VERB, BYTES, LOST, CLAIM, CONTROL, WRITE, READ = range(1, 10)
GAP_BEFORE, NEW_EPOCH = 1, 64


class Cursor:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def number(self):
        value = shift = 0
        while True:
            b = self.data[self.at]
            self.at += 1
            value |= (b & 127) << shift
            if b < 128:
                return value
            shift += 7

    def signed(self):
        v = self.number()
        return (v >> 1) ^ -(v & 1)

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]


def records(data):
    """(kind, time, payload) of a whole file."""
    assert data[:8] == b"GRFCAP1\n", "no capture"
    c, t = Cursor(data, 8), 0
    while c.at < len(data):
        begin = c.at
        kind, length = c.take(1)[0], c.number()
        step = c.signed()
        payload = c.take(length)
        crc = zlib.crc32(data[begin:c.at])
        assert struct.unpack("<I", c.take(4))[0] == crc, f"checksum at {begin}"
        t = step if kind == SESSION else t + step
        yield kind, t, payload


def call(kind, payload):
    """(endpoint or request type, request, asked, data) of a call that went well."""
    c = Cursor(payload)
    c.number()
    if c.take(1)[0]:
        c.take(c.number())
    endpoint, request = c.take(1)[0], None
    if kind == CONTROL:
        request = struct.unpack("<BHH", c.take(5))
    asked = c.number() if kind in (CONTROL, READ) else None
    return endpoint, request, asked, payload[c.at:]


def words(values, fmt):
    return ",".join(f"{struct.unpack('<I' if struct.calcsize(fmt) == 4 else '<Q', struct.pack(fmt, v))[0]:0{2 * struct.calcsize(fmt)}x}" for v in values)


def labjack_u6(events):
    """Every good packet says by its counter which samples it holds; a scan counts when all its samples came."""
    channels, codes, stream, packet = None, {}, b"", -1
    for kind, t, payload in events:
        if kind == WRITE:
            data = call(kind, payload)[3]
            if data[1] == 0xF8 and data[3] == 0x11:  # StreamConfig
                channels = data[6]
        if kind != BYTES:
            continue
        stream += payload
        while len(stream) >= 64:
            p = stream[:64]
            head = sum(p[1:6])
            head = (head >> 8) + (head & 255)
            head = (head >> 8) + (head & 255)
            if p[1:4] != b"\xf9\x1d\xc0" or head != p[0] or sum(p[6:]) & 0xFFFF != p[4] | p[5] << 8:
                stream = stream[1:] if p[1:4] != b"\xf9\x1d\xc0" else stream[64:]
                continue
            stream = stream[64:]
            packet += (p[10] - packet) % 256 or 256
            for i in range(25):
                codes[25 * packet + i] = (p[12 + 2 * i] | p[13 + 2 * i] << 8, t)
    before = -1
    for scan in range(max(codes) // channels + 1):
        got = [codes.get(scan * channels + i) for i in range(channels)]
        if None in got:
            continue
        yield "scan", scan, scan, GAP_BEFORE if scan != before + 1 else 0, 0, got[-1][1], words([g[0] for g in got], "<i")
        before = scan


def microstrain_mip(events):
    """Fields 0xD5 (reference time), 0x04, 0x05 of set 0x80; seq from the steps of the time."""
    stream, seq, before = b"", 0, None
    for kind, t, payload in events:
        if kind != BYTES:
            continue
        stream += payload
        while True:
            begin = stream.find(b"\x75\x65")
            if begin < 0:
                stream = stream[-1:] if stream[-1:] == b"\x75" else b""
                break
            stream = stream[begin:]
            if len(stream) < 4 or len(stream) < stream[3] + 6:
                break
            size = stream[3] + 6
            a = b = 0
            for x in stream[:size - 2]:
                a = (a + x) & 255
                b = (b + a) & 255
            if stream[size - 2:size] != bytes((a, b)):
                stream = stream[1:]
                continue
            fields, at = {}, 4
            while at < size - 2:
                fields[stream[at + 1]] = stream[at + 2:at + stream[at]]
                at += stream[at]
            descriptor_set, stream = stream[2], stream[size:]
            if descriptor_set != 0x80:
                continue
            time = struct.unpack(">Q", fields[0xD5])[0]
            step = 1 if before is None else round((time - before) / 1e6)
            seq += 0 if before is None else step
            before = time
            yield "inertial", seq, time, GAP_BEFORE if step > 1 else 0, 0, t, words(struct.unpack(">6f", fields[4] + fields[5]), "<f")


def mcc_usb1608fs_plus(events):
    """Bare 16-bit codes, scan after scan, from the AInScanStart on; nothing frames or counts them."""
    channels, bits, scan = None, b"", 0
    for kind, t, payload in events:
        if kind == CONTROL:
            kind_of_request, request, _, data = call(kind, payload)
            if kind_of_request == 0x40 and request[0] == 0x11:
                channels, bits, scan = bin(data[8]).count("1"), b"", 0
        if kind != BYTES:
            continue
        bits += payload
        while channels and len(bits) >= 2 * channels:
            yield "scan", scan, scan, 0, 0, t, words(struct.unpack(f"<{channels}H", bits[:2 * channels]), "<i")
            bits, scan = bits[2 * channels:], scan + 1


def xio_ximu3(events):
    """Messages end with 0A; binary ones are unstuffed (DB DC, DB DD). Counts from 100 ms after the acknowledged `apply`."""
    stream, since, tracks = b"", None, {}
    kinds = {0xC9: ("inertial", 34, 2500), 0xC8: ("highg", 22, 1250)}  # stream, bytes with the end, us between samples
    for kind, t, payload in events:
        if kind != BYTES:
            continue
        *messages, stream = (stream + payload).split(b"\n")
        for m in messages:
            if m == b'{"apply":null}':
                since = t + 100_000_000
            if since is None or t < since or not m or m[0] not in kinds:
                continue
            name, size, period = kinds[m[0]]
            if any(rest[:1] not in (b"\xdc", b"\xdd") for rest in m.split(b"\xdb")[1:]):
                continue  # no such escape
            m = m.replace(b"\xdb\xdc", b"\n").replace(b"\xdb\xdd", b"\xdb")
            if len(m) + 1 != size:
                continue
            time = struct.unpack("<Q", m[1:9])[0]
            seq, before = tracks.get(name, (-1, time - period))
            step = round((time - before) / period)
            tracks[name] = seq + step, time
            yield name, seq + step, time, GAP_BEFORE if step > 1 else 0, 0, t, words(struct.unpack(f"<{(size - 10) // 4}f", m[9:]), "<f")


DECODERS = {d.__name__: d for d in (labjack_u6, mcc_usb1608fs_plus, microstrain_mip, xio_ximu3)}


def main():
    files = [pathlib.Path(a) for a in sys.argv[1:] if not a.startswith("--")]
    wrong = not files
    for file in files:
        events = list(records(file.read_bytes()))
        session = json.loads(events[0][2])
        lines = [" ".join(str(x) for x in row) for row in DECODERS[session["driver"]](events)]
        text = ("\n".join(lines) + "\n").encode()
        expected = file.with_suffix(".samples.gz")
        if "--write" in sys.argv:
            expected.write_bytes(gzip.compress(text, 9, mtime=0))
        same = gzip.decompress(expected.read_bytes()) == text
        gaps = sum(int(line.split()[3]) & 1 for line in lines)
        print(f"{file.name}: {len(lines)} samples, {gaps} gaps, {file.stat().st_size} bytes: {'ok' if same else 'DIFFERENT from ' + expected.name}")
        wrong |= not same or len(lines) < 100
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
