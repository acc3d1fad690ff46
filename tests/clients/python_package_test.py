#!/usr/bin/env python3
"""The Python package without a daemon: golden rows, losses, a recording against h5py, CSV, clear errors, installation.
Usage: python_package_test.py GRFD DEMO.toml FIXTURES PACKAGE"""
import contextlib
import csv
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from checks import check, finish, raises, skip

try:
    import h5py
    import numpy as np
    import pandas
    import zmq

    import grfd
    from grfd.__main__ import main
    from grfd.export import column_name
except ImportError as e:
    skip(f"{e} (python3-numpy, python3-zmq, python3-pandas, python3-h5py)")

GRFD, DEMO, FIXTURES, PACKAGE = sys.argv[1:5]


def test_golden():
    golden = json.load(open(f"{FIXTURES}/feed_golden.json", encoding="utf-8"))
    data = open(f"{FIXTURES}/feed_golden.bin", "rb").read()
    equal, rows = 0, 0
    for stream in golden["streams"]:
        info = grfd.StreamInfo.from_feed(stream["info"])
        block = grfd.decode(info, data[stream["offset"]:stream["offset"] + stream["bytes"]], len(stream["rows"]))
        for i, want in enumerate(stream["rows"]):
            rows += 1
            head = (int(block.seq[i]), int(block.flags[i]), int(block.epoch[i])) == (want["seq"], want["flags"], want["epoch"])
            head = head and (math.isnan(block.t[i]) if want["t_ns"] == -2**63 else block.t[i] == want["t_ns"] / 1e9)
            if info.is_text:
                equal += head and block.texts[i].text == want["text"]
            else:
                equal += head and all((w is None and math.isnan(v)) or v == w for v, w in zip(block.values[i].tolist(), want["values"]))
    check(f"{equal} of {rows} golden rows are read as C++ wrote them", equal == rows == 18)
    text = grfd.decode(info, data[stream["offset"]:stream["offset"] + stream["bytes"]]).texts[0]
    check("name and detail of a text", text.name == "mark" and text.detail == {"text": "Grüße"})
    f32 = grfd.StreamInfo.from_feed(golden["streams"][0]["info"])
    raises("half a row", grfd.FeedError, ["golden/f32", "whole rows of 44 bytes"], lambda: grfd.decode(f32, data[:45]))
    raises("wrong count", grfd.FeedError, ["promises 3 rows, 4 came"], lambda: grfd.decode(f32, data[:176], 3))
    raises("a cut text", grfd.FeedError, ["golden/text", "cut"], lambda: grfd.decode(info, data[stream["offset"]:-8]))
    raises("an unknown type", grfd.FeedError, ["'f16'", "f32"], lambda: grfd.StreamInfo.from_feed({**stream["info"], "type": "f16"}))
    raises("an info without columns", grfd.FeedError, ["schemas/feed.md"], lambda: grfd.StreamInfo.from_feed({"name": "x", "kind": "raw", "type": "f32"}))
    check("names of flags", f32.flags_of(0x0109) == ["gap_before", "invalid", "bit_8"], f32.flags_of(0x0109))


class FakeFeed(threading.Thread):
    """Publishes by the contract what a test wants to see, also holes."""
    INFO = {"name": "x", "kind": "derived", "type": "f32", "columns": [{"name": "a", "unit": "N", "delay_s": 0.0}], "rate_hz": 100.0, "flag_names": [""] * 8}

    def __init__(self, endpoint, messages, version=1):
        super().__init__(daemon=True)
        self.messages, self.version = messages, version
        self.socket = zmq.Context.instance().socket(zmq.XPUB)
        self.socket.bind(endpoint)

    def send(self, topic, header, rows=b""):
        self.socket.send_multipart([topic.encode(), json.dumps({"v": self.version, "session": "S", "stream": topic, **header}).encode(), rows])

    def run(self):
        for _ in range(4):  # x, gaps, session, ticks
            self.socket.recv()
        self.send("session", {"type": "session", "start_utc_ns": 0, "software": "", "participant": "", "streams": 2})
        self.send("x", {"type": "news", "unknown": True})
        self.send("x", {"type": "info", "version": 1, "info": self.INFO, "later": 1})
        self.send("gaps", {"type": "info", "version": 1, "info": {**self.INFO, "name": "gaps", "type": "text"}})
        for seq, rows in self.messages:
            data = b"".join(np.array([(s * 10_000_000, s, 0, 0, 0, s)], "<i8,<u8,<u2,<u2,<u4,<f4").tobytes() for s in rows)
            self.send("x", {"type": "data", "seq": seq, "first_t_ns": rows[0] * 10_000_000, "count": len(rows), "age_ms": 1.0}, data)
        text = b'lost {"stream":"x","cause":"packet_lost","first_seq":9,"count":2}'
        row = np.array([(0, 0, 0, 0, len(text))], "<i8,<u8,<u2,<u2,<u4").tobytes() + text + bytes(-len(text) % 8)
        self.send("gaps", {"type": "data", "seq": 0, "first_t_ns": 0, "count": 1, "age_ms": 0.0}, row)
        self.send("x", {"type": "data", "seq": 99, "first_t_ns": 0, "count": 1, "age_ms": 0.0}, np.array([(0, 50, 0, 0, 0, 0)], "<i8,<u8,<u2,<u2,<u4,<f4").tobytes())


