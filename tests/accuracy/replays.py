"""Recordings of inertial sensors through grfd itself: emulated sensors are captured while they lie still, every packet of the capture
gets the recording's sample of its own time in the place of what was felt, and `grfd replay` computes the rest. So packets, numbers of
samples, crystals, clock lines, measured periods, the grid, its filter and the delays that streams tell are on trial."""
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
from gait import against_pig, started, trials
from inertial import awinda, full_body
from recordings import played
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "drivers"))
from decoders.capture import BYTES, Cursor  # noqa: E402

G, SYNC, DATA_SET, TIME, FORCE, TURN = 9.80665, b"\x75\x65", 0x80, 0xD5, 0x04, 0x05  # MIP: fields of the sensor data set
LATENCY_S, DRIFTS_PPM = 3e-4, (-60, 22, 80, -15)
STANDS_S, TURNS_S, RESTS_S, RAMP_S = 2.5, 1, 5, 0.25
DEVICE = """
[[device]]
name = "{name}"
driver = "microstrain_mip"
serial = "6286.10000{i}"
emulated = true
rate_hz = {rate:g}
delay_s = {latency_s}                           # the clock cannot know the smallest delay of the link
[device.emulation]
serial = "6286.10000{i}"
drift_ppm = {drift}
latency_ms = {latency_ms:g}
jitter_ms = 0.1
group = 1
seed = {i}
[[imu]]
device = "{name}"
segment = "{segment}"
side = "{side}"
ml_axis_left = [{axis[0]!r}, {axis[1]!r}, {axis[2]!r}]
"""
SESSION = """
[participant]
standing_shank_deg = 0                          # angles are those from the standing pose
[stimulus]
kind = "none"
[record]
at_start = true
tare_at_start = false
capture = true
"""


class Worn:
    """A sensor: its segment and side, the axis to the left in its own axes, and `rows(lab times)` -> gyr (rad/s), acc (m/s2)."""

    def __init__(self, segment, side, axis, rows):
        self.segment, self.side, self.axis, self.rows = segment, side, [float(a) for a in axis], rows
        self.name = f"{segment}_{side}"


def run(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"grfd {command[1]}: {done.stderr[-500:]}")


def replay(grfd, folder, worn, rate, seconds):
    """The recording that grfd makes of it, and what was put into the packets of each sensor, by name."""
    folder = pathlib.Path(folder)
    text, drift = "", {}
    for i, s in enumerate(worn):
        drift[s.name] = DRIFTS_PPM[i]
        text += DEVICE.format(
            i=i + 1, rate=rate, drift=DRIFTS_PPM[i], latency_s=LATENCY_S, latency_ms=1e3 * LATENCY_S, **vars(s)
        )
    (folder / "rig.toml").write_text(text + SESSION)
    run([grfd, "simulate", folder / "rig.toml", "-o", folder / "still.h5", "--seconds", f"{seconds:g}"])
    captures = [folder / f"still_{s.name}.grfcap" for s in worn]
    sent = {s.name: fill(c, s.rows, drift[s.name]) for s, c in zip(worn, captures)}
    run([grfd, "replay", *captures, "-o", folder / "moving.h5"])
    return played.Recording(folder / "moving.h5"), sent


def fill(path, rows, drift_ppm):
    """Puts rows(lab times, s) into the packets of a capture. -> (samples, 6) as they are sent: g and rad/s, 32 bits."""
    raw = bytearray(path.read_bytes())
    records, cursor = [], Cursor(raw, 8)
    while cursor.at < len(raw):
        begin, kind = cursor.at, cursor.take(1)[0]
        length = cursor.number()
        cursor.signed()
        if kind == BYTES:
            records.append((begin, cursor.at, length))
        cursor.take(length + 4)
    stream = bytearray(b"".join(raw[at : at + length] for _, at, length in records))

    packets, place = [], stream.find(SYNC)
    while 0 <= place <= len(stream) - 6:
        size = stream[place + 3] + 6
        fields, at = {}, place + 4
        while at < place + size - 2:
            fields[stream[at + 1]] = at + 2
            at += stream[at]
        if stream[place + 2] == DATA_SET and place + size <= len(stream):
            packets.append((place, size, fields))
        place = stream.find(SYNC, place + size)
    device_ns = np.array([struct.unpack_from(">Q", stream, f[TIME])[0] for _, _, f in packets], float)
    values = rows(1e-9 * device_ns / (1 + 1e-6 * drift_ppm))
    sent = np.hstack([values[:, 3:] / G, values[:, :3]]).astype("f4")
    for (place, size, fields), row in zip(packets, sent):
        struct.pack_into(">3f", stream, fields[FORCE], *row[:3])
        struct.pack_into(">3f", stream, fields[TURN], *row[3:])
        stream[place + size - 2 : place + size] = fletcher(stream[place : place + size - 2])

    done = 0
    for begin, at, length in records:
        raw[at : at + length] = stream[done : done + length]
        struct.pack_into("<I", raw, at + length, zlib.crc32(raw[begin : at + length]))
        done += length
    path.write_bytes(raw)
    return sent


