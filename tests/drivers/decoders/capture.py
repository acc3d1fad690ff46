"""Reads captures (schemas/capture.md), and writes numbers as decode_capture.py does."""
import struct
import zlib

SESSION, LINK, VERB, BYTES, LOST, CLAIM, CONTROL, WRITE, READ, START_STREAM = range(1, 11)
START = 1  # of a verb
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
    """(endpoint or request type, (request, value, index), data) of a call that went well."""
    c = Cursor(payload)
    c.number()
    if c.take(1)[0]:
        c.take(c.number())
    endpoint, request = c.take(1)[0], None
    if kind == CONTROL:
        request = struct.unpack("<BHH", c.take(5))
    if kind in (CONTROL, READ):
        c.number()
    return endpoint, request, payload[c.at:]


def words(values, fmt):
    """i32, f32, i64, f64: "i", "f", "q", "d"."""
    return ",".join(struct.pack(">" + fmt, v).hex() for v in values)


def texts(text):
    """The parts of a row of text."""
    raw = text.encode()
    return [raw[i:i + 64].hex() for i in range(0, max(len(raw), 1), 64)]


class Losses:
    """Rows of a loss stream."""

    def __init__(self):
        self.seq = -1

    def row(self, t_device, t, first, count, cause, *stream):
        self.seq += 1
        return "loss", self.seq, t_device, 0, 0, t, words((first, count, cause, *stream), "q")
