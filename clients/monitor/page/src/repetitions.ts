// The growing table, one small picture per repetition, and stepping back through them.
import { sides } from "./protocol";
import type { Repetition, Trace, Values } from "./protocol";
import { kindOf, orderOf } from "./room";
import type { Store } from "./store";
import { colours, dash, digits, font, sharp, sideColour } from "./style";

const why = ["", "too shallow", "no ankle motion", "too fast", "too long", "flight", "foot unloaded", "stepped off", "weight changed", "time out", "gap in the data",
  "knee-to-wall trial"];

const value = (values: Values | null | undefined, key: string): number | null => values?.[key] ?? null;
const ms = (seconds: number | null): number | null => (seconds === null ? null : 1000 * seconds);
const course = (trace: Trace, name: string): (number | null)[] => (Array.isArray(trace[name]) ? (trace[name] as (number | null)[]) : []);

function verdict(r: Repetition): string {
  const first = orderOf(r), words: Record<string, string> = { neither: "neither stopped", both: "both at once", unknown: "not known" };
  return words[first] ?? `${first} first${lag(r) === "–" ? "" : `, ${lag(r)} ms`}`;
}
function lag(r: Repetition): string {
  const v = ms(value(r.pair, "finish_lag_rl"));
  return v === null ? "–" : digits(Math.abs(v), 0);
}
/** How much load, and where: "8.0 right". */
function sided(v: number | null): string {
  return v === null ? "–" : `${digits(Math.abs(v), 1)} ${v > 0 ? "R" : v < 0 ? "L" : ""}`;
}

/** People count from 1; in the feed and the file the first repetition is 0. */
const count = (r: Repetition): string => String(r.rep + 1);

/** Name, unit, where it comes from, text. */
const columns: [string, string, string, (r: Repetition) => string][] = [
  ["#", "", "reps/pair.rep", (r) => count(r)],
  ["rate L", "°/s", "reps/left.rate_fit", (r) => digits(value(r.left, "rate_fit"), 1)],
  ["rate R", "°/s", "reps/right.rate_fit", (r) => digits(value(r.right, "rate_fit"), 1)],
  ["range L", "°", "reps/left.range", (r) => digits(value(r.left, "range"), 1)],
  ["range R", "°", "reps/right.range", (r) => digits(value(r.right, "range"), 1)],
  ["stopped first", "", "reps/pair.first_out", orderOf],
  ["lag", "ms", "reps/pair.finish_lag_rl", lag],
  ["load bottom", "%", "reps/pair.bai_bottom_rl", (r) => sided(value(r.pair, "bai_bottom_rl"))],
  ["depth", "cm", "reps/pair.drop", (r) => digits(value(r.pair, "drop") === null ? null : 100 * (value(r.pair, "drop") ?? 0), 1)],
];

export class RepetitionsView {
  private chosen: number | undefined;
  private shown = "";
  private readonly body: HTMLElement;
  private readonly strip = document.getElementById("strip")!;
  private readonly review = document.getElementById("review")!;

  constructor(private readonly store: Store) {
    const table = document.querySelector("#repetitions table")!;
    const head = document.createElement("tr");
    for (const [name, unit, source] of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name;
      cell.dataset["source"] = source;
      const small = document.createElement("small");
      small.textContent = unit === "" ? "\u00a0" : unit;
      cell.append(small);
      head.append(cell);
    }
    table.querySelector("thead")!.append(head);
    this.body = table.querySelector("tbody")!;
    document.getElementById("step-back")!.onclick = () => this.step(-1);
    document.getElementById("step-on")!.onclick = () => this.step(1);
    document.getElementById("step-close")!.onclick = () => this.choose(undefined);
  }

  step(by: number): void {
    const all = this.store.trial();
    if (all.length === 0) return;
    const at = all.findIndex((r) => r.rep === this.chosen);
    const to = at < 0 ? (by < 0 ? all.length - 1 : 0) : Math.min(all.length - 1, Math.max(0, at + by));
    this.choose(all[to]?.rep);
  }
  choose(rep: number | undefined): void {
    this.chosen = rep;
    this.update(true);
  }

