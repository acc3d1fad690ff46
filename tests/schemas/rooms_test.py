#!/usr/bin/env python3
"""The rooms include only what they may, and every include starts at the root. Usage: rooms_test.py PROJECT"""
import pathlib
import re
import sys

MAY = {"schemas": {"schemas"}, "drivers": {"drivers", "schemas"}, "dsp": {"dsp", "schemas"}, "daemon": {"daemon", "drivers", "dsp", "schemas"},
       "clients": {"clients"}}
root = pathlib.Path(sys.argv[1])
wrong, seen = [], 0
for room, allowed in MAY.items():
    for path in sorted(p for p in (root / room).rglob("*") if p.suffix in (".cpp", ".hpp") and "node_modules" not in p.parts):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not found:
                continue
            seen += 1
            name = found.group(1)
            if room == "clients" and name == "schemas/key_files.hpp":  # a published format that both sides must read alike
                continue
            if name == "grfd_version.hpp" or (room == "clients" and (path.parent / name).exists()):
                continue
            if name.split("/")[0] not in allowed or not (root / name).exists():
                wrong.append(f"{path.relative_to(root)}:{number}: {room} may not include {name}")
print("\n".join(wrong) or f"{seen} includes, all well")
sys.exit(bool(wrong) or seen < 100)
