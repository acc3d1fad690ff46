"""python3 -m grfd info FILE | export FILE --csv DIR | live [STREAM ...]"""
from __future__ import annotations

import argparse
import sys
import time

import grfd

from .export import export


def info(path: str) -> None:
    with grfd.open(path) as r:
        a = r.attributes
        print(
            f"{path}: session {a['session_id']}, started {a['start_utc']}, "
            f"grfd {a['software_version']} {a['software_build']}"
        )
        print(
            f"participant {a['participant_code'] or '-'}, dominant side {a['dominant_side']}; "
            + ("ended properly" if a["clean_end"] else "was CUT OFF (crash or power)")
            + (", simulated" if a["virtual_time"] else "")
        )
        for name in r.streams:
            s = r[name]
            if not len(s):
                print(f"  {name:34} empty")
                continue
            t = s.t
            columns = ", ".join(
                (f"{c.name} [{c.unit}]" if c.unit not in ("", "1") else c.name)
                + (" (exploratory)" if c.exploratory and not s.info.exploratory else "")
                for c in s.info.columns
            )
            missing = s.missing_rows()
            print(
                f"  {name:34} {len(s):8} rows  {t[0]:9.3f} to {t[-1]:9.3f} s  {s.info.rate_hz:6g} Hz"
                + (f"  MISSING {missing} rows" if missing else "")
            )
            print(f"    {columns}" + ("  (exploratory)" if s.info.exploratory else ""))
        gaps = r.gaps
        print(f"{len(gaps)} entries in the account of losses" + (":" if gaps else ""))
        for row in gaps[:20]:
            print(f"  {row.t:9.3f} s  {row.text}")


def follow(streams: list[str], endpoint: str | None, seconds: float | None) -> None:
    newest: dict[str, str] = {}
    shown_s = started_s = time.monotonic()
    with grfd.live(streams or ["cop/total", "ankle/", "events"], endpoint=endpoint) as feed:
        for block in feed:
            now_s = time.monotonic()
            if block.missed_messages:
                print(f"{block.stream}: {block.missed_messages} messages did not get here", file=sys.stderr)
            if block.info.is_text:
                for row in block.texts:
                    print(f"{row.t:9.3f} s  {block.stream}  {row.text}", flush=True)
            else:
                values = "  ".join(
                    f"{n} {v:.4g} {u}" for n, v, u in zip(block.info.names, block.values[-1], block.units.values())
                )
                newest[block.stream] = f"{block.t[-1]:9.3f} s  {block.stream}  {values}"
            if now_s - shown_s >= 0.5:
                print("\n".join(newest.values()), flush=True)
                newest.clear()
                shown_s = now_s
            if seconds is not None and now_s - started_s >= seconds:
                return


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m grfd", description="Recordings and the live feed of grfd.")
    commands = parser.add_subparsers(dest="command", required=True)
    a = commands.add_parser("info", help="what is in a recording")
    a.add_argument("file")
    a = commands.add_parser("export", help="a recording as CSV files")
    a.add_argument("file")
    a.add_argument("--csv", required=True, metavar="DIR", help="folder for one file per stream")
    a.add_argument("--stream", action="append", help="only this stream; may be repeated")
    a.add_argument(
        "--remove-delays", action="store_true", help="every value at its own time, delays of filters taken off"
    )
    a = commands.add_parser("live", help="prints a running feed twice a second")
    a.add_argument(
        "stream", nargs="*", help="names, or beginnings that end in a slash (default: cop/total ankle/ events)"
    )
    a.add_argument("--endpoint", help="feed.endpoint of the daemon's settings")
    a.add_argument("--seconds", type=float)
    given = parser.parse_args(words)
    try:
        if given.command == "info":
            info(given.file)
        elif given.command == "export":
            with grfd.open(given.file) as r:
                files = export(r, given.csv, streams=given.stream, remove_delays=given.remove_delays)
            print(f"{len(files)} files in {given.csv}; streams.csv explains the columns")
        else:
            follow(given.stream, given.endpoint, given.seconds)
    except (grfd.GrfdError, OSError, KeyError) as e:
        print(f"grfd: {e.args[0] if isinstance(e, KeyError) else e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