  /** Draws only when something changed. */
  update(force = false): void {
    const all = this.store.trial(), last = all[all.length - 1];
    const key = `${this.store.session?.exploratory?.length} ${all.length} ${last?.rep} ${last?.trial} ${last?.left !== null} ${last?.right !== null} ${this.store.session?.session}`;
    if (key === this.shown && !force) return;
    this.shown = key;
    if (this.chosen !== undefined && !all.some((r) => r.rep === this.chosen)) this.chosen = undefined;
    const trial = last?.trial.replace(/\.journal$/, "") ?? "";
    document.getElementById("repetitions-title")!.textContent = all.length === 0 ? "Repetitions: none yet" : `Repetitions: ${all.filter((r) => (value(r.pair, "reason") ?? 0) === 0).length}${trial ? ` in ${trial}` : " (not recorded)"}`;
    const hypotheses = this.store.session?.exploratory ?? [];
    for (const cell of document.querySelectorAll<HTMLElement>("#repetitions th")) cell.classList.toggle("exploratory", hypotheses.includes(cell.dataset["source"] ?? ""));
    this.fillTable(all);
    const one = all.find((r) => r.rep === this.chosen);
    this.strip.hidden = one !== undefined;
    this.review.hidden = one === undefined;
    document.getElementById("multiples")!.classList.toggle("reviewing", one !== undefined);
    document.getElementById("multiples-title")!.textContent = one ? `Looking back: repetition ${count(one)}, not live` : "Dorsiflexion of each repetition, left over right (°)";
    if (one) this.drawReview(one);
    else this.drawStrip(all);
  }

  private fillTable(all: Repetition[]): void {
    this.body.textContent = "";
    for (const r of [...all].reverse()) {
      const row = document.createElement("tr"), reason = value(r.pair, "reason") ?? 0;
      row.tabIndex = 0;
      row.classList.toggle("chosen", r.rep === this.chosen);
      row.dataset["rep"] = String(r.rep);
      row.onclick = () => this.choose(r.rep);
      row.onkeydown = (e) => { if (e.key === "Enter") this.choose(r.rep); };
      if (reason !== 0) {
        const cell = document.createElement("td");
        cell.colSpan = columns.length - 1;
        cell.textContent = `not counted: ${why[reason] ?? "rejected"}`;
        cell.className = "rejected";
        const number = document.createElement("td");
        number.textContent = count(r);
        row.append(number, cell);
      } else {
        for (const [name, , , text] of columns) {
          const cell = document.createElement("td");
          cell.textContent = text(r);
          cell.dataset["column"] = name;
          row.append(cell);
        }
      }
      this.body.append(row);
    }
  }

  /** All pictures have one scale, so that they can be compared. */
  private span(all: Repetition[]): [number, number] {
    let low = 0, high = 30;
    for (const r of all)
      for (const side of sides)
        for (const v of r.trace ? course(r.trace, `angle_${side}`) : [])
          if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
    return [low - 1, high + 1];
  }

  private drawStrip(all: Repetition[]): void {
    const span = this.span(all), wide = Math.max(1, Math.floor((this.strip.clientWidth + 8) / 138)), some = all.filter((r) => (value(r.pair, "reason") ?? 0) === 0).slice(-wide);
    this.strip.textContent = "";
    for (const r of some) {
      const button = document.createElement("button"), canvas = document.createElement("canvas"), label = document.createElement("span");
      button.className = "multiple";
      button.setAttribute("aria-label", `repetition ${count(r)}`);
      label.textContent = `${count(r)} · ${verdict(r)}`;
      button.append(canvas, label);
      button.onclick = () => this.choose(r.rep);
      this.strip.append(button);
      this.drawCourse(canvas, r, "angle", span, false);
    }
    if (some.length === 0) this.strip.append(Object.assign(document.createElement("p"), { className: "hint", textContent: "One picture for each squat appears here as soon as it is finished." }));
  }

  private drawReview(r: Repetition): void {
    const facts = document.getElementById("review-facts")!;
    facts.textContent = "";
    const line = (name: string, text: string) => {
      const p = document.createElement("p"), b = document.createElement("b");
      b.textContent = text;
      p.append(`${name} `, b);
      facts.append(p);
    };
    const both = (key: string, unit: string) => sides.map((s) => `${s} ${digits(value(r[s], key), 1)}${unit}`).join(" · ");
    const load = (key: string) => { const v = value(r.pair, key); return v === null ? "– %" : `${digits(Math.abs(v), 1)} % ${v < 0 ? "left" : "right"}`; };
    line("rate", both("rate_fit", " °/s"));
    line("range", both("range", "°"));
    line("shank, largest", both("shank_max", "°"));
    line("* stopped first", [verdict(r), kindOf(r)].filter((t) => t !== "").join(", "));
    line("more load, standing", load("bai_standing_rl"));
    line("more load, at the bottom", load("bai_bottom_rl"));
    this.drawCourse(this.review.querySelector("canvas")!, r, "angle", this.span([r]), true);
  }