def test_losses(folder):
    # messages 2 and 3 with rows 6 to 8 do not arrive; rows 11 and 12 are missing for everyone, between messages and inside one: 16
    FakeFeed(f"ipc://{folder}/fake", [(0, [0, 1, 2]), (1, [3, 4, 5]), (4, [9, 10]), (5, [13, 14, 15, 17])]).start()
    with grfd.live("x", endpoint=f"ipc://{folder}/fake") as feed:
        blocks = [next(feed) for _ in range(4)]
        check("messages missed, block by block", [b.missed_messages for b in blocks] == [0, 0, 2, 0])
        check("rows missed, block by block", [b.missed_rows for b in blocks] == [0, 0, 3, 3], [b.missed_rows for b in blocks])
        m = feed.missed["x"]
        check("on the way and for everyone, apart", (m.messages, m.rows_on_the_way, m.rows_lost) == (2, 3, 3) and bool(m), m)
        next(feed)
        check("the daemon's own account is there", len(feed.ledger) == 1 and feed.ledger[0].detail["cause"] == "packet_lost", feed.ledger)
    FakeFeed(f"ipc://{folder}/future", [], version=2).start()
    raises("another version of the contract", grfd.FeedError, ["version 2", "knows 1"], lambda: next(grfd.live("x", endpoint=f"ipc://{folder}/future")))


def test_delays(_):
    """A ramp and a sine, one column 7.5 ms late: at the row's time both must be the function itself."""
    from grfd import delays

    t = np.arange(2000) / 1000
    info = grfd.StreamInfo("x", "derived", "f64", (grfd.Column("now", "1"), grfd.Column("late", "1", delay_s=0.0075), grfd.Column("skewed", "1", skew_s=0.0002)), rate_hz=1000)
    f = lambda s: 3 * s + 1  # linear interpolation of a line is exact
    values = np.stack([f(t), f(t - 0.0075), f(t + 0.0002)], axis=1)
    values[1000, 1] = np.nan
    flags = np.zeros(2000, np.uint16)
    flags[1000] = 8
    out, marks = delays.align(info, t, flags, values)
    bad = np.isnan(out[:, 1])
    check("values at their own time", np.nanmax(np.abs(out - f(t)[:, None])) < 1e-12)
    check("nothing is invented at the ends and beside unknown values", list(np.flatnonzero(bad)) == [992, 993, *range(1992, 2000)] and np.isnan(out[0, 2]), np.flatnonzero(bad))
    check("and those rows are invalid", (marks[bad] & 8).all() and not (marks[1:992] & 8).any())
    keep = np.r_[0:500, 520:2000]
    out, _ = delays.align(info, t[keep], flags[keep], values[keep])
    check("no line is drawn across a hole", np.isnan(out[t[keep] == 0.495, 1]).all() and np.isnan(out[t[keep] == 0.499, 1]).all())
    same = grfd.StreamInfo("y", "raw", "i32", (grfd.Column("a", "count"),), rate_hz=1000)
    whole = np.arange(5, dtype="<i4")[:, None]
    check("without delays nothing is touched", delays.align(same, t[:5], flags[:5], whole)[0] is whole)