def fletcher(data):
    a = b = 0
    for x in data:
        a = (a + x) & 255
        b = (b + a) & 255
    return bytes((a, b))


def smooth(n):
    """0 to 1 with level ends: (n,), and its integral from each place to the end, in steps."""
    w = 0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    return w, np.cumsum(w[::-1])[::-1]


def lead_in(rows, up, rest, rate):
    """What the sensor feels before the recording: it stands (`up`), turns to where it is at the first sample (`rest`: the specific force
    there, were it still), rests, and is set in motion within RAMP_S until it moves as the first sample says. Nothing jumps: where a jump
    falls between two samples would decide about the angle."""
    n = round(RAMP_S * rate)
    w, to_come = smooth(n)
    gyro, force = rows[0, :3], rows[0, 3:]
    upward = Rotation.from_rotvec(to_come[:, None] / rate * gyro).apply(rest)  # du/dt = -w x u
    ramp = np.hstack([w[:, None] * gyro, upward + w[:, None] * (force - rest)])
    still = np.array([0, 0, 0, *upward[0]])
    stands = np.linalg.norm(rest) * np.array(up) / np.linalg.norm(up)
    n = round(TURNS_S * rate)
    axis = np.cross(upward[0], stands)
    angle = np.arctan2(np.linalg.norm(axis), upward[0] @ stands)
    axis = axis / max(np.linalg.norm(axis), 1e-12) * angle
    w, _ = smooth(n)
    turn = np.hstack([np.gradient(w)[:, None] * rate * axis, Rotation.from_rotvec(-w[:, None] * axis).apply(stands)])
    return np.vstack(
        [
            np.tile([0, 0, 0, *stands], (round(STANDS_S * rate), 1)),
            turn,
            np.tile(still, (round(RESTS_S * rate), 1)),
            ramp,
        ]
    )


def check_replays(report, direct, grfd, data):
    check_gait(report, direct, grfd, data)
    check_taken_in(report, grfd, data)


def check_gait(report, direct, grfd, data):
    report.part("Gait against Plug-in-Gait as packets of two inertial sensors through grfd (set 05)")
    rows = []
    for trial in trials(data):
        h, rate = trial.head, 1 / trial.period
        up = [h[f"up_{s}"] for s in ("shank", "foot")]
        sensors = np.split(trial.sensors, 2, axis=1)
        leads = [lead_in(s, u, np.array(h[f"rest_acc_{n}"]), rate) for s, u, n in zip(sensors, up, ("shank", "foot"))]
        before_s, whole = len(leads[0]) / rate, [np.vstack(x) for x in zip(leads, sensors)]
        t = np.arange(len(whole[0])) / rate
        worn = [
            Worn(n, trial.side, h["ml_left"], lambda at, f=CubicSpline(t, w): f(np.clip(at, 0, t[-1])))
            for n, w in zip(("shank", "foot"), whole)
        ]
        with tempfile.TemporaryDirectory() as folder:
            recording, _ = replay(grfd, folder, worn, rate, t[-1])
            ankle = recording[f"ankle/{trial.side}"]
            holes = sum(len(recording[f"raw/{s.name}/loss"].flags) for s in worn)
        at, delay = started(direct, trial.period, trial.t, np.hstack(whole), up, [h["ml_left"]] * 2)

        def of_grfd(column, when):
            name = ("shank_inclination", "foot_pitch", "dorsiflexion", "dorsiflexion_rate")[column]
            return ankle.at(name, before_s + when)

        inside = trial.t[(trial.t > trial.t[0] + 0.05) & (trial.t < trial.t[-1] - delay - 0.02)]
        ahead = [trial.period / 2] * 3 + [0]  # of an angle of the chain, which grfd takes off
        off = [np.abs(of_grfd(i, inside) - at(i, inside - ahead[i])).max() for i in range(4)]
        report.figure("replay.angle", trial.name, max(off[:3]))
        report.figure("replay.rate", trial.name, off[3])
        report.figure("replay.lost", trial.name, holes)
        angle, exact, _ = against_pig(lambda i, when: of_grfd(min(i, 3), when), trial.pig)
        for what, value in zip(("r", "bias", "rms", "sd"), angle):
            report.figure("gait.angle." + what, trial.name + ", replayed", abs(value))
        for what, i in (("r", 0), ("rms", 2), ("slope", 4)):
            report.figure("gait.rate." + what, trial.name + ", replayed", exact[i])
        rows.append([trial.name, *off, f"{angle[0]:.3f}", f"{angle[1]:+.2f}", angle[2], f"{exact[0]:.3f}", exact[2]])
    report.text(
        f"Two emulated MicroStrain sensors at {1 / trial.period:.0f} Hz, crystals {DRIFTS_PPM[0]} and {DRIFTS_PPM[1]:+} ppm off, each packet "
        "with the motion of its own time. Largest differences from the chain called directly with the same motion, and the agreement with "
        f"Plug-in-Gait. Without the {1e3 * LATENCY_S:g} ms of `delay_s` they would be 0.08-0.19 deg and 1.8-3.6 deg/s."
        if rows
        else "No recordings."
    )
    report.table(
        ["trial", "shank, deg", "foot", "ankle", "rate, deg/s", "angle r", "bias, deg", "RMS", "exact rate r", "RMS, deg/s"],
        rows,
    )


