#!/usr/bin/env python3
"""What must come out of a capture, from the file format (schemas/capture.md) and the makers' documents alone: it shares no
code with the drivers.

  decode_capture.py FILE.grfcap...            compares with FILE.samples.gz
  decode_capture.py FILE.grfcap... --write    writes that

The first line names the streams that are derived, also those that stay empty. Then a line for each sample: part of the
stream's name, seq, t_device, flags, epoch, arrival in ns of the lab clock, and the values as hexadecimal words of their type
(i32, f32: 8 digits; i64, f64: 16; text: its bytes).
"""
import gzip
import importlib
import json
import pathlib
import sys
import tomllib

from decoders.capture import records


def main():
    files = [pathlib.Path(a) for a in sys.argv[1:] if not a.startswith("--")]
    wrong = not files
    for file in files:
        events = list(records(file.read_bytes()))
        session = json.loads(events[0][2])
        decoder = importlib.import_module("decoders." + session["driver"])
        device = tomllib.loads(session["settings"])["device"][0]
        rows = [tuple(row) for row in decoder.decode(events, device)]
        text = "".join(" ".join(str(x) for x in row) + "\n" for row in [("derived:", decoder.STREAMS), *rows]).encode()
        expected = file.with_suffix(".samples.gz")
        if "--write" in sys.argv:
            expected.write_bytes(gzip.compress(text, 9, mtime=0))
        same = gzip.decompress(expected.read_bytes()) == text
        count = {s: sum(row[0] == s for row in rows) for s in decoder.STREAMS.split()}
        print(f"{file.name}: {', '.join(f'{n} {s}' for s, n in count.items())}; {file.stat().st_size} bytes: "
              f"{'ok' if same else 'DIFFERENT from ' + expected.name}")
        wrong |= not same or len(rows) < 100 or not set(row[0] for row in rows) <= set(count)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