  private drawCourse(canvas: HTMLCanvasElement, r: Repetition, name: string, [low, high]: [number, number], large: boolean): void {
    const w = canvas.clientWidth, h = canvas.clientHeight, c = sharp(canvas, { w, h }), trace = r.trace;
    if (!c || !trace) return;
    const ink = colours(), left = large ? 42 : 22, bottom = large ? 20 : 4, top = large ? 16 : 11;
    const n = course(trace, "angle_left").length, x = (t: number) => left + ((w - left - 4) * (t - trace.t0)) / Math.max(0.1, n * trace.dt), y = (v: number) => top + ((h - top - bottom) * (high - v)) / (high - low);
    c.strokeStyle = ink.line;
    c.fillStyle = ink.soft;
    c.font = font(large ? 13 : 11);
    c.textAlign = "right";
    c.lineWidth = 1;
    for (let v = 0; v <= high; v += 10) {
      c.beginPath();
      c.moveTo(left, y(v));
      c.lineTo(w - 4, y(v));
      c.stroke();
      c.fillText(large ? `${v}°` : String(v), left - 4, y(v) + 4);
    }
    if (large) {
      c.textAlign = "center";
      for (let t = 0; t < n * trace.dt; t++) c.fillText(`${t} s`, x(trace.t0 + t), h - 5);
    }
    const delay = this.store.delay(`${name}_right`);
    for (const side of sides) {
      c.strokeStyle = sideColour(this.store, side);
      c.lineWidth = large ? 3 : 2.5;
      c.setLineDash(this.store.solid(side) ? [] : large ? dash : [5, 3]);
      c.beginPath();
      let pen = false;
      course(trace, `${name}_${side}`).forEach((v, i) => {
        const at = x(trace.t0 + i * trace.dt - delay);
        if (v !== null) {
          if (pen) c.lineTo(at, y(v));
          else c.moveTo(at, y(v));
        }
        pen = v !== null;
      });
      c.stroke();
      c.setLineDash([]);
    }
    this.finishes(c, r, trace, delay, x, y, large);
  }

  /** Where each ankle stopped, and how long the second one went on. */
  private finishes(c: CanvasRenderingContext2D, r: Repetition, trace: Trace, delay: number, x: (t: number) => number, y: (v: number) => number, large: boolean): void {
    const size = large ? 8 : 5, times = sides.map((side) => value(r[side], "finish"));
    sides.forEach((side, i) => {
      const t = times[i] ?? null, level = t === null ? null : course(trace, `angle_${side}`)[Math.round((t + delay - trace.t0) / trace.dt)] ?? null;
      if (t === null || level === null) return;
      c.fillStyle = c.strokeStyle = sideColour(this.store, side);
      c.beginPath();
      c.moveTo(x(t) - size, y(level) - 2 * size);
      c.lineTo(x(t) + size, y(level) - 2 * size);
      c.lineTo(x(t), y(level) - 2);
      c.fill();
      if (!large) return;
      c.lineWidth = 2;
      c.setLineDash(this.store.solid(side) ? [] : dash);
      c.beginPath();
      c.moveTo(x(t), y(level));
      c.lineTo(x(t), y(0));
      c.stroke();
      c.setLineDash([]);
    });
    const [a, b] = [Math.min(...times.map((t) => t ?? NaN)), Math.max(...times.map((t) => t ?? NaN))];
    if (!large || !(b > a) || lag(r) === "–") return;
    c.fillStyle = c.strokeStyle = colours().ink;
    c.font = font(14, 700);
    const text = `${lag(r)} ms`, inside = c.measureText(text).width + 6 < x(b) - x(a), high = y(0) - 14;
    c.textAlign = inside ? "center" : "left";
    c.fillText(text, inside ? x((a + b) / 2) : x(b) + 6, high - 4);
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(x(a), high);
    c.lineTo(x(b), high);
    c.stroke();
  }
}
