#!/usr/bin/env python3
"""Do documents, schemas and the running daemon say the same? Usage: contracts_test.py GRFD SOURCE"""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import zmq
except ImportError:
    print("no python3-zmq: the contracts were not tried")
    sys.exit(77)
from json_schema import errors

grfd, source = sys.argv[1], Path(sys.argv[2])
bad = []
feed_md, control_md = (source / "schemas/feed.md").read_text(), (source / "schemas/control.md").read_text()
feed_schema, control_schema = (json.loads((source / f"schemas/{n}.schema.json").read_text()) for n in ("feed", "control"))


def check(ok, what):
    if not ok:
        bad.append(what)
        print("  WRONG " + what)


def fits(value, schema, what):
    found = errors(value, schema, schema)
    check(not found, f"{what}: {found[:3]}\n        {json.dumps(value)[:300]}")
    return not found


def check_documents():
    count = 0
    for name, text, schema in (("feed.md", feed_md, feed_schema), ("control.md", control_md, control_schema)):
        for block in re.findall(r"```json\n(.*?)```", text, re.S):
            value = json.loads(block)
            whole = "v" in value
            fits(value, schema if whole else {"$ref": "#/$defs/status", "$defs": schema["$defs"]}, name + " example")
            count += 1
        for block in re.findall(r"```python\n(.*?)```", text, re.S):
            compile(block, name, "exec")
    check(count >= 8, f"only {count} examples found")
    # The checker itself must be able to say no.
    for wrong in ({"v": 2, "command": "ping"}, {"v": 1, "command": "fly"}, {"v": 1, "ok": False}, {"v": True, "command": "ping"}):
        check(errors(wrong, control_schema, control_schema), f"the control schema accepts {wrong}")
    check(errors({"v": 1, "type": "data", "stream": "x", "session": "y", "seq": -1, "first_t_ns": 0, "count": 1, "age_ms": 0}, feed_schema, feed_schema), "the feed schema accepts seq -1")


def check_commands():
    commands = set(re.findall(r'\bcommand == "(\w+)"', "".join(f.read_text() for f in sorted((source / "daemon").glob("app*.cpp")))))
    check(len(commands) >= 8, f"only {sorted(commands)} found in daemon/app*.cpp")
    check(commands == set(control_schema["$defs"]["request"]["properties"]["command"]["enum"]), "control.schema.json lists other commands than daemon/app*.cpp")
    for command in commands:
        check(f"| `{command}` |" in control_md, f"control.md does not describe the command {command}")
    events = set()
    for folder in ("dsp", "daemon"):
        for file in (source / folder).glob("*.cpp"):
            text = file.read_text()
            events |= set(re.findall(r'events_?\.write\([^;]*?"(\w+) \{', text)) | set(re.findall(r'"event", "(\w+)"', text))
    names = re.search(r"to_string\(SquatEventKind.*?\{(.*?)\};", (source / "dsp/squat_types.cpp").read_text(), re.S).group(1)
    events |= set(re.findall(r'"(\w+)"', names)) - {"status"} | {"squat_status", "mark"}
    check(len(events) >= 12, f"only {sorted(events)} found")
    for event in events:
        check(f"| `{event}` |" in control_md, f"control.md does not describe the event {event}")


class Daemon:
    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.control, self.feed = f"ipc://{folder}/control", f"tcp://127.0.0.1:{port}"
        self.log = open(f"{folder}/log", "w+")
        self.process = subprocess.Popen(
            [grfd, "run", str(source / "config/demo.toml"), "--seconds", "60", "--set", f'control.endpoint="{self.control}"', "--set", f'feed.endpoint="{self.feed}"',
             "--set", f'record.folder="{folder}"', "--set", "record.at_start=false", "--set", "record.tare_at_start=false", "--set", "realtime_priority=false",
             "--set", "thresholds.tare_s=0.5", "--set", "stimulus.subject.step_on_s=3000", "--set", "stimulus.subject.first_descent_s=3100"],
            stdout=self.log, stderr=subprocess.STDOUT)
        self.context = zmq.Context()
        self.dealer = self.context.socket(zmq.DEALER)
        self.dealer.linger = 0
        self.dealer.rcvtimeo = 30_000
        self.dealer.connect(self.control)

    def receive(self):
        message = self.dealer.recv_json()
        fits(message, control_schema, "answer of the daemon")
        return message

    def ask(self, command, **arguments):
        request = {"v": 1, "command": command, **arguments}
        fits(request, control_schema, "request of this test")
        self.dealer.send_json(request)
        reply = self.receive()
        if not reply["ok"] or "accepted" not in reply:
            return reply.get("result", reply)
        result = self.receive()
        check(result["id"] == reply["accepted"] == result["result"]["detail"]["id"], f"{command}: the result has another id")
        return result["result"]

    def stop(self):
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "none, it hung"
        self.log.seek(0)
        check(code == 0, f"grfd ended with {code}:\n{self.log.read()[-2000:]}")
        self.context.destroy(linger=0)


