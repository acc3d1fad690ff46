#!/usr/bin/env python3
"""The Python package against a running emulated daemon. Usage: python_live_test.py GRFD DEMO.toml"""
import os
import signal
import sys
import tempfile
import time

from checks import Daemon, check, failures, finish, raises, skip, wait_for

try:
    import h5py
    import numpy as np
    import pandas
    import zmq

    import grfd
except ImportError as e:
    skip(f"{e} (python3-numpy, python3-zmq, python3-pandas, python3-h5py)")

GRFD, DEMO = sys.argv[1:3]


def test_control(daemon):
    with grfd.control(daemon.control) as control:
        check("status: five devices", len(control.status()["devices"]) == 5 and len(control.devices()) == 5)
        session = control.ping()
        check("ping gives the session", session == control.status()["session"], session)
        raises("an unknown command is refused", grfd.Refused, ["fly"], lambda: control.ask("fly"))
        raises("an unknown plate is refused", grfd.Refused, ["ceiling"], lambda: control.tare("ceiling"))
        check("a mark comes back", control.mark("heels up")["text"] == "heels up")
        daemon.until(6)
        failed = raises("nobody may stand on a plate that is tared", grfd.CommandFailed, ["plate left", "a person stands"], control.tare)
        check("and the detail is there", failed is not None and failed.event == "tare_result" and len(failed.detail["plates"]) == 2)
    raises("no daemon", grfd.NoAnswer, ["no daemon answers", "nobody"], lambda: grfd.control(daemon.feed + "nobody", timeout_s=0.3).ping())
    raises("no address", grfd.GrfdError, ["is no ZeroMQ address"], lambda: grfd.control("nonsense"))


def test_file_and_feed(daemon):
    """Late join while recording; what came live is what the file holds."""
    blocks = []
    with grfd.control(daemon.control) as control, grfd.live(["cop/total", "ankle/", "events"], endpoint=daemon.feed) as feed:
        started = time.monotonic()
        info = feed.info("cop/total")
        joined_ms = 1000 * (time.monotonic() - started)
        check(f"a late joiner knows the stream after {joined_ms:.0f} ms", joined_ms < 1000)
        check("names, units, delays", info.names[:3] == ("cop_ml", "cop_ap", "fz") and info.units["fz"] == "N" and 0.005 < info.column("fz").delay_s < 0.03, info)
        with control.recording("live") as trial:
            control.mark("in the middle")
            until = time.monotonic() + 3
            for block in feed:
                blocks.append(block)
                if time.monotonic() > until:
                    break
        check("nothing was missed", not any(feed.missed.values()) and not feed.ledger, feed.missed)
        check("events come as texts", any(r.name == "mark" and r.detail["text"] == "in the middle" for b in blocks for r in b.texts))
        check("streams that were not asked for do not come", {b.stream for b in blocks} == {"cop/total", "ankle/left", "ankle/right", "events"}, {b.stream for b in blocks})
    with h5py.File(trial["file"]) as file:
        for name in ("cop/total", "ankle/left", "ankle/right"):
            mine = [b for b in blocks if b.stream == name]
            seq, values, t = (np.concatenate([getattr(b, k) for b in mine]) for k in ("seq", "values", "t"))
            group = file[f"streams/{name}"]
            _, a, b = np.intersect1d(seq, group["seq"][:], return_indices=True)
            equal = values[a].tobytes() == group["values"][:][b].tobytes() and np.abs(t[a] - group["t"][:][b]).max() < 1e-9
            check(f"file and feed agree on {len(a)} rows of {name}", equal and len(a) > 2000, len(a))
            check(f"{name}: rows follow each other on whole milliseconds", (np.diff(seq) == 1).all() and np.abs(t * 1000 - np.round(t * 1000)).max() < 1e-6)
    total = [b for b in blocks if b.stream == "cop/total"]
    weight = np.nanmean(np.concatenate([b["fz"] for b in total]))
    check(f"{weight:.0f} N on the plates: 80 kg", abs(weight - 80 * 9.81) < 40, weight)
    check("structured rows", total[0].rows.dtype.names[:5] == ("t", "seq", "flags", "epoch", "cop_ml") and total[0].rows["fz"][0] == total[0]["fz"][0])
    check("age of the newest row", 0 <= np.median([b.age_ms for b in total]) < 100)
    return trial["file"]


