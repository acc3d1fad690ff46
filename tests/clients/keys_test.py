#!/usr/bin/env python3
"""Keys, from `grfctl key create` to a client that is let in and others that are not. Usage: keys_test.py GRFD GRFCTL DEMO.toml"""
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time

from checks import Daemon, check, failures, finish, raises, skip, wait_for

try:
    import numpy  # noqa: F401 - the package needs it
    import zmq
    import zmq.auth

    import grfd
except ImportError as e:
    skip(f"{e} (python3-numpy, python3-zmq)")

GRFD, GRFCTL, DEMO = sys.argv[1:4]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60, **more)


def key(*words):
    return run(GRFCTL, "key", *words, "--keys", keys)


def test_start_is_refused(settings):
    def check_config():
        done = run(GRFD, "check-config", DEMO, *settings)
        return done.returncode, done.stderr
    code, said = check_config()
    check("no server key: refused, and what to do", code == 2 and "--set feed.endpoint: " in said and f"grfctl key create server --keys {keys}" in said
          and "--set control.endpoint: " in said, said)
    made = key("create", "server")
    file = os.path.join(keys, "server.key")
    check("grfctl key create server", made.returncode == 0 and oct(os.stat(file).st_mode & 0o777) == "0o600" and oct(os.stat(keys).st_mode & 0o777) == "0o700", made.stderr)
    check("and pyzmq reads it", zmq.auth.load_certificate(file)[0].decode() == made.stdout.split()[0] and zmq.auth.load_certificate(file)[1] is not None)
    check("it is not made twice", key("create", "server").returncode == 1)
    code, said = check_config()
    check("an empty list is refused", code == 2 and "allows nobody the right" in said, said)
    run_code = run(GRFD, "run", DEMO, "--seconds", 1, *settings)
    check("by grfd run, too", run_code.returncode == 2 and "allows nobody" in run_code.stderr, run_code.stderr)
    simulated = run(GRFD, "simulate", DEMO, "-o", keys + "/../s.h5", "--seconds", 1, *settings)
    check("who opens no socket needs no keys", simulated.returncode == 0, simulated.stderr)
    for name in ("coach", "operator", "stranger"):
        check(f"grfctl key create {name}", key("create", name).returncode == 0)
    check("coach may look", key("allow", "coach").stdout == "coach may use: feed\n")
    code, said = check_config()
    check("nobody who may command: that is missing now", code == 2 and "control.endpoint" in said and "feed.endpoint" not in said, said)
    public = zmq.auth.load_certificate(os.path.join(keys, "operator.pub"))[0].decode()
    check("by its public key, operator may command", key("allow", "operator", public, "--control").stdout == "operator may use: control\n")
    code, said = check_config()
    check("now it may start", code == 0, said)
    listed = json.loads(run(GRFCTL, "--json", "key", "list", "--keys", keys).stdout)
    check("grfctl key list", listed["server"] == made.stdout.split()[0] and [(c["name"], c["rights"]) for c in listed["clients"]] == [("coach", "feed"), ("operator", "control")]
          and listed["clients"][1]["public_key"] == public, listed)
    check("in words", re.search(r"^coach +feed +\S{40}$", key("list").stdout, re.M) is not None, key("list").stdout)
    for what, words, code in (("a key without a name", ("allow", public), 2), ("a name that is a path", ("create", "../x"), 1), ("a key that is allowed already", ("allow", "other", public), 1),
                              ("the daemon's own name", ("allow", "server"), 1), ("a client that is not there", ("allow", "nobody"), 1), ("no such word", ("give", "x"), 2),
                              ("half a key", ("allow", "half", public[:39]), 1), ("nobody to forget", ("forget", "nobody"), 1)):
        done = key(*words)
        check(f"{what}: exit code {code}, one line", done.returncode == code and done.stderr.count("\n") == 1, (done.returncode, done.stderr))
    def refused(what, path, mode, words):
        before = os.stat(path).st_mode & 0o777
        os.chmod(path, mode)
        code, said = check_config()
        listed = key("list")
        os.chmod(path, before)
        check(what, code == 2 and words in said, said)
        check("  and grfctl key list says it, too", listed.returncode == 1 and words in listed.stderr, (listed.returncode, listed.stderr))
    refused("a secret that others can read is refused", file, 0o644, "chmod 600")
    refused("a client's file that others can write is refused", f"{keys}/coach.allowed", 0o666, "chmod 644")
    refused("a folder that others can write is refused", keys, 0o777, "chmod 700")
    with open(f"{keys}/coach.allowed") as f:
        text = f.read()
    with open(f"{keys}/coach.allowed", "w") as f:
        f.write(text.replace('"feed"', '"everything"'))
    listed = key("list")
    check("grfctl key list refuses rights that the daemon refuses", listed.returncode == 1 and "must say rights" in listed.stderr and "coach " not in listed.stdout, listed)
    with open(f"{keys}/coach.allowed", "w") as f:
        f.write(text)
    os.rename(f"{keys}/operator.pub", f"{keys}/away")
    check("other rights without NAME.pub", key("allow", "operator", "--feed", "--control").stdout == "operator may use: feed control\n"
          and public in open(f"{keys}/operator.allowed").read() and key("allow", "operator", "--control").returncode == 0)
    os.rename(f"{keys}/away", f"{keys}/operator.pub")
    for words in (("key", "allow", "x", public, "--keys", "/nowhere/keys"), ("key", "list", "--keys", "/nowhere/keys"), ("key", "create", "x", "--keys", "/proc/keys-of-grfd")):
        done = run(GRFCTL, *words)
        check(f"{words[1]} without a folder: one plain line", done.returncode == 1 and done.stderr.count("\n") == 1 and "filesystem error" not in done.stderr, done.stderr)
    os.mkdir(f"{keys}/taken.allowed")
    other = run(GRFCTL, "key", "create", "spare", "--keys", keys + "-spare").stdout.split()[0]
    done = key("allow", "taken", other)
    check("what cannot be written leaves nothing behind", done.returncode == 1 and not [f for f in os.listdir(keys) if f.endswith(".part")], (done.stderr, os.listdir(keys)))
    os.rmdir(f"{keys}/taken.allowed")