def check_control(daemon, folder):
    session = daemon.ask("ping")["session"]
    for _ in range(200):
        if all(d["state"] == "streaming" for d in daemon.ask("devices")):
            break
        time.sleep(0.05)
    tare = daemon.ask("tare", plate="left")
    check(tare["event"] == "tare_result" and tare["detail"]["accepted"] and [p["plate"] for p in tare["detail"]["plates"]] == ["left"], f"tare: {tare}")
    for key in tare["detail"]["plates"][0]:
        check(f"`{key}`" in control_md, f"control.md does not describe {key} of tare_result")
    check("error" in daemon.ask("tare", plate="middle"), "a tare of no plate is refused")
    kept = daemon.ask("zeros")["zeros"]
    check([z["plate"] for z in kept] == ["left"] and kept[0]["zero_codes"] == tare["detail"]["plates"][0]["zero_codes"], f"zeros: {kept}")
    check("was zeroed in this session" in daemon.ask("zeros_use")["error"], "a zero of this session is in use already")
    check("error" in daemon.ask("record_stop"), "there is nothing to stop")
    started = daemon.ask("record_start", name="contract")
    check(started["event"] == "record_started" and started["detail"]["journal"].startswith(folder), f"record_start: {started}")
    check("error" in daemon.ask("record_start"), "two recordings at once are refused")
    text = 'heels "up" \\ \u00e4'
    check(daemon.ask("mark", text=text)["detail"]["text"] == text, "a mark comes back as it was sent")
    check(daemon.ask("blink", device="u6")["detail"]["accepted"], "the U6 blinks")
    check("error" in daemon.ask("blink", device="nobody"), "nobody cannot blink")
    check(daemon.ask("pose")["event"] == "pose_result", "pose")
    still = daemon.ask("calibrate", step="still", seconds=2)
    check(still["event"] == "calibrate_result" and len(still["detail"]["imus"]) == 4, f"calibrate: {still}")
    for key in [*still["detail"], *still["detail"]["imus"][0]]:
        check(f"`{key}`" in control_md, f"control.md does not describe {key} of calibrate_result")
    check(daemon.ask("calibrations") == {"calibrations": []} and "error" in daemon.ask("calibrations_use"), "no calibration is kept")
    lunge = daemon.ask("lunge", side="left")
    check(lunge["event"] == "lunge_result" and not lunge["detail"]["accepted"] and "standing zero" in lunge["detail"]["reason"], f"lunge: {lunge}")
    check(daemon.ask("lunges") == {"lunges": []} and "error" in daemon.ask("lunges_use"), "no knee-to-wall test is kept")
    mass = daemon.ask("mass", plate="left", kg=20, x_m=0.1, y_m=-0.1)  # nothing lies there
    check(mass["event"] == "mass_result" and mass["detail"]["accepted"] and not mass["detail"]["within"] and "hardly any load" in mass["detail"]["hint"] and
          mass["detail"]["cop_x_m"] is None, f"mass: {mass}")
    for key in mass["detail"]:
        check(f"`{key}`" in control_md, f"control.md does not describe {key} of mass_result")
    check("never zeroed" in daemon.ask("mass", plate="right", kg=20)["detail"]["reason"], "a plate without a zero is not judged")
    for wrong, says in (({"plate": "left"}, "kg"), ({"plate": "middle", "kg": 20}, "no plate"), ({"kg": 20}, "\"plate\" is missing; there are: left, right"), ({"plate": "left", "kg": 400}, "may carry"),
                        ({"plate": "left", "kg": 20, "x_m": 0.1}, "y_m"), ({"plate": "left", "kg": 20, "x_m": 0.3, "y_m": 0}, "100 mm beside plate left")):
        check(says in daemon.ask("mass", **wrong)["error"], f"mass {wrong} is refused")
    check("there are 0 sites" in daemon.ask("mass_fit", plate="left")["error"], "one place is not enough")
    check(daemon.ask("mass_forget", plate="left") == {"plate": "left", "forgotten": 0}, "an empty plate is no place; mass_forget")
    status = daemon.ask("status")
    check(status["session"] == session and status["recording"]["state"] == "running", f"status: {status['recording']}")
    stopped = daemon.ask("record_stop")
    check(stopped["detail"]["ok"] and Path(stopped["detail"]["file"]).is_file(), f"record_stop: {stopped}")
    told = subprocess.run([grfd, "summary", stopped["detail"]["file"]], capture_output=True, text=True, check=False).stdout
    check("mass on plate left: " in told and "wrong: hardly any load" in told and ": the plate was never zeroed" in told, f"the summary tells of known masses:\n{told}")
    for wrong in (b"x", b"[]", b'{"command":"ping"}', b'{"v":1}', b'{"v":1,"command":"fly"}', b'{"v":1,"command":"mark"}', b'{"v":1,"command":"mark","text":3}'):
        daemon.dealer.send(wrong)
        check(daemon.receive()["ok"] is False, f"{wrong} is refused")
    return status