def test_recording(file):
    r, h5 = grfd.open(file), h5py.File(file)
    groups = []
    h5["streams"].visititems(lambda n, o: groups.append(n) if "kind" in o.attrs else None)
    check(f"all {len(groups)} streams", r.streams == sorted(groups))
    wrong = []
    for name in groups:
        g, s = h5[f"streams/{name}"], r[name]
        same = (s.t.tobytes(), s.seq.tobytes(), s.flags.tobytes(), len(s)) == (g["t"][:].tobytes(), g["seq"][:].tobytes(), g["flags"][:].tobytes(), len(g["flags"]))
        if s.info.is_text:
            same = same and [x.name for x in s.texts] == [n.decode() for n in g["name"][:]] and [x.detail for x in s.texts] == [json.loads(d) for d in g["detail"][:]]
        else:
            same = same and s.values.tobytes() == g["values"][:].tobytes() and list(s.units.values()) == [u.decode() for u in g["units"][:]]
            same = same and [c.delay_s for c in s.info.columns] == list(g.attrs["delay_s"])
        same = same and [c.exploratory for c in s.info.columns] == [bool(e) for e in g.attrs["exploratory"]]
        same = same and [c.optional for c in s.info.columns] == [bool(e) for e in g.attrs["optional"]]
        if not same:
            wrong.append(name)
    check("every stream as h5py gives it, bit for bit", not wrong, wrong)
    names = [c.decode() for c in h5["streams/ankle/left/columns"][:]]
    rate = h5["streams/ankle/left/values"][:, names.index("dorsiflexion_rate")]
    check("a column by its name", np.array_equal(r["ankle/left"]["dorsiflexion_rate"], rate, equal_nan=True))
    frame = r["ankle/left"].frame()
    check("a stream as DataFrame", np.array_equal(frame["dorsiflexion_rate"].to_numpy(), rate, equal_nan=True) and frame.attrs["units"]["dorsiflexion_rate"] == "deg/s"
          and "flags" in frame)
    both = r.frame(["ankle/left", "truth/ankle/left"], remove_delays=True).dropna()
    both = both[both.index > 6]
    e = both["ankle/left", "dorsiflexion_rate"] - both["truth/ankle/left", "dorsiflexion_rate"]
    raw = r.frame(["ankle/left", "truth/ankle/left"]).dropna()
    raw = raw[raw.index > 6]
    e_raw = raw["ankle/left", "dorsiflexion_rate"] - raw["truth/ankle/left", "dorsiflexion_rate"]
    rms, rms_raw = np.sqrt(np.mean(e ** 2)), np.sqrt(np.mean(e_raw ** 2))
    print(f"       dorsiflexion rate against the truth of the same file: {rms_raw:.2f} deg/s RMS as recorded, {rms:.2f} deg/s with the delays removed")
    check("removing the delays brings the rate to the truth", rms < 0.25 * rms_raw and rms < 0.5, (rms, rms_raw))  # dsp/README.md: 0.10 without the corners
    reps = r.reps
    check("two repetitions, both sides side by side", list(reps.index) == [0, 1] and abs(reps["left", "rate_fit"].mean() - 30) < 0.5
          and abs(reps["right", "rate_fit"].mean() - 20) < 0.5, reps)
    check("attributes", r.attributes["participant_code"] == "DEMO" and r.attributes["dominant_side"] == "right" and r.attributes["clean_end"] == 1)
    check("events, commands, gaps", any(x.name == "weighed" for x in r.events) and r.commands[0].name == "record_start" and r.gaps == [])
    check("settings and calibration", "[[plate]]" in r.settings and "matrix" in json.dumps(r.calibration("left")))
    check("UTC", str(r.utc(1.5)[0]) == "2000-01-01T00:00:01.500000000", r.utc(1.5))
    raises("an unknown stream", KeyError, ["ankle/left"], lambda: r["ankles"])
    raises("an unknown column", KeyError, ["dorsiflexion_rate"], lambda: r["ankle/left"]["rate"])
    raises("numbers of a text stream", TypeError, [".texts"], lambda: r["events"].values)
    h5.close()
    r.close()


