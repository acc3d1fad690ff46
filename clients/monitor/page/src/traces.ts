// Angle, rate and force of both sides against time, on one time axis.
import uPlot from "uplot";
import { sides } from "./protocol";
import { settings } from "./settings";
import type { Store } from "./store";
import { colours, dash, font, sideColour } from "./style";

interface Kind { column: string; title: string; low: number; high: number; step: number; marks: boolean; axis: boolean }
const kinds: Record<string, Kind> = {
  "plot-angle": { column: "angle", title: "Dorsiflexion (°)", low: -5, high: 35, step: 10, marks: true, axis: false },
  "plot-rate": { column: "rate", title: "Dorsiflexion rate (°/s)", low: -40, high: 40, step: 20, marks: true, axis: false },
  "plot-force": { column: "fz", title: "Vertical force (N)", low: 0, high: 600, step: 200, marks: false, axis: true },
};

class Trace {
  private plot: uPlot | undefined;
  private readonly data: [number[], (number | null)[], (number | null)[]] = [[], [], []];
  private low: number;
  private high: number;
  private width = 0;
  constructor(private readonly root: HTMLElement, private readonly kind: Kind, private readonly store: Store) {
    this.low = kind.low;
    this.high = kind.high;
  }

  /** Theme, size or sides changed. */
  rebuild(): void {
    this.plot?.destroy();
    this.plot = undefined;
    if (this.root.clientWidth === 0 || this.root.clientHeight === 0) return;
    const ink = colours(), grid = { stroke: ink.line, width: 1 }, axisFont = font(14);
    this.width = this.root.clientWidth;
    this.plot = new uPlot({
      width: this.width, height: this.root.clientHeight, padding: [24, 8, 4, 0],
      cursor: { show: false }, legend: { show: false }, select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: { x: { time: false, range: () => [this.store.now() - settings.seconds, this.store.now()] }, y: { range: () => [this.low, this.high] } },
      axes: [
        { show: true, stroke: ink.soft, font: axisFont, grid, ticks: { show: false }, size: this.kind.axis ? 24 : 2, gap: 3, space: 60,
          values: (_u, splits) => splits.map((v) => (this.kind.axis ? `${Math.round(v)} s` : "")) },
        { stroke: ink.soft, font: axisFont, grid, ticks: { show: false }, size: 50, gap: 5, space: 16, incrs: [this.kind.step, 2 * this.kind.step, 5 * this.kind.step, 10 * this.kind.step] },
      ],
      series: [{}, ...sides.map((side) => ({
        stroke: sideColour(this.store, side), width: 3, points: { show: false }, spanGaps: false, pxAlign: 0, ...(this.store.solid(side) ? {} : { dash }),
      }))],
      hooks: { draw: [(u) => this.decorate(u)] },
    }, [[], [], []], this.root);
  }

  draw(): void {
    const a = this.store.columns.get(`${this.kind.column}_left`), b = this.store.columns.get(`${this.kind.column}_right`);
    if (!this.plot || !a || !b) return;
    const delay = this.store.delay(`${this.kind.column}_right`), t = this.store.t; // the filter's delay; so that all three plots are true to one time
    const slot = this.store.session?.slot_s ?? 0.01, every = Math.max(1, Math.round((2 * settings.seconds) / (this.width * slot))), [x, left, right] = this.data;
    x.length = left.length = right.length = 0;
    for (let i = 0; i < t.length; i++) {
      const l = a[i] ?? null, r = b[i] ?? null, hole = l === null || r === null;
      if (!hole && i < t.length - 1 && Math.round(t[i]! / slot) % every !== 0) continue; // no more points than every second pixel shows
      x.push(t[i]! - delay);
      left.push(l);
      right.push(r);
      this.widen(l);
      this.widen(r);
    }
    this.plot.setData([x, left, right], true);
  }

  private widen(v: number | null): void {
    if (v === null) return;
    while (v > this.high) this.high += this.kind.step;
    while (v < this.low - this.kind.step / 4) this.low -= this.kind.step;
  }