TYPES = {"f32": "f", "i32": "i", "f64": "d", "i64": "q"}


def rows_of(info, body):
    if info["type"] != "text":
        yield from struct.iter_unpack(f"<qQHHI{len(info['columns'])}{TYPES[info['type']]}", body)
        return
    at = 0
    while at < len(body):
        head = struct.unpack_from("<qQHHI", body, at)
        text = body[at + 24:at + 24 + head[4]].decode()
        at += 24 + (head[4] + 7) // 8 * 8
        yield (*head, text)


def check_feed(daemon):
    subscriber = daemon.context.socket(zmq.SUB)
    subscriber.rcvtimeo = 5000
    subscriber.connect(daemon.feed)
    subscriber.subscribe(b"")
    infos, last, messages, sessions, numbers, grid, previews, standing = {}, {}, 0, 0, {}, {}, 0, {}
    end = time.monotonic() + 2.5
    marked = False
    while time.monotonic() < end:
        topic, header, body = subscriber.recv_multipart()
        header = json.loads(header)
        if not fits(header, feed_schema, "header of the feed"):
            return {}
        kind, stream = header["type"], header.get("stream")
        topic = topic.decode()
        if topic.startswith("preview/"):  # the newest row alone: its own numbers, holes between its rows
            check(topic == "preview/" + stream, f"topic {topic} of {kind}")
            if kind == "data":
                previews += 1
                check(header["count"] == 1 and header["seq"] == numbers.get(topic, header["seq"] - 1) + 1, f"{topic}: message {header['seq']}")
                numbers[topic] = header["seq"]
            continue
        check(topic == (stream or kind), f"topic {topic} of {kind}")
        if kind == "session":
            sessions += 1
        elif kind == "status":
            standing = header
        elif kind == "info":
            infos[stream] = header["info"]
            check(header["info"]["name"] == stream and not body, f"info of {stream}")
            if not marked and len(infos) > 20:
                marked = True
                daemon.dealer.send_json({"v": 1, "command": "mark", "text": "x"})
        elif stream in infos:
            messages += 1
            rows = list(rows_of(infos[stream], body))
            check(len(rows) == header["count"] and rows[0][0] == header["first_t_ns"], f"{stream}: {len(rows)} rows, the header says {header['count']}")
            if stream in numbers:
                check(header["seq"] == numbers[stream] + 1, f"{stream}: message {header['seq']} after {numbers[stream]}")
            numbers[stream] = header["seq"]
            for row in rows:
                if stream in last:
                    check(row[1] == last[stream] + 1, f"{stream}: row {row[1]} after {last[stream]}")
                last[stream] = row[1]
                if infos[stream]["type"] == "text":
                    name, detail = row[5].split(" ", 1)
                    check(isinstance(json.loads(detail), dict), f"{stream}: {row[5]}")
                elif stream.split("/")[0] in ("plate", "cop", "asymmetry", "ankle"):
                    check(row[0] % 1_000_000 == 0, f"{stream}: {row[0]} ns is not on the grid")
                    check(bool(row[2] & 8) == any(v != v for v in row[5:]), f"{stream}: flag invalid and NaN do not agree: {row}")
            grid[stream] = grid.get(stream, 0) + len(rows)
    check(marked and daemon.receive()["accepted"] and daemon.receive()["result"]["event"] == "mark", "the mark was answered")
    check(len(standing.get("devices", {})) == 5 and all(d["state"] == "streaming" for d in standing["devices"].values()), f"status of the feed: {standing}")
    check(sessions >= 1 and messages > 100, f"{sessions} session messages, {messages} data messages")
    check(last.get("events") is not None and "commands" in last, "the mark went through the feed")
    check(abs(grid.get("ankle/left", 0) - grid.get("cop/total", 0)) < 50 and grid.get("cop/total", 0) > 1000, f"rows on the grid: {grid}")
    check(previews > 100, f"{previews} previews")
    return infos