def test_frame(daemon):
    with grfd.live(["ankle/", "cop/total"], endpoint=daemon.feed) as feed:
        frame = feed.frame(seconds=3, wait=True)
        check(f"a frame of {len(frame)} rows", 2990 <= len(frame) <= 3010 and frame.index.name == "t_s" and frame.index.is_monotonic_increasing, len(frame))
        check("both ankles and the CoP on one index", {"ankle/left", "ankle/right", "cop/total"} == set(frame.columns.levels[0]) and not frame.isna().any().any(),
              frame.isna().sum().sum())
        check("units of the frame", frame.attrs["units"]["ankle/left", "dorsiflexion_rate"] == "deg/s")
        delay = feed.info("ankle/left").column("dorsiflexion_rate").delay_s
        # the rate is the derivative of the angle: the angle has no delay, so the best shift between them is the delay
        rolled = feed.frame(seconds=3)
        aligned = feed.frame(seconds=3, remove_delays=True)
        check("a later frame is newer", rolled.index[-1] >= frame.index[-1])
        check("only the newest rows lack what is still delayed", 0 < aligned["ankle/left", "dorsiflexion_rate"].isna().sum() <= 1000 * delay + 2
              and not aligned["ankle/left", "dorsiflexion"].isna().any())

        def error(table):
            side = table["ankle/left"].dropna()
            slope = np.gradient(side["dorsiflexion"].to_numpy(), side.index.to_numpy())
            return np.sqrt(np.mean((np.convolve(slope, np.ones(15) / 15, "valid") - side["dorsiflexion_rate"].to_numpy()[7:-7]) ** 2))
        before, after = error(rolled), error(aligned)
        print(f"       rate against the slope of the angle: {before:.2f} deg/s RMS as sent, {after:.2f} deg/s with the delays removed")
        check("with the delays removed rate and angle fit", after < 0.6 * before, (before, after))
        rows = feed.rows()
        first = next(rows)
        check("rows one by one", isinstance(first, grfd.Row) and set(first.values) == set(feed.info(first.stream).names))
    with grfd.live("ankle/left", endpoint=daemon.feed, remove_delays=True) as feed:
        blocks = [next(feed) for _ in range(60)]
        t = np.concatenate([b.t for b in blocks])
        check("blocks with delays removed: no row twice, none left out", len(t) > 300 and np.allclose(np.diff(t), 0.001, atol=1e-7) and all(b.delays_removed for b in blocks))
        check("and nothing unknown in them", not np.isnan(np.concatenate([b.values for b in blocks])).any())
    raises("a frame longer than what is kept", grfd.FeedError, ["keep_s=90"], lambda: grfd.live("ankle/", endpoint=daemon.feed).frame(seconds=90))


def test_fast_and_preview(daemon):
    with grfd.live(["fast/plate/", "preview/cop/total"], endpoint=daemon.feed) as feed:
        until, rows, previews = time.monotonic() + 2, {}, []
        for block in feed:
            rows[block.stream] = rows.get(block.stream, 0) + len(block)
            previews += [block] if block.stream == "preview/cop/total" else []
            if time.monotonic() > until:
                break
        check("both fast plates at full rate", all(rows.get(f"fast/plate/{side}", 0) > 1500 for side in ("left", "right")), rows)
        check("previews: one row each, rows between them are not missed", 30 < len(previews) < 70 and all(len(b) == 1 for b in previews) and not any(feed.missed.values()),
              (len(previews), feed.missed))
        check("and are told apart from the stream itself", previews[0].info.name == "preview/cop/total" and feed.info("fast/plate/left").extra.get("live_only") is True)
    with grfd.live(endpoint=daemon.feed) as feed:
        names = {next(feed).stream for _ in range(3000)}
        check("everything is everything but the previews", {"cop/total", "fast/plate/left", "raw/u6/scan"} <= names and not any(n.startswith("preview/") for n in names), names)


def test_forgotten(daemon):
    """Clients that nobody closes: an error drops them while they are still connecting."""
    for _ in range(30):
        try:
            grfd.live("ankle/", endpoint=daemon.feed).frame(seconds=90)
        except grfd.FeedError:
            pass
    with grfd.live("cop/total", endpoint=daemon.feed, timeout_s=3) as feed:
        check("clients that were never closed leave the next one alone", len(next(feed)) > 0)


def test_wrong_names(daemon):
    e = raises("a misspelt stream is named, with the nearest", grfd.UnknownStream, ["ankel/left", "near:", "ankle/left"],
               lambda: next(grfd.live("ankel/left", endpoint=daemon.feed)))
    print(f"       {e}")
    e = raises("no daemon there", grfd.FeedSilent, ["no feed at", "is grfd running"], lambda: next(grfd.live(endpoint=daemon.feed + "nobody", timeout_s=0.5)))
    print(f"       {e}")


def test_silence(daemon, folder):
    feed = grfd.live("events", endpoint=daemon.feed, timeout_s=1.5)
    feed.info("events")
    started = time.monotonic()
    while time.monotonic() < started + 2.5:  # nothing happens, and that is no silence
        feed.poll(0.1)
    check("a stream where nothing happens is not a silent feed", feed.silent_s < 0.5, feed.silent_s)
    daemon.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()

    def wait():
        while True:
            next(feed)
    e = raises("a frozen daemon", grfd.FeedSilent, ["connected", "frozen"], wait)
    took = time.monotonic() - started
    daemon.process.send_signal(signal.SIGCONT)
    print(f"       {e} (after {took:.2f} s)")
    check("is noticed after the time-out", 1.3 < took < 3, took)
    check("and it goes on when the daemon does", wait_for(lambda: (feed.poll(0.1), feed.silent_s < 0.2)[1], 5))
    patient = grfd.live("cop/total", endpoint=daemon.feed, timeout_s=None)
    old = next(patient).session
    daemon.stop()
    e = raises("a daemon that has gone", grfd.FeedSilent, ["has gone"], wait)
    print(f"       {e}")
    again = Daemon(GRFD, DEMO, folder)
    try:
        block = next(b for b in patient if b.session != old)
        check("with no time-out a new session goes on by itself", block.session == patient.session["session"] != old and block.stream in patient.infos)
        check("and its losses begin at nothing", not any(patient.missed.values()), patient.missed)
    finally:
        again.stop()


with tempfile.TemporaryDirectory(prefix="grfd-clients-") as folder:
    daemon = Daemon(GRFD, DEMO, folder)
    try:
        check("the daemon answers", wait_for(lambda: os.path.exists(folder + "/control"), 15))
        test_control(daemon)
        daemon.until(8.5)
        test_file_and_feed(daemon)
        test_frame(daemon)
        test_fast_and_preview(daemon)
        test_forgotten(daemon)
        test_wrong_names(daemon)
        test_silence(daemon, folder)
    finally:
        daemon.stop()
        if failures:
            daemon.show_log()
finish()