def check_taken_in(report, grfd, data):
    report.part("Recordings without an answer, taken in by grfd as packets of four sensors (sets 07, 09)")
    rows = []
    for name, period, sensors, _ in [*awinda(data), *full_body(data)]:
        rate, worn = 1 / period, []
        for part, (force, gyro) in sensors.items():
            segment, side = part.split()
            moved = np.hstack([gyro, force])
            # no axis is published for these sensors: the axis about which each turns most stands for it
            axis = np.linalg.eigh(gyro.T @ gyro)[1][:, -1]
            still = np.array([0, 0, 0, *force[: round(rate / 2)].mean(axis=0)])
            whole = np.vstack([np.tile(still, (round(STANDS_S * rate), 1)), moved])
            worn.append(Worn(segment, side, axis, lambda at, w=whole: w[: len(at)]))  # sample by sample, whatever the crystal
        seconds = len(whole) / rate
        with tempfile.TemporaryDirectory() as folder:
            recording, sent = replay(grfd, folder, worn, round(rate), seconds)
            changed = lost = unknown = 0
            for s in worn:
                raw = recording[f"raw/{s.name}/inertial"]
                lost += len(sent[s.name]) - len(raw.seq) + int((np.diff(raw.seq.astype(int)) - 1).sum())
                lost += len(recording[f"raw/{s.name}/loss"].flags)
                n = min(len(sent[s.name]), len(raw.seq))
                changed += int((raw.values[:n] != sent[s.name][:n]).any(axis=1).sum())
            gaps = recording["gaps"]  # at its end a replay waits for more and says so
            holes = int((gaps.t < min(recording[f"raw/{s.name}/inertial"].t[-1] for s in worn)).sum())
            report.figure("replay.lost", name, lost + holes)
            report.figure("replay.changed", name, changed)
            for side in ("left", "right"):
                ankle = recording[f"ankle/{side}"]
                moves = (ankle.t > STANDS_S + 0.5) & (ankle.t < seconds - 0.5)
                known = [ankle[c][moves] for c in ("dorsiflexion", "dorsiflexion_rate", "shank_inclination", "foot_pitch")]
                unknown = int((~np.isfinite(known)).any(axis=0).sum())
                sd = float(np.nanstd(known[1]))
                report.figure("live.unknown", f"{name} ankle {side}, grfd", unknown)
                report.figure("live.moving", f"{name} ankle {side}, grfd", sd)
                rows.append([name, side, n, lost, holes, changed, int(moves.sum()), unknown, sd])
    report.table(
        ["recording", "side", "samples of a sensor", "lost", "gaps", "changed", "rows of the ankle", "unknown", "SD of its rate, deg/s"],
        rows,
    )
    report.text(
        f"In front of each stand {STANDS_S} s of the mean of its first half second, from which the zero is taken. No accuracy follows: "
        "there is no optical answer, and the sensors are not aligned to the segments."
    )