def section(text, stream):
    """The part of a document under the heading that names this stream."""
    pattern = re.sub(r"^(fast/plate|plate|force_rate|cop)/(left|right)$", r"\1/<plate>", stream)
    pattern = re.sub(r"^(fast/ankle|ankle|reps|reps_load|reps_exploratory)/(left|right)$", r"\1/<side>", pattern)
    pattern = re.sub(r"^clock/\w+$", "clock/<device>", pattern)
    pattern = re.sub(r"^raw/\w+/", "raw/<device>/", pattern)
    found = re.search(rf"^#+ [^\n]*`{re.escape(pattern)}`.*?(?=^#|\Z)", text, re.M | re.S)
    return found.group(0) if found else None


def check_columns(infos, status):
    dsp, drivers = (source / "dsp/README.md").read_text(), (source / "drivers/README.md").read_text()
    formulas = set()
    check(set(infos) == set(status["streams"]), "feed and status do not know the same streams")
    for stream, info in infos.items():
        if info["type"] == "text":
            check(f"`{stream}`" in feed_md, f"feed.md does not describe {stream}")
            continue
        if stream == "ticks":
            check("`ticks`" in feed_md and "`lab_clock`" in feed_md, "feed.md does not describe ticks")
            continue
        if info["kind"] == "derived":
            check(info["formula"] and info["parameters"], f"{stream} does not say how it was computed")
        if info["kind"] != "raw":
            formulas.update(filter(None, info["formula"].split(", ")))
        name = stream.removeprefix("truth/")
        text = section(drivers if info["kind"] == "raw" else dsp, stream if stream.startswith("truth/reps") else name)
        check(text, f"no heading of {'drivers' if info['kind'] == 'raw' else 'dsp'}/README.md names {stream}")
        # Where there is a table its first cells count: a mention in passing is no description.
        cells = re.findall(r"^\|([^|]*)\|", text or "", re.M)
        text = "\n".join(cells) if cells and "column" in cells[0] else text
        for column in info["columns"]:
            name = re.sub(r"^ain\d+$", "ain0", column["name"])
            check(text is None or f"`{name}`" in text, f"the section of {stream} does not describe its column {name}")
        if stream.startswith("clock/"):
            for value in ("window 120 s to 900 s", "slew 5 s"):
                check(value in info["parameters"], f"{stream} does not say {value}")
    # the streams of this rig, and those that it has no sensors for
    for file in sorted((source / "dsp").glob("*.cpp")):
        for ids in re.findall(r'info\.formula = "([^"]+)"', file.read_text()):
            formulas.update(ids.split(", "))
    for formula in sorted(formulas):
        check(f"`{formula}`" in dsp, f"dsp/README.md does not name the formula {formula}")


check_documents()
check_commands()
with tempfile.TemporaryDirectory(prefix="grfd-contract-") as folder:
    daemon = Daemon(folder)
    try:
        status = check_control(daemon, folder)
        infos = check_feed(daemon)
    finally:
        daemon.stop()
    check_columns(infos, status)
print(f"{len(infos)} streams, {len(bad)} wrong")
sys.exit(bool(bad))
