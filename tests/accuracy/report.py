"""Figures against their bounds: printed as they come, and a Markdown report at the end."""
import pathlib
import time

from bounds import BOUNDS
from reasons import CAUSES, REASONS


def number(value):
    if isinstance(value, str):
        return value
    return (
        f"{value:.0f}"
        if float(value).is_integer() and abs(value) < 1e6
        else f"{value:.3g}"
        if abs(value) < 100
        else f"{value:.1f}"
    )


class Report:
    def __init__(self, path, bounds=None):
        self.path, self.bounds = pathlib.Path(path), bounds or BOUNDS
        self.folder = self.path.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parts, self.notes, self.worst, self.missed, self.limits = [], [], {}, [], set()
        self.short = []  # parts that gave fewer figures than the recordings have
        self.started = time.monotonic()
        self.plots = pyplot()

    def state(self):
        """The bounds, before anything is measured."""
        lines = ["| bound | limit | unit | figure | expected value from |", "|---|---|---|---|---|"]
        lines += [f"| {k} | {b.words()} | {b.unit} | {b.what} | {b.source} |" for k, b in self.bounds.items()]
        self.stated = lines
        print("\n".join(lines), flush=True)

    def part(self, title):
        self.parts.append((title, []))
        print(f"\n## {title} ({time.monotonic() - self.started:.0f} s)", flush=True)

    def text(self, line):
        self.parts[-1][1].append(line)
        print(line, flush=True)

    def figure(self, name, where, value):
        """One measured value; NaN never passes."""
        bound = self.bounds[name]
        value = float(value)
        ok = bound.holds(value)
        if not ok:
            self.missed.append((name, where, value))
        count, worst, at, bad = self.worst.get(name, (0, value, where, 0))
        if bound.worse(value, worst) != worst or value != value:
            worst, at = value, where
        self.worst[name] = (count + 1, worst, at, bad + (not ok))
        print(
            f"  {where:44s} {bound.what[:60]:60s} {number(value):>10s}  bound {bound.words()} {bound.unit}"
            f"{'' if ok else '   <-- MISSED'}",
            flush=True,
        )
        return ok

    def limit(self, name):
        """Of a bound that sorts what is judged otherwise: it counts as tried."""
        self.limits.add(name)
        return self.bounds[name].limit

    def count(self):
        return sum(w[0] for w in self.worst.values())

    def table(self, head, rows):
        self.text("")
        self.text("| " + " | ".join(head) + " |")
        self.text("|" + "---|" * len(head))
        for row in rows:
            self.text("| " + " | ".join(number(x) for x in row) + " |")
        self.text("")

    def plot(self, name, draw):
        """`draw(pyplot, figure)` when matplotlib is there."""
        if not self.plots:
            return
        figure = self.plots.figure(figsize=(9, 5))
        draw(self.plots, figure)
        figure.tight_layout()
        figure.savefig(self.folder / name, dpi=110)
        self.plots.close(figure)
        self.text(f"![{name}]({name})")

    def expect(self, part, figures, least):
        if figures < least:
            self.short.append(part)
            self.note(f"**the part '{part}' has {figures} figures of {least}**: recordings are missing, and this report fails")

    def note(self, line):
        """Something that is not done or falls short, at the head of the report."""
        self.notes.append(line)
        print("note: " + line, flush=True)

    def finish(self, head, everything=False):
        """@return whether the report fails: a bound is missed, or, where everything was to be measured, was never tried"""
        never = [k for k in self.bounds if k not in self.worst and k not in self.limits]
        if everything and never:
            self.note(f"**{len(never)} bounds were never tried**, so this report fails: " + ", ".join(never))
        lines = ["# Accuracy of grfd", "", *head, ""]
        verdict = (
            "All bounds that were tried are held."
            if not self.missed
            else f"**{len(self.missed)} figures miss their bound.**"
        )
        lines += [verdict, ""]
        if not self.plots:
            self.note("python3-matplotlib is not installed: no plots")
        lines += [f"* {n}" for n in self.notes] + [""] if self.notes else []
        lines += [
            "## Figures against bounds",
            "",
            "Bounds are printed before each run (tests/accuracy/bounds.py). Not all were fixed before any figure was known: what was "
            "revised after earlier runs, and why, stands under *Bounds that were revised*.",
            "",
            "| bound | figure | unit | limit | worst found | at | figures | | expected value from |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for k, (count, worst, at, bad) in self.worst.items():
            b = self.bounds[k]
            lines.append(
                f"| {k} | {b.what} | {b.unit} | {b.words()} | {number(worst)} | {at} | {count} | "
                f"{f'**{bad} MISSED**' if bad else 'pass'} | {b.source} |"
            )
        lines.append("")
        if never:
            lines += ["Not measured in this run: " + ", ".join(never) + ".", ""]
        if self.missed:
            lines += ["## Missed", "", "| bound | at | value | limit | what is known of it |", "|---|---|---|---|---|"]
            for k, w, v in self.missed:
                lines.append(
                    f"| {k} | {w} | {number(v)} | {self.bounds[k].words()} | {CAUSES.get(k, 'not looked into yet')} |"
                )
            lines.append("")
        lines += [
            "## Bounds that were revised",
            "",
            "| bound | first written | found then | now | why |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| {' | '.join(row)} |" for row in REASONS] + [""]
        for title, body in self.parts:
            lines += [f"## {title}", "", *body, ""]
        self.path.write_text("\n".join(lines))
        took = time.monotonic() - self.started
        print(
            f"\n{self.path}: {self.count()} figures, {len(self.missed)} missed, {took:.0f} s",
            flush=True,
        )
        for k, w, v in self.missed:
            print(f"  MISSED {k} at {w}: {number(v)} ({self.bounds[k].words()} {self.bounds[k].unit})")
        return bool(self.missed or self.short or (everything and never))


def pyplot():
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plots

        return plots
    except ImportError:
        return None
