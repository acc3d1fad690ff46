#!/usr/bin/env python3
"""The real programs, as a person uses them. Usage: daemon_test.py run|life|simulate GRFD GRFCTL DEMO.toml
run: grfd for about 14 s, grfctl beside it, a subscriber, SIGTERM, and what is in the files then.
life: devices are unplugged and come back while grfd records, or stay away.
simulate: the same configuration twice, and with other batches, gives equal files; and no work with a wrong configuration."""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

try:
    import h5py
    import numpy as np
    import zmq

    from checks import ask, check, finish, log_of, wait_for
    from recording import Recording
except ImportError as e:
    print(f"SKIP: {e} (python3-numpy, python3-h5py, python3-zmq)")
    sys.exit(77)

MODE, GRFD, GRFCTL, DEMO = sys.argv[1:5]


class Subscriber(threading.Thread):
    """Takes every row of some streams; notes holes in seq of messages and rows."""
    ROW = struct.Struct("<qQHHI")

    def __init__(self, endpoint, topics):
        super().__init__(daemon=True)
        self.topics, self.stop = topics, False
        self.rows = {t: [] for t in topics}
        self.infos, self.holes, self.age_ms = {}, {t: 0 for t in topics}, []
        self.next = {}
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVTIMEO, 100)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.connect(endpoint)
        for t in topics:
            self.socket.setsockopt_string(zmq.SUBSCRIBE, t)

    def run(self):
        while not self.stop:
            try:
                topic, header, data = self.socket.recv_multipart()
            except zmq.Again:
                continue
            topic, header = topic.decode(), json.loads(header)
            if topic not in self.rows:
                continue
            if header["type"] == "info":
                self.infos[topic] = header["info"]
            if header["type"] != "data":
                continue
            self.holes[topic] += header["seq"] != self.next.get(topic, header["seq"])
            self.next[topic] = header["seq"] + 1
            self.age_ms.append(header["age_ms"])
            size = len(data) // header["count"]
            for i in range(header["count"]):
                t_ns, seq, flags, epoch, _ = self.ROW.unpack_from(data, i * size)
                self.rows[topic].append((seq, t_ns, data[i * size + self.ROW.size:(i + 1) * size]))


