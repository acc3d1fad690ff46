"""Bare 16-bit codes, scan after scan, from the AInScanStart on; nothing frames or counts them, so no loss shows.
The mask of the AInScanStart says what is scanned; inputs that the settings do not ask for are no columns."""
import struct

from .capture import BYTES, CONTROL, START, VERB, call, words

STREAMS = "scan calibration loss sync"
FULL_SCALE_V = {0: 10, 1: 5, 3: 2, 5: 1}
HYSTERESIS_V = 0.5


def decode(events, device):
    inputs, bits, scan, memory, ranges, started, firmware, date = [], b"", 0, {}, bytes(8), 0, 0.0, 0
    sync_input, level, edges, limits = device.get("sync_input", -1), None, 0, None
    for kind, t, payload in events:
        if kind == VERB and payload[0] == START:
            started = t
        if kind == CONTROL:
            kind_of_request, (request, value, _), data = call(kind, payload)
            if kind_of_request == 0x80 and request == 6 and value == 0x0100:  # device descriptor: bcdDevice
                firmware = float(f"{data[13]:x}.{data[12]:02x}")
            if kind_of_request == 0xC0 and request == 0x30:
                memory.update((value + i, b) for i, b in enumerate(data))
            if kind_of_request == 0x40 and request == 0x14:
                ranges = data
            if kind_of_request == 0x40 and request == 0x11:  # AInScanStart
                inputs, bits, scan, level = [i for i in range(8) if data[8] >> i & 1], b"", 0, None
                rate = 40e6 / (struct.unpack("<I", data[4:8])[0] + 1)
                date = 20000000 + memory[0x200] * 10000 + memory[0x201] * 100 + memory[0x202]
                columns = [inputs.index(i) for i in device["analog_inputs"]]
                for column, i in enumerate(device["analog_inputs"]):
                    at, full_scale = (ranges[i] * 8 + i) * 8, FULL_SCALE_V[ranges[i]]
                    slope, offset = struct.unpack("<2f", bytes(memory[at + k] for k in range(8)))
                    assert 0.5 <= slope <= 1.5, "no calibration"
                    yield ("calibration", column, 0, 0, 0, started,
                           words((column, slope, offset, full_scale, rate, 0, firmware, date), "d"))
                    if i == sync_input:
                        volts = device.get("sync_threshold_v", 1.5)
                        limits = [((v + full_scale) * 65536 / (2 * full_scale) - offset) / slope
                                  for v in (volts - HYSTERESIS_V, volts)]
        if kind != BYTES:
            continue
        bits += payload
        size = 2 * len(inputs)
        while size and len(bits) >= size:
            codes = struct.unpack(f"<{len(inputs)}H", bits[:size])
            yield "scan", scan, scan, 0, 0, t, words([codes[c] for c in columns], "i")
            if limits:
                code, was = codes[inputs.index(sync_input)], level
                level = code > limits[0] if was else code >= limits[1]
                if was is not None and level != was:
                    yield "sync", edges, scan, 0, 0, t, words((sync_input, level, -1), "i")
                    edges += 1
            bits, scan = bits[size:], scan + 1