def test_clients(daemon):
    def own(name):
        return {"key": f"{keys}/{name}.key", "server_key": f"{keys}/server.pub"}

    def counters():
        return control.status()["counters"]
    control = grfd.control(daemon.control, **own("operator"))
    check("the operator's key reaches the daemon", wait_for(lambda: os.path.exists(keys) and bool(control.ping()), 20))
    with grfd.live("cop/total", endpoint=daemon.feed, **own("coach")) as feed:
        check("the coach's key hears the feed", len(next(feed)) > 0)
        before = counters()
        check("nothing refused so far", before["feed.keys_refused"] == 0 and before["feed.connections_refused"] == 0, before)
        e = raises("without a key nothing comes, and it says what may be missing", grfd.FeedSilent, ["asks for keys"], lambda: next(grfd.live("cop/total", endpoint=daemon.feed, timeout_s=1)))
        print(f"       {e}")
        check("and that is counted", wait_for(lambda: counters()["feed.connections_refused"] > 0, 6) and counters()["feed.keys_refused"] == 0, counters())
        e = raises("an unknown key is told so", grfd.FeedError, ["does not let this key in"], lambda: next(grfd.live("cop/total", endpoint=daemon.feed, **own("stranger"))))
        print(f"       {e}")
        check("and counted", wait_for(lambda: counters()["feed.keys_refused"] == 1, 3), counters())
        time.sleep(5.1)  # the log has one line every five seconds
        raises("the operator may not listen", grfd.FeedError, ["does not let this key in"], lambda: next(grfd.live("cop/total", endpoint=daemon.feed, **own("operator"))))
        daemon.log.seek(0)
        check("the log says what would let it in, and leaves it the right it has", "operator has no right to the feed from 127.0.0.1; grfctl key allow operator --feed --control would" in daemon.log.read())
        raises("another daemon's key", grfd.FeedSilent, ["server_key"],
               lambda: next(grfd.live("cop/total", endpoint=daemon.feed, timeout_s=1, key=f"{keys}/coach.key", server_key=f"{keys}/stranger.pub")))
        raises("half of the keys", grfd.GrfdError, ["go together"], lambda: grfd.live(endpoint=daemon.feed, key=f"{keys}/coach.key"))
        raises("no such file", grfd.GrfdError, ["cannot be read"], lambda: grfd.live(endpoint=daemon.feed, key="/nowhere.key", server_key=f"{keys}/server.pub"))
        raises("a public file as the key", grfd.GrfdError, ["no secret-key"], lambda: grfd.live(endpoint=daemon.feed, key=f"{keys}/coach.pub", server_key=f"{keys}/server.pub"))
        while (block := feed.poll(0)) is not None:
            last = block
        check("the coach missed nothing meanwhile", not any(feed.missed.values()) and last.stream == "cop/total", feed.missed)
    key("allow", "stranger")

    def let_in():
        try:
            with grfd.live("cop/total", endpoint=daemon.feed, timeout_s=1, **own("stranger")) as feed:
                return len(next(feed)) > 0
        except grfd.GrfdError:
            return False
    check("who is allowed while the daemon runs comes in", wait_for(let_in, 5))
    with grfd.live("cop/total", endpoint=daemon.feed, timeout_s=1, **own("stranger")) as open_feed:
        next(open_feed)
        key("forget", "stranger")

        def silent():
            try:
                next(open_feed)
                return False
            except grfd.GrfdError:
                return True
        check("who is forgotten hears no more", wait_for(silent, 8))
    check("and does not come in again", not let_in() and counters()["feed.connections_cut_off"] == 1, counters())

    with grfd.control(daemon.control, **own("coach")) as looks:
        check("the coach may look at the state", looks.status()["session"] == control.ping())
        e = raises("but not record", grfd.Refused, ["the key of coach may look, not command"], looks.record_start)
        print(f"       {e}")
    check("which is counted, and nothing is recorded", counters()["control.commands_refused"] == 1 and control.status()["recording"]["state"] == "none")
    raises("a stranger gets no answer", grfd.NoAnswer, ["allow this key"], lambda: grfd.control(daemon.control, timeout_s=0.5, **own("stranger")).ping())

    environment = dict(os.environ, GRFD_KEY=f"{keys}/coach.key", GRFD_SERVER_KEY=f"{keys}/server.pub", GRFD_CONTROL=daemon.control)
    status = run(GRFCTL, "--json", "status", env=environment)
    check("grfctl with keys of the environment", status.returncode == 0 and json.loads(status.stdout)["session"] == control.ping(), status.stderr)
    refused = run(GRFCTL, "mark", "x", env=environment)
    check("may look, not command", refused.returncode == 1 and "may look, not command" in refused.stderr, refused.stderr)
    as_operator = ("--endpoint", daemon.control, "--key", f"{keys}/operator.key", "--server-key", f"{keys}/server.pub")
    deaf = run(GRFCTL, *as_operator, "--timeout", "3", "watch", "--once")
    check("watching with a key that may only command says why nothing comes", deaf.returncode == 3 and "nothing came since the start: may this key look?" in deaf.stdout and "inf" not in deaf.stdout, deaf)
    done = run(GRFCTL, *as_operator, "mark", "x")
    check("the operator's key in the arguments", done.returncode == 0, done.stderr)
    nobody = run(GRFCTL, "--endpoint", daemon.control, "--timeout", 1, "status")
    check("and without: no answer", nobody.returncode == 3, nobody.stderr)
    for what, words in (("the feed alone", ("watch", daemon.feed)), ("feed and state", ("watch",))):
        watched = run(GRFCTL, *words, "--once", env=environment)
        check(f"grfctl watch: {what}", watched.returncode == 0 and " LIVE " in watched.stdout and ("DEVICES" in watched.stdout) == (what != "the feed alone"), watched.stdout + watched.stderr)
    control.close()


