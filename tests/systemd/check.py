#!/usr/bin/env python3
"""Installs grfd into an empty folder and checks what lies there: every file, the unit, the udev rules, account and folders.
Usage: check.py SOURCE BUILD      exit code 77: systemd-analyze is not here, only the rest was checked"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

source, build = Path(sys.argv[1]), Path(sys.argv[2])
cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M))
prefix = Path(cache["CMAKE_INSTALL_PREFIX"])
config = Path("/etc/grfd") if str(prefix) == "/usr" else prefix / "etc/grfd"
bad = []


def check(ok, what):
    print("  ok    " + what.splitlines()[0] if ok else "  WRONG " + what)
    if not ok:
        bad.append(what)


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)


def under(root, path):
    return root / str(path).lstrip("/")


def check_files(root):
    expected = [prefix / p for p in (
        "bin/grfd", "bin/grfctl", "bin/grfmon", "lib/systemd/system/grfd.service", "lib/systemd/system/grfmon.service", "lib/udev/rules.d/60-grfd.rules", "lib/sysusers.d/grfd.conf",
        "lib/tmpfiles.d/grfd.conf", "share/grfd/python/examples/live.py", "share/grfd/config/grfd.toml")]
    expected += [prefix / "share/grfd/schemas" / f.name for f in (source / "schemas").iterdir() if f.suffix in (".md", ".json")]
    expected += [prefix / "share/doc/grfd" / n for n in ("README.md", "LICENSE", "CHANGELOG.md", "measures.md")]
    expected += [config / f.relative_to(source / "config") for f in (source / "config").rglob("*.toml")]
    missing = [str(e) for e in expected if not under(root, e).is_file()]
    check(not missing, f"{len(expected)} files are installed" + (": missing " + ", ".join(missing) if missing else ""))
    check(os.access(under(root, prefix / "bin/grfd"), os.X_OK), "grfd can be executed")
    check(run(under(root, prefix / "bin/grfd"), "version").stdout.startswith("grfd "), "and says its version")
    demo = run(under(root, prefix / "bin/grfd"), "check-config", under(root, config / "demo.toml"))
    check(demo.returncode == 0, "the installed demo.toml finds its calibration files " + demo.stderr)


def check_kept(root):
    mine = under(root, config / "grfd.toml")
    mine.write_text("# of the lab\n")
    install(root)
    check(mine.read_text() == "# of the lab\n", "settings of the lab survive a second installation")
    shutil.copy(source / "config/grfd.toml", mine)


def install(root):
    done = run("cmake", "--install", build, env=dict(os.environ, DESTDIR=str(root)))
    if done.returncode:
        sys.exit("cmake --install failed:\n" + done.stdout + done.stderr)


def verify(folder, text, name="grfd.service"):
    """What systemd-analyze says about our unit, and its exit code."""
    unit = folder / name
    unit.write_text(text)
    done = run("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
    return done.returncode, [line for line in done.stderr.splitlines() if "grfd" in line]


def check_unit(root, folder):
    unit = under(root, prefix / "lib/systemd/system/grfd.service").read_text()
    check("@" not in re.sub(r"~?@[a-z-]+", "", unit), "no placeholder is left in the unit")
    words = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
    check(words[1] == "run" and under(root, words[0]).is_file() and under(root, words[2]).is_file(), f"ExecStart names what was installed: {' '.join(words)}")
    check(re.search(r"^WorkingDirectory=/var/lib/grfd$", unit, re.M) and re.search(r"^StateDirectory=grfd$", unit, re.M), "recordings go below /var/lib/grfd")
    if not shutil.which("systemd-analyze"):
        print("  note: no systemd-analyze; the unit was not verified")
        return False
    here = unit.replace(words[0], str(under(root, words[0]))).replace(words[2], str(under(root, words[2])))
    code, said = verify(folder, here)
    check(code == 0 and not said, "systemd-analyze verify " + "; ".join(said))
    code, said = verify(folder, here.replace("WatchdogSec=", "WatchdgoSec="))
    check(said, "and it would have seen a misspelt key")
    (folder / "grfd.service").write_text(here)
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", folder / "grfd.service")
    level = re.search(r"exposure level for .*", done.stdout + done.stderr)
    check(done.returncode == 0, "systemd-analyze security, at most 2.0: " + (level.group(0) if level else done.stderr))
    check_monitor_unit(root, folder)
    return True


def check_monitor_unit(root, folder):
    unit = under(root, prefix / "lib/systemd/system/grfmon.service").read_text()
    words = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
    check(words[1] == "--config" and under(root, words[0]).is_file() and under(root, words[2]).is_file(), f"ExecStart names what was installed: {' '.join(words)}")
    here = unit.replace(words[0], str(under(root, words[0]))).replace(words[2], str(under(root, words[2])))
    code, said = verify(folder, here, "grfmon.service")
    check(code == 0 and not said, "systemd-analyze verify of the web monitor " + "; ".join(said))
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=30", folder / "grfmon.service")
    level = re.search(r"exposure level for .*", done.stdout + done.stderr)
    check(done.returncode == 0, "systemd-analyze security, at most 3.0: " + (level.group(0) if level else done.stderr))


MATCH = {"ACTION", "SUBSYSTEM", "ENV", "ATTR", "ATTRS", "TEST", "KERNEL", "DRIVERS"}
ASSIGN = {"GOTO", "LABEL", "ENV", "GROUP", "MODE", "ATTR", "TAG"}


def check_rules(root):
    rules = under(root, prefix / "lib/udev/rules.d/60-grfd.rules")
    wrong, labels, jumps = [], [], []
    for number, line in enumerate(rules.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = re.findall(r'\s*([A-Z]+)(?:\{([^}]*)\})?(==|!=|=|\+=|:=)"([^"]*)"\s*(?:,|$)', line)
        if "".join("x" for _ in parts) == "" or re.sub(r'\s*[A-Z]+(?:\{[^}]*\})?(==|!=|=|\+=|:=)"[^"]*"\s*(?:,|$)', "", line):
            wrong.append(f"line {number} does not parse")
        for key, attribute, operator, value in parts:
            if key not in (MATCH if operator in ("==", "!=") else ASSIGN):
                wrong.append(f"line {number}: {key}{operator}")
            if (key in ("ATTR", "ATTRS", "ENV", "TEST")) != bool(attribute or key == "TEST"):
                wrong.append(f"line {number}: {key} without a name")
            if "idVendor" in attribute or "idProduct" in attribute:
                if not re.fullmatch(r"[0-9a-f]{4}", value):
                    wrong.append(f"line {number}: an id is four small hexadecimal digits, not {value}")
            if key == "LABEL":
                labels.append((value, number))
            if key == "GOTO":
                jumps.append((value, number))
    for label, number in jumps:
        if not any(name == label and at > number for name, at in labels):
            wrong.append(f"line {number}: GOTO {label} has no label further down")
    check(not wrong, "udev rules " + "; ".join(wrong))
    if shutil.which("udevadm") and run("udevadm", "verify", "--help").returncode == 0:
        done = run("udevadm", "verify", "--resolve-names=never", rules)
        check(done.returncode == 0, "udevadm verify " + done.stdout + done.stderr)


def check_account(root):
    if os.geteuid() != 0 or not (shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles")):
        print("  note: account and folders were not tried; that needs root, systemd-sysusers and systemd-tmpfiles")
        return
    (root / "etc").mkdir(exist_ok=True)
    done = run("systemd-sysusers", f"--root={root}", under(root, prefix / "lib/sysusers.d/grfd.conf"))
    check(done.returncode == 0, "systemd-sysusers " + done.stderr)
    passwd, group = (root / "etc/passwd").read_text(), (root / "etc/group").read_text()
    check(re.search(r"^grfd:.*:/var/lib/grfd:/usr/sbin/nologin$", passwd, re.M) and re.search(r"^grfd:", group, re.M), "account grfd without a login, group grfd")
    done = run("systemd-tmpfiles", f"--root={root}", "--create", under(root, prefix / "lib/tmpfiles.d/grfd.conf"))
    check(done.returncode == 0, "systemd-tmpfiles " + done.stderr)
    uid, gid = map(int, re.search(r"^grfd:[^:]*:(\d+):(\d+):", passwd, re.M).groups())
    folder = (root / "var/lib/grfd/recordings").stat()
    check((folder.st_uid, folder.st_gid, oct(folder.st_mode & 0o7777)) == (uid, gid, "0o2750"), "recordings belong to grfd, the group reads them")
    folder = (root / "etc/grfd/keys").stat()
    check((folder.st_uid, folder.st_gid, oct(folder.st_mode & 0o7777)) == (uid, gid, "0o700"), "keys belong to grfd, nobody else reads them")


with tempfile.TemporaryDirectory(prefix="grfd-install-") as temporary:
    root, folder = Path(temporary) / "root", Path(temporary) / "unit"
    root.mkdir()
    folder.mkdir()
    install(root)
    check_files(root)
    check_kept(root)
    whole = check_unit(root, folder)
    check_rules(root)
    check_account(root)
if bad:
    sys.exit(f"{len(bad)} wrong")
sys.exit(0 if whole else 77)
