#!/usr/bin/env python3
"""What the operator is told when the disk takes no more, gives way again, or the journal is deleted while it is written; when plates were
never zeroed; when another daemon publishes already; and that a closed terminal ends the daemon well.
Usage: warnings_test.py GRFD GRFCTL DEMO.toml
A limit on the size of files (RLIMIT_FSIZE), set on the running daemon, refuses writes as a full disk does."""
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

from checks import CommandedDaemon, check, finish, skip, wait_for

try:
    import h5py
except ImportError as e:
    skip(e)

GRFD, GRFCTL, DEMO = sys.argv[1:4]


class Limited(CommandedDaemon):
    def __exit__(self, *error):  # with a trial that has holes its exit code is 1
        self.process.terminate()
        self.code = self.process.wait(30)
        self.log.seek(0)
        self.said = self.log.read()

    def limit(self, size=resource.RLIM_INFINITY):
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def recording(self):
        return json.loads(self.ctl("--json", "status")[1])["recording"]

    def fill(self, name):
        code, out, err = self.ctl("record", "start", name)
        check(f"{name}: the recording starts", code == 0, (out, err))
        time.sleep(1)
        check(f"{name}: nothing is wrong yet", self.recording()["not_writing"] == "" and self.recording()["lost_samples"] == 0, self.recording())
        self.limit(os.path.getsize(self.recording()["journal"]))
        check(f"{name}: the status says why it is not written", wait_for(lambda: "File too large" in self.recording()["not_writing"], 5), self.recording())
        shown = self.ctl("status")[1]
        check(f"{name}: grfctl status too", "*** NOT WRITING *** cannot write" in shown, shown)
        shown = self.ctl("watch", "--once")[1].splitlines()
        check(f"{name}: grfctl watch on top", len(shown) > 3 and shown[2].startswith(" *** NOT WRITING *** cannot write"), shown)
        code, out, _ = self.ctl("mark", "nobody", "keeps", "this")
        check(f"{name}: a mark says that it is not in the file", code == 0 and out.startswith("marked in the feed; the file may miss it: cannot write"), out)
        time.sleep(0.2)  # its block has been tried by then


def freed(folder):
    with Limited(GRFD, GRFCTL, DEMO, folder) as daemon:
        check("a mark outside of recordings says so", daemon.ctl("mark", "x")[1] == "marked in the feed; nothing is being recorded\n")
        daemon.fill("freed")
        daemon.limit()
        check("freed: it writes again", wait_for(lambda: daemon.recording()["not_writing"] == "", 5), daemon.recording())
        check("freed: and still says that samples are missing", daemon.recording()["lost_samples"] > 0 and "could not be written ***" in daemon.ctl("status")[1])
        check("freed: a mark is in the file again", daemon.ctl("mark", "kept")[1] == "marked\n")
        code, out, err = daemon.ctl("record", "stop")
        lines = out.splitlines()
        check("freed: record stop says what is missing, exit code 1", code == 1 and len(lines) == 2 and lines[0].startswith("recorded: ")
              and lines[1].endswith(" samples could not be written: the recording has holes"), (code, out, err))
        path = lines[0].removeprefix("recorded: ")
        with h5py.File(path) as file:
            lost = int(file.attrs["lost_on_disk"])
            events = [x.decode() for x in file["streams/events/detail"][:]]
        check("freed: the count is that of the file", lines[1].split()[0] == str(lost), (lines[1], lost))
        check("freed: the marks are where the answers said", not any("nobody keeps" in x for x in events) and any("kept" in x for x in events), events)
        told = json.loads(subprocess.run([GRFD, "summary", path, "--json"], capture_output=True, text=True).stdout)[0]["troubles"]
        check("freed: the summary tells it", any(x.startswith(f"{lost} samples could not be written") for x in told), told)
        longest = "\"\n" * 1000
        code, out, err = daemon.ctl("mark", longest)
        check("2000 bytes, each of them escaped, are a mark", (code, out) == (0, "marked in the feed; nothing is being recorded\n"), (code, out, err))
        code, out, err = daemon.ctl("mark", longest + "x")
        check("2001 bytes are not", code == 1 and "at most 2000 bytes, this one 2001" in err, (code, out, err))
        check("nor is a control character", "no other control characters" in daemon.ctl("mark", "a\x1b[2J")[2])
    check("freed: a trial with holes is no good end", daemon.code == 1, daemon.said)