  private decorate(u: uPlot): void {
    const c = u.ctx, ink = colours(), ratio = uPlot.pxRatio, { left, top, width, height } = u.bbox;
    c.save();
    c.font = font(15 * ratio, 600);
    c.fillStyle = ink.ink;
    c.textAlign = "left";
    c.textBaseline = "alphabetic";
    c.fillText(this.kind.title, left, top - 7 * ratio);
    if (this.low < 0) {
      const zero = u.valToPos(0, "y", true);
      c.fillStyle = ink.soft;
      c.fillRect(left, zero, width, ratio);
    }
    if (this.kind.column === "angle") this.drawLegend(c, ratio, left + width, top - 7 * ratio);
    if (this.kind.marks) {
      c.beginPath();
      c.rect(left, top, width, height);
      c.clip();
      this.drawMarks(u, c, ratio, left, top, width, height);
    }
    c.restore();
  }

  /** Which line is which, at the right end of the title's line; for all three plots. */
  private drawLegend(c: CanvasRenderingContext2D, ratio: number, right: number, y: number): void {
    c.font = font(14 * ratio, 600);
    let x = right;
    for (const side of [...sides].reverse()) {
      x -= c.measureText(side).width;
      c.fillStyle = c.strokeStyle = sideColour(this.store, side);
      c.fillText(side, x, y);
      c.lineWidth = 3 * ratio;
      c.setLineDash(this.store.solid(side) ? [] : dash.map((d) => d * ratio));
      c.beginPath();
      c.moveTo(x - 46 * ratio, y - 5 * ratio);
      c.lineTo(x - 8 * ratio, y - 5 * ratio);
      c.stroke();
      c.setLineDash([]);
      x -= 66 * ratio;
    }
  }

  private drawMarks(u: uPlot, c: CanvasRenderingContext2D, ratio: number, left: number, top: number, width: number, height: number): void {
    for (const mark of this.store.marks) {
      const x = u.valToPos(mark.t, "x", true);
      if (x < left || x > left + width) continue;
      c.strokeStyle = c.fillStyle = sideColour(this.store, mark.side);
      c.lineWidth = 2 * ratio;
      c.setLineDash(this.store.solid(mark.side) ? [] : dash.map((d) => d * ratio));
      c.beginPath();
      c.moveTo(x, top);
      c.lineTo(x, top + height);
      c.stroke();
      c.setLineDash([]);
      c.beginPath();
      c.moveTo(x - 8 * ratio, top);
      c.lineTo(x + 8 * ratio, top);
      c.lineTo(x, top + 11 * ratio);
      c.fill();
      if (this.kind.column !== "angle") continue;
      // beside the line where the curves are not: before the first stop above them, after the second one below
      c.font = font(16 * ratio, 700);
      const wide = c.measureText(mark.text).width, y = mark.later ? top + height - 12 * ratio : top + 16 * ratio;
      const fits = x + 8 * ratio + wide <= left + width, at = mark.later ? (fits ? x + 8 * ratio : x - wide - 8 * ratio) : x - wide - 14 * ratio;
      c.fillStyle = colours().panel;
      c.globalAlpha = 0.8;
      c.fillRect(at - 3 * ratio, y - 15 * ratio, wide + 6 * ratio, 20 * ratio);
      c.globalAlpha = 1;
      c.fillStyle = sideColour(this.store, mark.side);
      c.fillText(mark.text, at, y);
    }
  }
}

export class TracesView {
  private readonly traces: Trace[];
  constructor(store: Store) {
    this.traces = Object.entries(kinds).map(([id, kind]) => new Trace(document.getElementById(id)!, kind, store));
    let size = "";
    new ResizeObserver(() => {
      const now = this.traces.map((_, i) => Object.keys(kinds)[i]).map((id) => `${document.getElementById(id!)!.clientWidth}x${document.getElementById(id!)!.clientHeight}`).join();
      if (now !== size) this.rebuild();
      size = now;
    }).observe(document.getElementById("ankles")!);
  }
  rebuild(): void { for (const trace of this.traces) trace.rebuild(); }
  drawAnkles(): void { for (const trace of this.traces.slice(0, 2)) trace.draw(); }
  drawForce(): void { this.traces[2]?.draw(); }
}
