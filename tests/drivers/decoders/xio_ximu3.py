"""Messages end with 0A; binary ones are unstuffed (DB DC, DB DD). Counts from 100 ms after the acknowledged `apply`."""
import json
import re
import struct

from .capture import BYTES, GAP_BEFORE, READ, START, START_STREAM, VERB, Losses, call, texts, words

STREAMS = "inertial highg facts loss sync messages"
MISSING, BUFFER_FULL, CORRUPT = 0, 1, 2
INERTIAL, HIGHG, SYNC = 0, 1, 2
VALUES = dict(zip("IHMQRALEUWTBOY", (6, 3, 3, 4, 9, 3, 7, 7, 4, 2, 1, 3, 1, 1)))
TEXT = "SNFC"


def number(text):
    parts = [int(p) for p in re.findall(r"\d+", text)]
    return 10000 * parts[0] + 100 * parts[1] + parts[2]


def message(m):
    """(letter, us, rest) of a binary message without its end, or None when it is damaged."""
    letter = chr(m[0] - 0x80) if m[0] > 0x80 else ""
    if any(rest[:1] not in (b"\xdc", b"\xdd") for rest in m.split(b"\xdb")[1:]):
        return None  # no such escape
    m = m.replace(b"\xdb\xdc", b"\n").replace(b"\xdb\xdd", b"\xdb")
    if letter in TEXT and letter:
        right = 9 <= len(m) <= 9 + 255
    else:
        right = letter in VALUES and len(m) == 9 + 4 * VALUES[letter]
    return (letter, struct.unpack("<Q", m[1:9])[0], m[9:]) if right else None


def decode(events, device):
    said, line, started = {}, b"", 0
    stream, since, damaged, full = b"", None, 0, 0
    losses, notes, edges, next_count, edge_damaged = Losses(), 0, 0, None, 0
    tracks = {"I": ["inertial", INERTIAL, 1e6 / device["rate_hz"], None, 0, 0, 0],
              "H": ["highg", HIGHG, 1e6 / device["high_g_rate_hz"], None, 0, 0, 0]}
    for kind, t, payload in events:
        if kind == VERB and payload[0] == START:
            started = t
        if kind == READ:
            *lines, line = (line + call(kind, payload)[2]).split(b"\n")
            for text in lines:
                if text[:1] == b"{":
                    said.update(json.loads(text))
        if kind == START_STREAM:
            highg = said["high_g_accelerometer_message_rate_divisor"]
            yield ("facts", 0, 0, 0, 0, started,
                   words((400 / said["inertial_message_rate_divisor"], 3200 / highg if highg else 0,
                          number(said["firmware_version"]), number(said["calibration_date"]),
                          said["gyroscope_offset_correction_enabled"], said["axes_alignment"],
                          said["serial_mode"]), "d"))
        if kind != BYTES:
            continue
        *messages, stream = (stream + payload).split(b"\n")
        for m in messages:
            if m[:1] == b"{":
                if m == b'{"apply":null}':
                    since = t + 100_000_000
                continue
            good = message(m) if m else None
            if not good:
                damaged += 1
                continue
            letter, time, rest = good
            if letter in "NF":
                text = rest.decode("latin-1")
                full += letter == "F" and ("uffer full" in text or "verrun" in text)
                body = json.dumps({"device": device["name"], "t_us": time, "text": text}, separators=(",", ":"))
                for part in texts(f"device_{'error' if letter == 'F' else 'note'} {body}"):
                    yield "messages", notes, time, 0, 0, t, part
                notes += 1
            if since is None or t < since:
                continue
            if letter in tracks:
                track = tracks[letter]
                name, code, period, before, seq, was_damaged, was_full = track
                step = 1 if before is None else round((time - before) / period)
                seq += 0 if before is None else step
                if step > 1:
                    cause = BUFFER_FULL if full != was_full else CORRUPT if damaged != was_damaged else MISSING
                    yield losses.row(time, t, seq - step + 1, step - 1, cause, code)
                track[3:] = time, seq, damaged, full
                yield (name, seq, time, GAP_BEFORE if step > 1 else 0, 0, t,
                       words(struct.unpack(f"<{len(rest) // 4}f", rest), "f"))
            if letter == "S" and re.fullmatch(rb"[01],[0-9]{9}", rest.rstrip(b"\r\n")):
                count = int(rest[2:11])
                missing = 0 if next_count is None else (count - next_count) % 10**9
                if missing:
                    yield losses.row(time, t, edges, missing, CORRUPT if damaged != edge_damaged else MISSING, SYNC)
                edges, next_count, edge_damaged = edges + missing, (count + 1) % 10**9, damaged
                if tracks["I"][3] is None:
                    continue  # without a sample it has no place in time
                yield "sync", edges, time, GAP_BEFORE if missing else 0, 0, t, words((0, rest[:1] == b"1", count), "i")
                edges += 1