def stays_full(folder):
    with Limited(GRFD, GRFCTL, DEMO, folder) as daemon:
        daemon.fill("full")
        daemon.limit(4096)  # nor is there room for the HDF5 file
        code, out, err = daemon.ctl("record", "stop")
        check("full: record stop does not call it recorded", code == 1 and "not recorded: finalising failed; what could be written is safe in " in out
              and "samples could not be written" in out, (code, out, err))
        journal = out.split(" is safe in ")[1].split(";")[0]
        check("full: the journal is there", os.path.exists(journal), journal)
        check("full: the lost samples are counted in the answer", int(out.splitlines()[1].split()[0]) > 500, out)
        done = subprocess.run([GRFD, "finalise", journal], capture_output=True, text=True)
        told = subprocess.run([GRFD, "summary", journal.replace(".journal", ".h5")], capture_output=True, text=True).stdout
        check("full: it can be finalised later, and says that its end is missing", done.returncode == 0 and "the recording was cut off" in told, (done, told))


def deleted(folder):
    with Limited(GRFD, GRFCTL, DEMO, folder) as daemon:
        daemon.ctl("record", "start", "gone")
        time.sleep(0.5)
        os.remove(daemon.recording()["journal"])
        check("deleted: the status says so", wait_for(lambda: "was deleted or moved away" in daemon.recording()["not_writing"], 5), daemon.recording())
        code, out, err = daemon.ctl("record", "stop")
        check("deleted: nothing is called safe", code == 1 and out.startswith("not recorded: the trial is lost: ") and "safe" not in out + err, (code, out, err))
        check("deleted: the next recording is a good one", daemon.ctl("record", "start", "next")[0] == 0 and daemon.ctl("record", "stop")[0] == 0)


def hung_up(folder):
    daemon = CommandedDaemon(GRFD, GRFCTL, DEMO, folder)
    daemon.ctl("record", "start", "closed")
    daemon.process.send_signal(signal.SIGHUP)
    check("a closed terminal ends it well", daemon.process.wait(20) == 0)
    check("and the recording is whole", subprocess.run([GRFD, "verify", f"{folder}/trials/closed.h5"], capture_output=True).returncode == 0)


def never_zeroed(folder):
    def troubles(name):
        return json.loads(subprocess.run([GRFD, "summary", f"{folder}/trials/{name}.h5", "--json"], capture_output=True, text=True).stdout)[0]["troubles"]

    with CommandedDaemon(GRFD, GRFCTL, DEMO, folder, "stimulus.subject.step_on_s=60", "stimulus.subject.first_descent_s=70") as daemon:
        said = daemon.ctl("record", "start", "unzeroed")[1].splitlines()[1:]
        check("record start warns of plates that were never zeroed", said == [f"warning: plate {x} was never zeroed: step off and give grfctl tare" for x in ("left", "right")], said)
        shown = daemon.ctl("status")[1]
        check("the status, too", "plate left was never zeroed" in shown and "plate right was never zeroed" in shown, shown)
        daemon.ctl("record", "stop")
        told = troubles("unzeroed")
        check("and the summary", [x.split(":")[0] for x in told] == ["plate left was never zeroed", "plate right was never zeroed"], told)
        daemon.ctl("record", "start", "meanwhile")
        code, out, _ = daemon.ctl("tare")
        check("they are zeroed while it records", code == 0, out)
        daemon.ctl("record", "stop")
        check("which the summary does not call never", troubles("meanwhile") == [], troubles("meanwhile"))
        said = daemon.ctl("record", "start", "zeroed")[1].splitlines()
        check("from then on there is no warning", len(said) == 1, said)
        shown = daemon.ctl("status")[1]
        check("and the status says how long ago", "plate left zeroed " in shown and " s ago" in shown, shown)
        daemon.ctl("record", "stop")
        with h5py.File(f"{folder}/trials/zeroed.h5") as file:
            rows = dict(zip(file["streams/commands/name"][:], file["streams/commands/detail"][:]))
        plates = json.loads(rows[b"zeros"])["plates"]
        check("a later recording says when they were zeroed", [p["plate"] for p in plates] == ["left", "right"] and troubles("zeroed") == []
              and all(p["by"] == "tare" and p["zeroed_s"] > 0 and abs(p["offset_fz_n"]) < 100 for p in plates), plates)
    check("the log warned once for each plate and recording", daemon.said.count("which was never zeroed") == 4, daemon.said)


