#!/usr/bin/env python3
"""Kills a recording daemon again and again and looks at what is left.

  kill_daemon.py [--grfd build/release/grfd] [--rounds 100] [--parallel 2] [--seed 1]

Each round starts `grfd run config/demo.toml` in a folder of its own, lets it record for 0.5 to 4 s while another process
follows the feed, and kills it (SIGKILL). In every fourth round the daemon is first asked to stop, and it and the child that
finalises are killed within the next 0.15 s. Then a daemon starts on the same folder, which recovers what it finds, and
is asked to stop. Every file must be there, open with h5py and be good for `grfd verify`; no journal may be left; and of
each stream the file must hold what the subscriber saw, up to 20 ms and what was on its way.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / "config/demo.toml"
TAIL_MS = 20  # two blocks of the journal
IN_FLIGHT_MS = 10  # one message of the feed


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"{what} within {seconds} s")
        time.sleep(0.002)
    return found


def children(pid):
    """(pid, handle) of the processes that `pid` has started; a handle is never another process's."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            for child in (task / "children").read_text().split():
                found.append((int(child), os.pidfd_open(int(child))))
        except OSError:  # ended meanwhile
            pass
    return found


class Round:
    def __init__(self, grfd, number, seed):
        self.grfd, self.number = grfd, number
        self.random = random.Random(f"{seed} {number}")
        self.kind = "finalising" if number % 4 == 3 else "recording"
        self.problems, self.tails_ms, self.files, self.verified = [], {}, 0, 0
        self.hit = False  # killed in the very act of what `kind` says

    def start(self):
        self.feed = f"tcp://127.0.0.1:{free_port()}"
        settings = {"realtime_priority": "false", "record.folder": f'"{self.folder}"', "feed.endpoint": f'"{self.feed}"',
                    "control.endpoint": f'"ipc://{self.folder}/control"'}
        command = [str(self.grfd), "run", str(CONFIG)]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def left(self, pattern):
        return sorted(self.folder.glob(pattern))

    def run(self):
        with tempfile.TemporaryDirectory(prefix="grfd-kill-") as folder:
            self.folder = pathlib.Path(folder)
            with open(self.folder / "daemon.log", "w") as self.log:
                try:
                    self.kill_and_recover()
                    self.look()
                except Exception as e:  # a round that cannot be judged is a failed one
                    self.problems.append(f"{type(e).__name__}: {e}")
            if self.problems:
                self.problems.append("log of the daemon: ..." + (self.folder / "daemon.log").read_text()[-1500:])
        return self

    def kill_and_recover(self):
        daemon = self.start()
        subscriber = subprocess.Popen([sys.executable, str(HERE / "subscriber.py"), self.feed], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: self.left("*.journal"), 20, "no recording was started")
            time.sleep(self.random.uniform(0.5, 4))
            if self.kind == "finalising":
                daemon.send_signal(signal.SIGTERM)
                time.sleep(self.random.uniform(0, 0.15))  # finalising these few seconds takes about a tenth of one
            if daemon.poll() is None:
                daemon.send_signal(signal.SIGSTOP)  # so that it starts no child between looking for it and its end
                started = children(daemon.pid)
                self.hit = self.kind == "recording" or bool(self.left("*.journal"))
                for _, handle in started:
                    try:
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                    os.close(handle)
                daemon.kill()
            daemon.wait()
            self.newest = json.loads(subscriber.communicate(timeout=20)[0].split("\n")[1])
        finally:
            for process in (daemon, subscriber):
                if process.poll() is None:
                    process.kill()
                    process.wait()

        self.first = {p.name for p in self.left("*.journal") + self.left("*.h5")}
        again = self.start()
        try:
            wait_for(lambda: len(self.left("*.journal")) + len(self.left("*.h5")) >= 2, 20, "the second daemon recorded nothing")
            time.sleep(self.random.uniform(0.5, 1.0))
            again.send_signal(signal.SIGTERM)
            if again.wait(timeout=30) != 0:
                self.problems.append(f"the second daemon ended with {again.returncode}")
        finally:
            if again.poll() is None:
                again.kill()
                again.wait()
        wait_for(lambda: not self.left("*.journal") and not self.left("*.tmp"), 30, "the journals were not recovered")

    def look(self):
        files = self.left("*.h5")
        self.files = len(files)
        if len(files) != 2:
            self.problems.append(f"two recordings expected: {[f.name for f in files]}")
        for f in files:
            verify = subprocess.run([str(self.grfd), "verify", str(f)], capture_output=True, text=True)
            if verify.returncode == 0:
                self.verified += 1
            else:
                self.problems.append(verify.stdout)
        first = next(f for f in files if f.stem in {pathlib.Path(n).stem for n in self.first})
        with h5py.File(first) as h5:
            clean = bool(h5.attrs["clean_end"])
            if clean and self.kind == "recording":
                self.problems.append("clean_end after a kill")
            last_command = h5["streams/commands/name"][-1].decode()
            if clean != (last_command == "record_stop"):
                self.problems.append(f"clean_end is {clean}, and the last command {last_command}")
            if len(self.newest) != 5:
                self.problems.append(f"the subscriber saw {sorted(self.newest)}")
            for stream, newest in self.newest.items():
                seq = h5[f"streams/{stream}/seq"][:]
                if len(seq) < 300 or (np.diff(seq.astype(np.int64)) != 1).any():
                    self.problems.append(f"{stream}: {len(seq)} rows, holes after rows {np.flatnonzero(np.diff(seq.astype(np.int64)) != 1)[:5]}")
                if clean:
                    continue  # the file ends where the stop was asked for; the feed goes on
                self.tails_ms[stream] = max(0, newest - int(seq[-1]))  # at 1000 samples per second
                if self.tails_ms[stream] > TAIL_MS + IN_FLIGHT_MS:
                    self.problems.append(f"{stream}: {self.tails_ms[stream]} ms lost")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--grfd", type=pathlib.Path, default=HERE.parents[1] / "build/release/grfd")
    arguments.add_argument("--rounds", type=int, default=100)
    arguments.add_argument("--parallel", type=int, default=2)
    arguments.add_argument("--seed", type=int, default=1)
    a = arguments.parse_args()
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(a.parallel) as pool:
        rounds = list(pool.map(lambda i: Round(a.grfd.resolve(), i, a.seed).run(), range(a.rounds)))
    failed = [r for r in rounds if r.problems]
    for r in failed:
        print(f"round {r.number} ({r.kind}): " + "\n  ".join(r.problems))
    print(f"rounds {len(rounds)} in {time.monotonic() - started:.0f} s, failed {len(failed)}")
    print(f"files {sum(r.files for r in rounds)}, good for h5py and grfd verify {sum(r.verified for r in rounds)}")
    for kind in ("recording", "finalising"):
        mine = [r for r in rounds if r.kind == kind]
        print(f"killed while {kind}: {len(mine)}, of these caught in the act {sum(r.hit for r in mine)}")
    print(f"lost tail, ms ({TAIL_MS} allowed, and {IN_FLIGHT_MS} on the way)   median  longest")
    for stream in sorted({s for r in rounds for s in r.tails_ms}):
        tails = [r.tails_ms[stream] for r in rounds if stream in r.tails_ms]
        print(f"  {stream:42s} {np.median(tails):6.1f} {max(tails):8d}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