def test_run(folder):
    control, feed = f"ipc://{folder}/control", f"ipc://{folder}/feed"
    log = open(f"{folder}/log", "w+")
    started = time.monotonic()
    daemon = subprocess.Popen([GRFD, "run", DEMO, "--set", f"control.endpoint={control}", "--set", f"feed.endpoint={feed}",
                               "--set", f"record.folder={folder}/trials", "--set", "record.name=first"], stderr=log, stdout=log)

    ctl = lambda *words, endpoint=control: ask(GRFCTL, endpoint, *words)

    def until(seconds):
        time.sleep(max(0, started + seconds - time.monotonic()))

    try:
        subscriber = Subscriber(feed, ["cop/total", "raw/u6/scan"])
        subscriber.start()
        check("the daemon answers", wait_for(lambda: ctl("--timeout", "1", "--json", "ping")[0] == 0, 15))
        devices = lambda: json.loads(ctl("--json", "devices")[1])
        check("all five devices stream", wait_for(lambda: sum(d["state"] == "streaming" for d in devices()) == 5, 10))
        check("it records from the start", wait_for(lambda: json.loads(ctl("--json", "status")[1])["recording"]["state"] == "running", 10))
        code, out, err = ctl("status")
        check("status for people", code == 0 and "session" in out and "recording for" in out and "imu_foot_right" in out, out + err)
        code, out, err = ctl("devices")
        check("devices for people", code == 0 and out.count("streaming") == 5, out + err)
        code, out, err = ctl("mark", "the", "first", "mark")
        check("mark", code == 0 and out == "marked\n", out + err)
        code, out, err = ctl("mark", '"' * 2001)
        check("a mark of more than 2000 bytes is refused", code == 1 and "2000" in err, out + err)
        code, out, err = ctl("record", "start")
        check("a second recording is refused", code == 1 and "running already" in err, err)
        code, out, err = ctl("tare", "ceiling")
        check("an unknown plate is refused", code == 1 and "no plate 'ceiling'" in err, err)
        check("a wrong word is wrong use", ctl("fly")[0] == 2 and ctl("record")[0] == 2 and ctl()[0] == 2)
        check("no daemon", ctl("--timeout", "0.3", "status", endpoint=f"ipc://{folder}/nobody")[0] == 3)
        second = subprocess.run([GRFD, "run", DEMO, "--set", f"control.endpoint={control}", "--set", f"feed.endpoint=ipc://{folder}/other",
                                 "--set", f"record.folder={folder}/other"], capture_output=True, text=True, timeout=30)
        check("a second daemon at the same address gives up", second.returncode == 1 and "another grfd answers" in second.stderr, second.stderr)

        until(5)
        code, out, err = ctl("tare")
        check("tare while a person stands there", code == 1 and "not zeroed: a person stands on the plate" in out, out + err)
        code, out, err = ctl("--json", "tare", "left")
        answer = json.loads(out)
        check("the same as JSON", code == 1 and answer["event"] == "tare_result" and answer["detail"]["plates"][0]["reason"].startswith("a person stands on the plate"), out)
        status = json.loads(ctl("--json", "status")[1])
        check("status: 80 kg", abs(status["streams"]["plate/left"]["newest"]["fz"] + status["streams"]["plate/right"]["newest"]["fz"] - 80 * 9.81) < 60,
              status["streams"]["plate/left"]["newest"])
        check("status: nothing missing", all(s["missing"] == 0 for s in status["streams"].values()),
              {n: s["missing"] for n, s in status["streams"].items() if s["missing"]})
        until(11)
        code, out, err = ctl("record", "stop")
        check("record stop", code == 0 and out == f"recorded: {folder}/trials/first.h5\n", out + err)
        check("stopping again is refused", ctl("record", "stop")[0] == 1)
        code, out, err = ctl("record", "start", "second")
        check("record start", code == 0 and "second.journal" in out, out + err)
        until(14)
        files_open = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        daemon.send_signal(signal.SIGTERM)
        try:
            code = daemon.wait(20)
        except subprocess.TimeoutExpired:
            code = "still running 20 s later"
        check("SIGTERM ends it well", code == 0, code)
        check("descriptors are few", files_open < 100, files_open)
    finally:
        text = log_of(daemon, log)
    told = [(float(said), float(at)) for said, at in re.findall(r"^ *(\d+\.\d+) info +at (\d+\.\d+) s: ", text, re.M)]
    check("the log and its events have one clock: told after it happened, and soon", len(told) >= 3 and all(-0.01 < said - at < 1 for said, at in told), told)
    subscriber.stop = True
    subscriber.join()
    check("no complaint in the log", not [l for l in text.splitlines() if any(w in l.lower() for w in ("error", "sanitizer", "failed"))])

    for topic, least in (("cop/total", 10500), ("raw/u6/scan", 10500)):
        rows = subscriber.rows[topic]
        seq = np.array([r[0] for r in rows], dtype=np.int64)
        holes = int(np.sum(np.diff(seq) != 1))
        check(f"subscriber: {len(rows)} rows of {topic}, no hole", len(rows) > least and holes == 0 and subscriber.holes[topic] == 0 and topic in subscriber.infos,
              f"{holes} holes in rows, {subscriber.holes[topic]} in messages")
    t = np.array([r[1] for r in subscriber.rows["cop/total"]])
    check("the grid is whole milliseconds, one after another", np.all(t % 1_000_000 == 0) and np.all(np.diff(t) == 1_000_000))
    print(f"       age of messages when sent: median {np.median(subscriber.age_ms):.1f} ms, 99 % {np.percentile(subscriber.age_ms, 99):.1f} ms")

    trials = sorted(os.listdir(f"{folder}/trials"))
    check("two recordings, no journal, and the zeros", trials == ["first.h5", "second.h5", "zeros.json"], trials)
    trials.remove("zeros.json")
    for name in trials:
        done = subprocess.run([GRFD, "verify", f"{folder}/trials/{name}"], capture_output=True, text=True)
        check(f"verify {name}", done.returncode == 0, done.stdout + done.stderr)
    first = Recording(f"{folder}/trials/first.h5")
    events = [(n, json.loads(d)) for _, n, d in first["events"].texts()]
    check("the mark is in the file", any(n == "mark" and d["text"] == "the first mark" for n, d in events), events)
    tares = [d for n, d in events if n == "tare_result"]
    check("one tare was good, two were refused", [d["accepted"] for d in tares] == [True, False, False], tares)
    # What the subscriber saw is what the file holds, bit for bit.
    for topic, dtype in (("cop/total", "<f4"), ("raw/u6/scan", "<i4")):
        stream = first[topic]
        live = {r[0]: r[2] for r in subscriber.rows[topic]}
        common = [i for i, s in enumerate(stream.seq) if int(s) in live]
        equal = sum(np.asarray(stream.values[i], dtype=dtype).tobytes() == live[int(stream.seq[i])] for i in common)
        check(f"file and feed agree on {len(common)} rows of {topic}", equal == len(common) and len(common) > 8000, f"{equal} equal")