def test_csv(file, folder):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(["info", file])
    check("info", code == 0 and "participant DEMO" in out.getvalue() and "dorsiflexion_rate [deg/s]" in out.getvalue() and "0 entries in the account of losses" in out.getvalue())
    with contextlib.redirect_stdout(out):
        code = main(["export", file, "--csv", f"{folder}/csv"])
    check("export", code == 0 and os.path.exists(f"{folder}/csv/streams.csv"))
    with grfd.open(file) as r:
        wrong = []
        for name in r.streams:
            if r[name].info.is_text or not len(r[name]):
                continue
            table = pandas.read_csv(f"{folder}/csv/{name.replace('/', '_')}.csv", float_precision="round_trip")
            mine = table.iloc[:, 4:].to_numpy().astype(r[name].values.dtype)
            if not np.array_equal(mine, r[name].values, equal_nan=r[name].values.dtype.kind == "f") or not np.array_equal(table["t_s"], r[name].t, equal_nan=True):
                wrong.append(name)
        check("CSV gives every number again, bit for bit", not wrong, wrong)
    header = open(f"{folder}/csv/plate_left.csv").readline().strip()
    check("units in the names", header == "t_s,seq,epoch,flags,fx_N,fy_N,fz_N,mx_Nm,my_Nm,mz_Nm", header)
    check("no unit twice", column_name("onset_s", "s") == "onset_s" and column_name("drift_ppm", "1e-6") == "drift_ppm" and column_name("share", "%") == "share_percent")
    lines = list(csv.DictReader(open(f"{folder}/csv/streams.csv", encoding="utf-8")))
    rate = next(x for x in lines if x["stream"] == "ankle/left" and x["column"] == "dorsiflexion_rate")
    marks = {(li["stream"], li["exploratory"]) for li in lines}
    check("streams.csv marks the hypotheses and no other column", ("reps_exploratory/left", "1") in marks and ("ankle/left", "0") in marks and ("plate/left", "1") not in marks, marks)
    check("streams.csv explains", rate["unit"] == "deg/s" and 0.005 < float(rate["delay_s"]) < 0.03 and rate["sign"] != "")
    error = io.StringIO()
    with contextlib.redirect_stderr(error):
        check("nothing is replaced", main(["export", file, "--csv", f"{folder}/csv"]) == 1 and "is there already" in error.getvalue(), error.getvalue())
        check("no such file", main(["info", f"{folder}/none.h5"]) == 1 and "no such file" in error.getvalue(), error.getvalue())
    with h5py.File(f"{folder}/other.h5", "w") as other:
        other["x"] = 1
    raises("another HDF5 file", grfd.NotARecording, ["no recording of grfd"], lambda: grfd.open(f"{folder}/other.h5"))
    shutil.copy(file, f"{folder}/cut.h5")
    os.truncate(f"{folder}/cut.h5", 5000)
    raises("a cut file", grfd.NotARecording, ["no whole HDF5 file"], lambda: grfd.open(f"{folder}/cut.h5"))
    open(f"{folder}/x.journal", "w").close()
    raises("a journal", grfd.NotARecording, ["grfd finalise"], lambda: grfd.open(f"{folder}/x.journal"))


def test_install(folder):
    """As README.md says: a virtual environment that sees Debian's modules, nothing downloaded."""
    if subprocess.run([sys.executable, "-c", "import ensurepip, setuptools, wheel"], capture_output=True).returncode:
        print("       not installed into a virtual environment: python3-venv, python3-setuptools or python3-wheel is missing")
        return
    shutil.copytree(PACKAGE, f"{folder}/package", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    run = lambda *words: subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=folder, env={"PATH": "/usr/bin:/bin", "HOME": folder, "PIP_NO_INDEX": "1"})
    made = run("/usr/bin/python3", "-m", "venv", "--system-site-packages", "venv")
    check("a virtual environment", made.returncode == 0, made.stdout + made.stderr)
    done = run("venv/bin/pip", "install", "--no-build-isolation", "--no-deps", f"{folder}/package")
    check("pip installs it without a network", done.returncode == 0, done.stdout + done.stderr)
    done = run("venv/bin/python", "-c", "import grfd, os; print(grfd.__file__, os.path.exists(os.path.dirname(grfd.__file__) + '/py.typed'))")
    check("and it is typed", done.stdout.startswith(f"{folder}/venv/") and done.stdout.strip().endswith("True"), done.stdout + done.stderr)
    done = run("venv/bin/grfd-py", "info", f"{folder}/demo.h5")
    check("with a command of its own", done.returncode == 0 and "participant DEMO" in done.stdout, done.stdout + done.stderr)


with tempfile.TemporaryDirectory(prefix="grfd-clients-") as folder:
    file = f"{folder}/demo.h5"
    done = subprocess.run([GRFD, "simulate", DEMO, "-o", file, "--seconds", "22"], capture_output=True, text=True, timeout=120)
    check("grfd simulates a recording", done.returncode == 0, done.stderr)
    test_golden()
    test_losses(folder)
    test_delays(folder)
    test_recording(file)
    test_csv(file, folder)
    test_install(folder)
finish()