def kept_zeros(folder):
    empty = ("stimulus.subject.step_on_s=60", "stimulus.subject.first_descent_s=70")
    with CommandedDaemon(GRFD, GRFCTL, DEMO, folder, *empty) as daemon:
        check("no zero is kept at first", daemon.ctl("zeros")[1].startswith("no plate has been zeroed yet"))
        code, out, err = daemon.ctl("zeros", "use")
        check("nothing can be used then", code == 1 and "no zero is kept" in err, (code, out, err))
        check("tare", daemon.ctl("tare")[0] == 0)
        listed = daemon.ctl("zeros")[1].splitlines()
        check("both zeros are kept", [x.split()[1] for x in listed] == ["left", "right"], listed)
    with CommandedDaemon(GRFD, GRFCTL, DEMO, folder, *empty) as daemon:
        def force():
            newest = json.loads(daemon.ctl("--json", "status")[1])["streams"]
            return [newest[f"plate/{x}"]["newest"]["fz"] for x in ("left", "right")]
        time.sleep(0.5)
        before = force()
        check("after a restart no plate is at zero", all(abs(f) > 3 for f in before), before)
        shown = daemon.ctl("status")[1]
        check("the status offers them", shown.count("or, if nothing has changed since 20") == 2 and shown.count(", grfctl zeros use") == 2, shown)
        code, out, err = daemon.ctl("zeros", "use")
        said = re.findall(r"plate (left|right): its zero of an earlier session is in use \(([+-][\d.]+) N from the one before\)\n", out)
        check("they are taken", code == 0 and [x for x, _ in said] == ["left", "right"] and all(abs(float(n) - f) < 2 for (_, n), f in zip(said, before)), (out + err, before))
        time.sleep(0.5)
        after = force()
        check("and the plates are at zero", all(abs(f) < 1.5 for f in after), after)
        shown = daemon.ctl("status")[1]
        check("the status calls them old", shown.count("stands on a zero of an earlier session, of 20") == 2, shown)
        said = daemon.ctl("record", "start", "kept")[1].splitlines()
        check("no plate counts as never zeroed", len(said) == 1, said)
        daemon.ctl("record", "stop")
        told = json.loads(subprocess.run([GRFD, "summary", f"{folder}/trials/kept.h5", "--json"], capture_output=True, text=True).stdout)[0]["troubles"]
        daemon.ctl("record", "start", "then_zeroed")
        check("a tare while it records", daemon.ctl("tare", "left")[0] == 0)
        daemon.ctl("record", "stop")
        until = json.loads(subprocess.run([GRFD, "summary", f"{folder}/trials/then_zeroed.h5", "--json"], capture_output=True, text=True).stdout)[0]["troubles"]
        check("that zero lasted until then", len(until) == 2 and "until it was zeroed at" in until[0] and "wanders" in until[1], until)
        check("one of both can be used again", re.match(r"plate right: its zero .*\nplate left: not taken: it was zeroed in this session", daemon.ctl("zeros", "use")[1]), daemon.ctl("zeros", "use")[1])
        check("the summary says whose zero it is", [x.split(" of an")[0] for x in told] == [f"plate {x} stands on a zero" for x in ("left", "right")], told)
        check("a tare is better", daemon.ctl("tare")[0] == 0 and "was zeroed in this session" in daemon.ctl("zeros", "use")[2])
        check("and said to be one", "zero of an earlier session" not in daemon.ctl("status")[1])
    check("the log offered them", daemon.said.count("`grfctl zeros use` takes that zero") == 2, daemon.said)
    with CommandedDaemon(GRFD, GRFCTL, DEMO, folder, *empty, 'device.u6.serial="360099999"', 'device.u6.emulation.serial="360099999"') as daemon:
        time.sleep(0.5)
        code, out, err = daemon.ctl("zeros", "use")
        check("another device has none", code == 1 and "no zero is kept" in err and "grfctl zeros use" not in daemon.ctl("status")[1], out + err)


def second_daemon(folder):
    with CommandedDaemon(GRFD, GRFCTL, DEMO, folder, "feed.enabled=true"):
        second = subprocess.run([GRFD, "run", DEMO, "--seconds", "1", "--set", f"control.endpoint=ipc://{folder}/other", "--set", f"feed.endpoint=ipc://{folder}/feed",
                                 "--set", f"record.folder={folder}/other_trials"], capture_output=True, text=True)
        check("the feed of a running daemon is not taken from it", second.returncode == 1 and f"another grfd publishes at ipc://{folder}/feed" in second.stderr, second)


TESTS = [freed, stays_full, deleted, hung_up, never_zeroed, kept_zeros, second_daemon]
for test in [t for t in TESTS if len(sys.argv) < 5 or t.__name__ in sys.argv[4:]]:
    with tempfile.TemporaryDirectory(prefix="grfd_disk_") as place:
        test(place)
finish()
