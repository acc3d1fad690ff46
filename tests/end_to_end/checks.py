"""What the tests of the real programs share: one line per check, a running emulated daemon, and exit code 77 for a missing module."""
import json
import signal
import subprocess
import sys
import time

failures = []


def check(what, good, detail="", always=False):
    """`always`: the detail is a figure that is worth reading when all is well, too."""
    print(f"{'  ok ' if good else 'WRONG'}  {what}{f': {detail}' if not good or always and detail != '' else ''}", flush=True)
    if not good:
        failures.append(what)


def check_figure(what, good, detail=""):
    check(what, good, detail, always=True)


def raises(what, kind, words, call):
    """The call must raise this kind, with all the words in its text."""
    try:
        call()
    except kind as e:
        check(what, all(w in str(e) for w in words), str(e))
        return e
    except Exception as e:  # noqa: BLE001 - any other kind is the failure
        check(what, False, repr(e))
    else:
        check(what, False, "nothing was raised")
    return None


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def ask(grfctl, endpoint, *words):
    """(exit code, output, errors) of grfctl"""
    done = subprocess.run([grfctl, "--endpoint", endpoint, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def log_of(daemon, log):
    """What it wrote; ends it when it still runs. Printed when a check has failed."""
    if daemon.poll() is None:
        daemon.kill()
        daemon.wait()
    log.seek(0)
    text = log.read()
    if failures:
        print(text)
    return text


def skip(error):
    print(f"SKIP: {error}")
    sys.exit(77)


def finish():
    print("FAILED: " + "; ".join(failures) if failures else "all good")
    sys.exit(1 if failures else 0)


class Daemon:
    """The demonstration rig, emulated, with its sockets and recordings in a folder of the test."""

    def __init__(self, grfd, demo, folder, *more, feed=None, control=None):
        self.control, self.feed = control or f"ipc://{folder}/control", feed or f"ipc://{folder}/feed"
        self.log = open(f"{folder}/log", "a+")
        settings = [f"control.endpoint={self.control}", f"feed.endpoint={self.feed}", f"record.folder={folder}/trials", "record.at_start=false", *more]
        self.process = subprocess.Popen([grfd, "run", demo, *(x for s in settings for x in ("--set", s))], stdout=self.log, stderr=self.log)
        self.started = time.monotonic()

    def until(self, seconds):
        time.sleep(max(0, self.started + seconds - time.monotonic()))

    def stop(self, patience_s=20):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def show_log(self):
        self.log.seek(0)
        print(self.log.read())


class CommandedDaemon(Daemon):
    """The same without a feed, asked by grfctl; its end must be a good one. `said` then is what it wrote."""

    def __init__(self, grfd, grfctl, demo, folder, *more):
        super().__init__(grfd, demo, folder, "feed.enabled=false", "record.tare_at_start=false", *more)
        self.grfctl = grfctl
        check("the daemon answers", wait_for(lambda: self.ctl("--timeout", "1", "--json", "ping")[0] == 0, 15))
        check("all devices stream", wait_for(lambda: all(d["state"] == "streaming" for d in json.loads(self.ctl("--json", "devices")[1])), 10))

    def ctl(self, *words):
        return ask(self.grfctl, self.control, *words)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            code = "still running 20 s later"
        check("SIGTERM ends it well", code == 0, code)
        self.said = log_of(self.process, self.log)