def test_flood(daemon):
    """Connections without end, from one that has no key, while a trial is recorded."""
    own = {"key": f"{keys}/operator.key", "server_key": f"{keys}/server.pub"}
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (700, 700))
    control = grfd.control(daemon.control, timeout_s=30, **own)
    control.ping()
    stop, at_feed = threading.Event(), []
    host, feed_port = "127.0.0.1", int(daemon.feed.rsplit(":", 1)[1])

    def flood():
        held = []
        while not stop.is_set():
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((host, feed_port))
            held.append(s)
            if len(held) > 2000:
                held.pop(0).close()
                time.sleep(0.0005)
        for s in held:
            s.close()

    def descriptors():
        return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        check("the flood is noticed", wait_for(lambda: control.status()["counters"].get("feed.connection_floods", 0) > 0, 20))
        started = control.record_start("flood")
        check("record start during a flood", bool(started), started)
        for _ in range(20):
            at_feed.append(descriptors())
            time.sleep(0.1)
        control.mark("flood")
        file = control.record_stop()
        verified = run(GRFD, "verify", file)
        check("and stop: the recording is whole", verified.returncode == 0, verified.stdout + verified.stderr)
    finally:
        stop.set()
        thread.join()
    check(f"descriptors stay below the limit of 700: at most {max(at_feed)}", max(at_feed) < 650, at_feed)
    control.close()


def test_plain_feed_beside_keys():
    """Commands over TCP ask for keys, the feed on loopback has none: each client must know which is which."""
    commands, plain = f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{free_port()}"
    second = Daemon(GRFD, DEMO, folder, f"keys.folder={keys}", feed=plain, control=commands)
    environment = dict(os.environ, GRFD_KEY=f"{keys}/operator.key", GRFD_SERVER_KEY=f"{keys}/server.pub", GRFD_CONTROL=commands)
    try:
        watched = run(GRFCTL, "watch", "--once", env=environment)
        check("grfctl watch: commands with keys, a plain feed", watched.returncode == 0 and " LIVE " in watched.stdout, watched.stdout + watched.stderr)
    finally:
        second.stop()


with tempfile.TemporaryDirectory(prefix="grfd-keys-") as folder:
    keys = folder + "/keys"
    port = free_port()
    feed, commands = f"tcp://0.0.0.0:{port}", f"tcp://127.0.0.1:{free_port()}"
    test_start_is_refused([x for s in (f"feed.endpoint={feed}", f"control.endpoint={commands}", f"keys.folder={keys}") for x in ("--set", s)])
    daemon = Daemon(GRFD, DEMO, folder, f"keys.folder={keys}", feed=feed, control=commands)
    daemon.feed = f"tcp://127.0.0.1:{port}"
    try:
        test_clients(daemon)
        test_flood(daemon)
    finally:
        daemon.stop()
        if failures:
            daemon.show_log()
    test_plain_feed_beside_keys()
finish()
