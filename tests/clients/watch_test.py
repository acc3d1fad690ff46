#!/usr/bin/env python3
"""grfctl watch on a pseudo terminal and in a pipe, beside a running emulated daemon. Usage: watch_test.py GRFD GRFCTL DEMO.toml"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from checks import Daemon, ask, check, failures, finish

GRFD, GRFCTL, DEMO = sys.argv[1:4]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Watch:
    """grfctl watch in a terminal of 80 x 24; `frames` are the screens it drew with the time of each."""

    def __init__(self, control, *more, columns=80, rows=24, term="xterm"):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = term
            os.execv(GRFCTL, [GRFCTL, "--endpoint", control, "watch", *more])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.raw, self.frames, self.ended = "", [], False

    def read(self, seconds):
        """Takes what is drawn in that time."""
        end = time.monotonic() + seconds
        while not self.ended and (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    new = os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    self.ended = True
                    break
                self.raw += new
                for _ in range(new.count("\x1b[H")):
                    self.frames.append(time.monotonic())

    def screens(self):
        """The lines of every screen, without colours."""
        parts = self.raw.split("\x1b[?25h")[0].split("\x1b[H")[1:]
        return [[COLOUR.sub("", line).replace("\x1b[K", "").replace("\x1b[J", "").replace("\r", "") for line in part.split("\n")] for part in parts]

    def wait_text(self, text, seconds):
        """@return seconds until a screen has the text, or None"""
        started = time.monotonic()
        while time.monotonic() < started + seconds and not self.ended:
            self.read(0.03)
            done = [s for s in self.screens()[-2:] if any("ANKLE" in x for x in s)]
            if done and text in "\n".join(done[-1]):
                return time.monotonic() - started
        return None

    def next_screen(self, seconds=20):
        """The first screen that begins from now on, when it is whole: the one that follows it has begun."""
        have, until = len(self.screens()), time.monotonic() + seconds
        while len(self.screens()) < have + 2 and time.monotonic() < until and not self.ended:
            self.read(0.03)
        return self.screens()[have]

    def live_screen(self):
        """The next whole screen that says LIVE: while other work has the processors one may say FROZEN."""
        for _ in range(20):
            screen = self.next_screen()
            if " LIVE " in screen[1]:
                break
        return screen

    def end(self, number=signal.SIGINT):
        if not self.ended:
            os.kill(self.pid, number)
            self.read(3)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def numbers(line):
    return [float(x) for x in re.findall(r"[-+]?\d+\.\d+", line)]


def find(screen, start, after=None):
    lines = screen[[i for i, x in enumerate(screen) if x.startswith(after)][0]:] if after else screen
    return next(x for x in lines if x.lstrip().startswith(start))


def test_screen(daemon):
    watch = Watch(daemon.control)
    check("live within two seconds", watch.wait_text(" LIVE ", 4) is not None, watch.screens()[-1:])
    watch.read(3)
    widest = max(len(line) for s in watch.screens() for line in s)
    tallest = max(len(s) for s in watch.screens())
    check(f"{len(watch.screens())} screens, the widest line has {widest} columns, the tallest {tallest} lines", widest <= 80 and tallest <= 24)
    rate = (len(watch.frames) - 1) / (watch.frames[-1] - watch.frames[0])
    check(f"{rate:.1f} screens per second", 5 <= rate <= 10, rate)
    screen = watch.live_screen()
    status = json.loads(ask(GRFCTL, daemon.control, "--json", "status")[1])
    print("\n".join("      |" + x for x in screen))
    newest = lambda stream, column: status["streams"][stream]["newest"][column]
    for side in ("left", "right"):
        shown, told = numbers(find(screen, side, "FORCE"))[0], newest(f"cop/{side}", "fz")
        check(f"force {side}: {shown} N shown, {told:.1f} N in the status", abs(shown - told) < 40)
        shown = numbers(find(screen, side, "COP"))
        told = [1000 * newest(f"cop/{side}", c) for c in ("cop_ml", "cop_ap")]
        check(f"CoP {side}: {shown} mm shown, {told[0]:.1f} {told[1]:.1f} mm in the status", abs(shown[0] - told[0]) < 10 and abs(shown[1] - told[1]) < 40)
        shown, told = numbers(find(screen, side, "ANKLE")), newest(f"ankle/{side}", "dorsiflexion")
        check(f"ankle {side}: {shown[0]} deg shown, {told:.1f} deg in the status", abs(shown[0] - told) < 25)
    check("all five devices stream, with rate, drift and clock", sum(bool(re.search(r"streaming +(9\d\d|10\d\d)\.\d +[-+]\d+\.\d  \w+ +0 +0$", x)) for x in screen) == 5)
    check("participant and no recording", "DEMO" in screen[0] and "not recording" in screen[0], screen[0])
    check("the dominant leg and how that was decided", "  dominant leg: right, by kicking leg" in screen, screen)
    ages = [int(re.search(r"data +(\d+) ms old", x).group(1)) for s in watch.screens() for x in s if " ms old" in x and "- ms" not in x]
    ages.sort()
    check(f"age of the data: median {ages[len(ages) // 2]} ms", ages[len(ages) // 2] < 150, ages)
    check("repetitions are counted", watch.wait_text("1 done", 15) is not None and watch.wait_text("; stopped first: left by", 2) is not None
          and "(exploratory; out of room)" in "\n".join(watch.live_screen()), watch.screens()[-1:])

    daemon.process.send_signal(signal.SIGSTOP)
    took = watch.wait_text("*** FROZEN ***", 3)
    check(f"a frozen daemon is seen after {took if took is None else round(took, 2)} s", took is not None and took < 1.0)
    frozen = watch.next_screen()
    check("and no old number stands there", not any(numbers(find(frozen, side, part)) for side in ("left", "right") for part in ("FORCE", "COP")), frozen)
    check("over the whole width, on red", re.search(r"\x1b\[1;37;41m \*\*\* FROZEN \*\*\*", watch.raw) and len(frozen[1]) == 80, frozen[1])
    watch.read(2.5)
    check("devices are old, and it says so", "does not answer" in "\n".join(watch.next_screen()))
    daemon.process.send_signal(signal.SIGCONT)
    check("and live again", watch.wait_text(" LIVE ", 3) is not None)
    return watch


def test_restart(watch, daemon, folder):
    daemon.stop()
    check("a daemon that has gone", watch.wait_text("*** FROZEN ***", 3) is not None)
    again = Daemon(GRFD, DEMO, folder)
    try:
        took = watch.wait_text(" LIVE ", 15)
        check(f"a new daemon is found by itself, {took if took is None else round(took, 1)} s", took is not None)
        code = watch.end()
        check("Ctrl-C ends it well", code == 0, code)
        tail = watch.raw[watch.raw.rindex("\x1b[J"):]
        check("and gives the terminal back", "\x1b[?25h" in tail and "\x1b[?1049l" in tail and watch.raw.count("\x1b[?1049h") == 1, repr(tail))
        test_small(again)
        test_lines(again)
    finally:
        again.stop()


def test_small(daemon):
    small = Watch(daemon.control, "--seconds", "1.5", columns=50, rows=12)
    small.read(6)
    screens = small.screens()[2:]
    check("a small window is kept to", screens and max(len(x) for s in screens for x in s) <= 50 and max(len(s) for s in screens) <= 12,
          [max(len(x) for x in s) for s in screens])
    check("--seconds ends it", small.end() == 0)
    stopped = Watch(daemon.control)
    stopped.wait_text(" LIVE ", 4)
    check("SIGTERM gives the terminal back too", stopped.end(signal.SIGTERM) == 0 and stopped.raw.rstrip().endswith("\x1b[?1049l"), repr(stopped.raw[-60:]))


def test_lines(daemon):
    dumb = Watch(daemon.control, "--seconds", "2", term="dumb")
    dumb.read(6)
    lines = dumb.raw.replace("\r", "").splitlines()
    check("TERM=dumb: plain lines", dumb.end() == 0 and "\x1b" not in dumb.raw and len(lines) >= 3 and max(map(len, lines)) <= 80, lines)
    piped = subprocess.run([GRFCTL, "--endpoint", daemon.control, "watch", "--seconds", "2"], capture_output=True, text=True, timeout=30)
    lines = piped.stdout.splitlines()
    for line in lines[:3]:
        print("      |" + line)
    cells = lines[-1].split()
    check("a pipe: a heading and numbers below it", piped.returncode == 0 and "\x1b" not in piped.stdout and len(cells) == 12 and cells[-1] == "5", lines)
    check("heading and numbers end at the same places", [m.end() for m in re.finditer(r"\S+", lines[1])] == [5 + 3, 13, 21, 29, 36, 43, 49, 56, 62, 69, 74, 78], lines[:2])
    once = subprocess.run([GRFCTL, "--endpoint", daemon.control, "watch", "--once"], capture_output=True, text=True, timeout=30)
    check("--once: one screen as text", once.returncode == 0 and "LIVE" in once.stdout and "\x1b" not in once.stdout and once.stdout.count("streaming") == 5
          and max(map(len, once.stdout.splitlines())) <= 80, once.stdout)
    nobody = subprocess.run([GRFCTL, "--endpoint", daemon.control + "nobody", "--timeout", "0.5", "watch", "--seconds", "5"], capture_output=True, text=True, timeout=30)
    check("no daemon and a pipe: code 3", nobody.returncode == 3 and "no daemon runs at" in nobody.stderr, nobody.stderr)
    wrong = subprocess.run([GRFCTL, "--endpoint", "nonsense", "watch"], capture_output=True, text=True, timeout=30)
    check("no address: code 1", wrong.returncode == 1 and wrong.stderr.startswith("grfctl: "), wrong.stderr)


def test_feed_off(folder):
    os.mkdir(f"{folder}/off")
    daemon = Daemon(GRFD, DEMO, f"{folder}/off", "feed.enabled=false")
    try:
        watch = Watch(daemon.control)
        check("a daemon without a feed", watch.wait_text("NO LIVE FEED", 15) is not None, watch.screens()[-1:])
        watch.end()
    finally:
        daemon.stop()


with tempfile.TemporaryDirectory(prefix="grfd-clients-") as folder:
    nobody = Watch(f"ipc://{folder}/control")
    check("before there is a daemon it says so and waits", nobody.wait_text("*** NO DAEMON ***", 3) is not None)
    daemon = Daemon(GRFD, DEMO, folder)
    try:
        check("and finds it when it comes", nobody.wait_text(" LIVE ", 20) is not None)
        nobody.end()
        daemon.until(7)
        test_restart(test_screen(daemon), daemon, folder)
        test_feed_off(folder)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
        daemon.stop()
        if failures:
            daemon.show_log()
finish()