def test_life(folder):
    control = f"ipc://{folder}/control"
    log = open(f"{folder}/log", "w+")
    out = lambda device, at, back: ["--set", f"device.{device}.emulation.unplug_at_s={at}", "--set", f"device.{device}.emulation.unplug_for_s={back}"]
    daemon = subprocess.Popen([GRFD, "run", DEMO, "--set", f"control.endpoint={control}", "--set", "feed.enabled=false", "--set", f"record.folder={folder}/trials",
                               "--set", "record.name=first", *out("u6", 5, 6), *out("imu_foot_left", 7, 0), "--set", "device.imu_foot_left.required=false"],
                              stderr=log, stdout=log)

    ctl = lambda *words: ask(GRFCTL, control, *words)
    devices = lambda: {d["name"]: d for d in json.loads(ctl("--json", "devices")[1])}
    state = lambda name: devices()[name]["state"]
    try:
        check("all five devices stream", wait_for(lambda: ctl("--timeout", "1", "--json", "ping")[0] == 0, 15)
              and wait_for(lambda: all(d["state"] == "streaming" for d in devices().values()), 10))
        code, text, err = ctl("device", "blink", "u6")
        check("the U6 blinks", code == 0 and text == "u6 blinks for five seconds\n", text + err)
        code, text, err = ctl("device", "blink", "imu_foot_left")
        check("the sensor cannot blink and says so", code == 1 and "no light" in text, text + err)
        check("nobody cannot blink", ctl("device", "blink", "nobody")[0] == 1 and ctl("device", "fly", "u6")[0] == 2)
        check("the clock's drift is known", wait_for(lambda: devices()["imu_foot_left"].get("clock", {}).get("drift_ppm") not in (None, 0), 10), devices())
        check("the U6 is lost", wait_for(lambda: state("u6") == "lost", 10))
        check("and has no rate then", devices()["u6"]["measured_hz"] == 0, devices()["u6"])
        code, text, err = ctl("device", "blink", "u6")
        check("a lost device cannot blink", code == 1 and "u6 is lost" in text, text + err)
        check("the first recording ends", ctl("record", "stop")[0] == 0)
        code, text, err = ctl("record", "start", "second")
        check("no recording without a required device", code == 1 and "required device u6 is lost" in err, text + err)
        check("the U6 is back", wait_for(lambda: state("u6") == "streaming", 10) and devices()["u6"]["restarts"] == 1, devices())
        check("the optional sensor is lost", wait_for(lambda: state("imu_foot_left") == "lost", 10))
        check("measured rates are those of the main streams, or 0", wait_for(lambda: all(abs(d["measured_hz"] / d["rate_hz"] - (d["state"] == "streaming")) < 0.02
              for d in devices().values()), 10), devices())
        code, text, err = ctl("record", "start", "second")
        check("a recording without it, which is said", code == 0 and "without imu_foot_left: lost, " in text, text + err)
        losses = devices()["u6"]["losses"]
        check("losses by cause", list(losses) == ["unplugged"] and losses["unplugged"]["gaps"] == losses["unplugged"]["of_unknown_length"] == 1
              and 5.9 < losses["unplugged"]["seconds"] < 7.5, losses)
        code, text, err = ctl("devices")
        check("also for people", "unplugged: 1 gap (1 of unknown length)" in text, text)
        time.sleep(1)
        daemon.send_signal(signal.SIGTERM)
        check("the end", daemon.wait(20) == 0)
    finally:
        log_of(daemon, log)
    second = Recording(f"{folder}/trials/second.h5")
    states = {}
    for _, n, d in second["events"].texts():
        if n == "device":
            d = json.loads(d)
            states.setdefault(d["device"], d)
    check("the file says who took part", len(states) == 5 and states["u6"]["serial"] == "360012345" and states["u6"]["restarts"] == 1
          and states["imu_foot_left"]["state"] == "lost" and states["imu_foot_left"]["trouble"], states)

    # In virtual time: exactly the time without the device is lost, and the file explains it.
    path = f"{folder}/unplugged.h5"
    done = subprocess.run([GRFD, "simulate", DEMO, "-o", path, "--seconds", "16", *out("u6", 5, 2), *out("imu_foot_left", 9, 3)], capture_output=True, text=True)
    check("simulate with plugs pulled", done.returncode == 0, done.stderr)
    file = Recording(path)
    gaps = [(n, json.loads(d)) for _, n, d in file["gaps"].texts()]
    summary = json.loads(subprocess.run([GRFD, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]
    verified = subprocess.run([GRFD, "verify", path], capture_output=True, text=True)
    for name, stream, at, back in (("u6", "raw/u6/scan", 5, 7), ("imu_foot_left", "raw/imu_foot_left/inertial", 9, 12)):
        s = file[stream]
        step = np.diff(s.t)
        hole = int(np.argmax(step))
        check(f"{name}: one hole, from the pull to at most 0.5 s after the plug was put back ({s.t[hole]:.3f} to {s.t[hole + 1]:.3f} s)",
              at - 0.02 < s.t[hole] <= at and back < s.t[hole + 1] < back + 0.5 and np.sum(step > 0.0015) == 1, step[step > 0.0015])
        new = np.flatnonzero(s.flags & (1 << 6))
        check(f"{name}: a new epoch begins after it", len(s.flags) > hole + 1 and list(new) == [hole + 1], new)
        check(f"{name}: every sample of the rest is there", np.all(np.diff(s.seq[:hole + 1].astype(np.int64)) == 1) and np.all(np.diff(s.seq[hole + 1:].astype(np.int64)) == 1))
        lost = [d for n, d in gaps if n == "lost" and d["stream"] == stream]
        check(f"{name}: the ledger has its cause and length", len(lost) == 1 and lost[0]["cause"] == "unplugged" and lost[0]["count"] == -1
              and abs(lost[0]["seconds"] - (s.t[hole + 1] - s.t[hole])) < 0.1, lost)
        said = [x for x in summary["streams"] if x["name"] == stream][0]
        check(f"{name}: and verify", f"{stream}: 1 gap of unknown length" in verified.stdout, verified.stdout)
        check(f"{name}: the summary says so, too", said["gaps"] == 1 and said["missing_unknown"] and abs(said["outage_s"] - lost[0]["seconds"]) < 1e-9, said)

    # Two repetitions of unequal load: 400 and 600 N (20 %), 200 and 200 N (0 %). Mean 10 %, of the mean forces 14.3 %.
    path = f"{folder}/unequal.h5"
    subprocess.run([GRFD, "simulate", DEMO, "-o", path, "--seconds", "22"], check=True, capture_output=True)
    with h5py.File(path, "r+") as edited:
        for name, column, values in (("reps_load/left", "fz_bottom", (400, 200)), ("reps_load/right", "fz_bottom", (600, 200)), ("reps/pair", "bai_bottom_rl", (20, 0))):
            stream = edited[f"streams/{name}"]
            stream["values"][:, list(stream["columns"][:]).index(column.encode())] = values
    said = subprocess.run([GRFD, "summary", path], capture_output=True, text=True).stdout
    check("the asymmetry of the mean forces is told where it is another one", "10.0 % at the bottom (+ = right)\n" in said and " 14.3 % of the mean forces at the bottom\n" in said
          and "mean forces while" not in said, said)

    # What was refused, and who never came, is in the summary.
    path = f"{folder}/troubles.h5"
    subprocess.run([GRFD, "simulate", DEMO, "-o", path, "--seconds", "5", "--set", "stimulus.subject.step_on_s=1"], check=True, capture_output=True)
    told = json.loads(subprocess.run([GRFD, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]["troubles"]
    check("the summary tells a refused tare", len(told) == 1 and told[0].startswith("tare refused at 2.4 s; left: a person stands on the plate"), told)
    absent = subprocess.run([GRFD, "run", DEMO, "--seconds", "3", "--summary", "--set", f"record.folder={folder}/absent", "--set", f"control.endpoint=ipc://{folder}/c3",
                             "--set", f"feed.endpoint=ipc://{folder}/f3", *out("u6", 0.000001, 0)], capture_output=True, text=True)
    check("the summary tells a device that never came", "no samples in raw/u6/scan: u6 is " in absent.stdout, absent.stdout + absent.stderr)

    # Nothing can be recorded: no run that ends well.
    nowhere = subprocess.run([GRFD, "run", DEMO, "--seconds", "1", "--summary", "--set", "record.folder=/proc/nowhere", "--set", f"control.endpoint=ipc://{folder}/c2",
                              "--set", f"feed.endpoint=ipc://{folder}/f2"], capture_output=True, text=True)
    check("a recording that could not be started ends in exit code 1", nowhere.returncode == 1 and "/proc/nowhere" in nowhere.stderr and "nothing was recorded" in nowhere.stderr,
          (nowhere.returncode, nowhere.stderr))


def test_simulate(folder):
    demanding = ["--set", "device.u6.emulation.faults.drop_packet=0.002", "--set", "device.imu_foot_left.emulation.faults.corrupt_checksum=0.2",
                 "--set", "device.imu_shank_right.emulation.stall_probability=0.01", "--set", "device.imu_shank_right.emulation.stall_ms=250"]
    for what, more in (("demo", []), ("faulty devices", demanding)):
        def simulate(*words):
            path = f"{folder}/out.h5"
            done = subprocess.run([GRFD, "simulate", DEMO, "-o", path, "--seconds", "13", *more, *words], capture_output=True, text=True)
            check(f"{what}: simulate {' '.join(words)}", done.returncode == 0, done.stderr)
            with open(path, "rb") as f:
                return f.read()
        reference = simulate()
        check(f"{what}: twice the same", simulate() == reference)
        for batch in ("1", "7", "64", "1000"):
            check(f"{what}: --batch {batch} gives the same {len(reference) / 1e6:.1f} MB", simulate("--batch", batch) == reference)
        done = subprocess.run([GRFD, "verify", f"{folder}/out.h5"], capture_output=True, text=True)
        check(f"{what}: verify", done.returncode == 0, done.stdout + done.stderr)
        gaps = len(Recording(f"{folder}/out.h5")["gaps"].texts())
        check(f"{what}: {gaps} gaps", (gaps > 0) == bool(more))
    check("nothing else is left behind", os.listdir(folder) == ["out.h5"], os.listdir(folder))

    for words, expected in ((["run", DEMO, "--set", "filter.cutoff_hz=-3"], "cutoff_hz"), (["run", f"{folder}/none.toml"], "none.toml"),
                            (["run", DEMO, "--set", "no.such.key=1"], "no"), (["run"], "configuration"), (["dance"], "dance"),
                            (["run", DEMO, "--seconds", "soon"], "seconds"), (["run", DEMO, "--set", "control.endpoint=tcp://0.0.0.0:1"], "control.endpoint")):
        done = subprocess.run([GRFD, *words], capture_output=True, text=True, timeout=20)
        check(f"grfd {' '.join(words[:1] + words[2:])}: exit 2 and the reason", done.returncode == 2 and expected in done.stderr, f"{done.returncode}: {done.stderr}")
    as_json(folder)
    unmeasured(folder)
    said_of_the_person(folder)
    played(folder)


def unmeasured(folder):
    """An ankle without a rate: the summary says why, the events too."""
    path = f"{folder}/ankle.h5"
    stiff = ["stimulus.subject.depth_m=0.15", "stimulus.subject.range_deg.dominant=1", "stimulus.subject.range_deg.nondominant=20"]
    away = ["device.imu_foot_right.emulation.unplug_at_s=0.000001", "device.imu_foot_right.emulation.unplug_for_s=0"]
    for sets, why, event in ((stiff, "it moved by less than 3 deg", '"reason":"no ankle motion"'), (away, "imu_foot_right gave nothing", '"reason":"gap"')):
        words = [w for x in sets for w in ("--set", x)]
        done = subprocess.run([GRFD, "simulate", DEMO, "-o", path, "--seconds", "13", *words], capture_output=True, text=True)
        check(f"simulate {sets[0]}", done.returncode == 0, done.stderr)
        said = json.loads(subprocess.run([GRFD, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]
        check(f"the summary says why: {why}", said["ankles_not_measured"] == {"right": why}, said["ankles_not_measured"])
        check("the left ankle is there", abs(said["repetitions"][0]["rate_left_deg_s"] - 30) < 1 and said["repetitions"][0]["first_out"] == "unknown", said["repetitions"])
        told = [d for _, n, d in Recording(path)["events"].texts() if n == "ankle_not_measured"]
        check("and an event", len(told) == 1 and '"side":"right"' in told[0] and event in told[0], told)
    os.remove(path)


def said_of_the_person(folder):
    """How dominance was decided, and that nobody entered how the tibia stands."""
    path, rig = f"{folder}/person.h5", f"{folder}/person.toml"
    here = os.path.dirname(os.path.abspath(DEMO))
    with open(DEMO) as demo, open(rig, "w") as f:
        f.write(re.sub(r"(\[participant\][^[]*?)standing_shank_deg = 3[^\n]*\n", r"\1", demo.read()).replace('calibration = "', f'calibration = "{here}/'))
    computed = ["--set", "participant.dominant=unknown", "--set", "participant.dominance_method=computed"]
    for file, words, inclinometer, side, way in ((DEMO, [], True, "right", "right, by kicking leg"), (rig, computed, False, "right", "right, computed: the larger mean impulse of the ascents")):
        done = subprocess.run([GRFD, "simulate", file, "-o", path, "--seconds", "14", *words], capture_output=True, text=True)
        check(f"simulate {os.path.basename(file)}", done.returncode == 0, done.stderr)
        told = subprocess.run([GRFD, "summary", path], capture_output=True, text=True).stdout
        check(f"the summary says {way}", f"dominant side              {way}\n" in told and "deg/s (non-dominant)" in told and "deg/s (dominant)" in told, told)
        missing = "shank to the vertical      no inclinometer entry: absolute within 5 deg (participant.standing_shank_deg)\n"
        check("and whether an inclinometer was read", (missing in told) != inclinometer, told)
        told = json.loads(subprocess.run([GRFD, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]
        check("as JSON, too", (told["dominant_side"], told["dominance_method"], told["no_inclinometer_entry"]) == (side, "computed" if words else "kicking leg", not inclinometer), told["dominant_side"])
        kept = Recording(path).settings()
        check("the settings in the file tell it", bool(re.search(r"\[participant\][^\[]*\nstanding_shank_deg", kept)) == inclinometer, kept)
    os.remove(path)


def as_json(folder):
    done = subprocess.run([GRFD, "version", "--json"], capture_output=True, text=True)
    check("version --json", done.returncode == 0 and set(json.loads(done.stdout)) == {"version", "build"}, done.stdout)
    done = subprocess.run([GRFD, "summary", "--json", f"{folder}/none.h5"], capture_output=True, text=True)
    check("summary --json of no file", done.returncode == 1 and "none.h5" in json.loads(done.stdout)[0]["error"], done.stdout + done.stderr)
    done = subprocess.run([GRFD, "finalise", f"{folder}/none.journal"], capture_output=True, text=True)
    check("what went wrong goes to the error output", done.returncode == 1 and not done.stdout and "none.journal" in done.stderr, done.stdout + done.stderr)
    done = subprocess.run([GRFD, "recover"], capture_output=True, text=True)
    check("recover of nothing says what it wants", done.returncode == 2 and "which folder" in done.stderr, done.stderr)
    journal = f"{folder}/left.journal"
    open(journal, "w").close()
    for verb in ("summary", "verify"):
        done = subprocess.run([GRFD, verb, journal], capture_output=True, text=True)
        check(f"{verb} of a journal says how it becomes a file", done.returncode == 1 and f"make the file first: grfd recover {folder}\n" in done.stdout + done.stderr, done.stdout + done.stderr)
    os.remove(journal)
    for words, right in ((["run", DEMO, "more"], "grfd run CONFIG ["), (["check-config", DEMO, "--jsn"], "grfd check-config CONFIG ["), (["recover"], "grfd recover FOLDER"), (["version", "2"], "grfd version [")):
        done = subprocess.run([GRFD, *words], capture_output=True, text=True)
        check(f"grfd {words[0]} used wrongly shows its right form, and no other", done.returncode == 2 and f"right is:\n  {right}" in done.stderr and done.stderr.count("\n  grfd ") == 1, done.stderr)
    for words, code, expected in ((["status"], 3, f"no daemon runs at ipc://{folder}/nobody: "), (["fly"], 2, "unknown command 'fly'"), (["mark", "-5", "mm"], 2, "put -- before")):
        done = subprocess.run([GRFCTL, "--endpoint", f"ipc://{folder}/nobody", "--json", "--timeout", "0.2", *words], capture_output=True, text=True)
        answer = json.loads(done.stdout)
        check(f"grfctl {' '.join(words)} --json says what is wrong", done.returncode == code and not answer["ok"] and expected in answer["error"], done.stdout)


def played(folder):
    """A recording of two plates, given on the command line: checked like a setting, and kept in the file like one."""
    with open(f"{folder}/trial.csv", "w") as f:
        f.write("t," + ",".join(f"{c}{p}" for p in (1, 2) for c in ("Fx", "Fy", "Fz", "Mx", "My", "Mz")) + "\n")
        for i in range(200):
            f.write(f"{i / 100}," + ",".join(["0", "0", str(400 + p), "0", "0", "0"][c] for p in (1, 2) for c in range(6)).replace(" ", "") + "\n")
    play = lambda *words: subprocess.run([GRFD, "simulate", DEMO, "-o", f"{folder}/played.h5", *words], capture_output=True, text=True)
    recording = ["--recording", f"{folder}/trial.csv"]
    for words, expected in (([*recording, "--plates", "left=3"], "stimulus.plates.left: plate 3 is not in"), ([*recording, "--plates", "up=1"], "there is no plate \"up\""),
                            ([*recording, "--lead-in", "soon"], "stimulus.lead_in_s"), (["--plates", "left=1"], "add --recording"),
                            (["--recording", f"{folder}/none.csv"], "there is no file")):
        done = play(*words)
        check(f"simulate {words[-2]} {os.path.basename(words[-1])}: exit 2 and the reason", done.returncode == 2 and expected in done.stderr, done.stderr)
    done = play(*recording, "--plates", "left=2,right=1", "--lead-in", "3", "--json")
    check("simulate a recording", done.returncode == 0 and json.loads(done.stdout)["file"].endswith("played.h5"), done.stdout + done.stderr)
    file = Recording(f"{folder}/played.h5")
    settings = file.settings()
    check("the file says what was played", all(f"# --set stimulus.{x}" in settings for x in (f'recording="{folder}/trial.csv"', 'kind="recording"', 'plates={"left" = 2, "right" = 1}', "lead_in_s=3")),
          settings[-400:])
    done = subprocess.run([GRFD, "summary", f"{folder}/played.h5"], capture_output=True, text=True)
    check("the summary says that no ankle was measured", done.returncode == 0 and "ankles                     not measured: " in done.stdout and "deg/s" not in done.stdout, done.stdout)
    left = file["plate/left"]
    fz = float(left.values[np.argmin(np.abs(left.t - 4)), 2])
    check(f"plate 2 of the recording is on the left ({fz:.1f} N)", abs(fz - 402) < 1, fz)
    sources = {name: file[name].device for name in ("plate/left", "ankle/right", "reps/pair", "truth/plate/left")}
    check("streams say which devices they come from", sources == {"plate/left": "u6", "ankle/right": "imu_shank_right, imu_foot_right",
          "reps/pair": "u6, imu_shank_left, imu_foot_left, imu_shank_right, imu_foot_right", "truth/plate/left": "stimulus"}, sources)
    done = subprocess.run([GRFD, "simulate", DEMO, "-o", f"{folder}/open.h5", "--seconds", "2", "--set", 'device.u6.serial=""'], capture_output=True, text=True)
    serial = Recording(f"{folder}/open.h5")["raw/u6/scan"].serial if done.returncode == 0 else done.stderr
    check(f"a serial that the settings leave open is in the file ({serial})", serial == "360012345", serial)


with tempfile.TemporaryDirectory(prefix="grfd_e2e_") as place:
    {"run": test_run, "life": test_life, "simulate": test_simulate}[MODE](place)
finish()
