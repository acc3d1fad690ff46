// Both plates from above: feet, the trails of the centre of pressure, the target band.
import type { Band } from "./band";
import { sides } from "./protocol";
import type { Plate, Side } from "./protocol";
import { settings } from "./settings";
import type { Store } from "./store";
import { colours, dash, font, sharp, sideColour, watchSize } from "./style";

const trailSeconds = 5;
const contactN = 20;
// Outline of a right foot, heel at (0, 0), toes forward, in parts of its length.
const outline: [number, number][] = [
  [0, 0], [0.11, 0.03], [0.13, 0.14], [0.12, 0.34], [0.16, 0.55], [0.2, 0.7], [0.17, 0.84], [0.08, 0.95], [-0.06, 1], [-0.15, 0.96], [-0.17, 0.82],
  [-0.14, 0.66], [-0.08, 0.48], [-0.09, 0.3], [-0.13, 0.14], [-0.11, 0.03],
];
const gap = 12;
const footM = 0.27, heelBehindCopM = 0.12;

type Map1 = (metres: number) => number;
interface Foot { x: number; y: number; n: number; since: number }

export class PlatesView {
  private feet: Partial<Record<Side, Foot>> = {};
  private readonly size;
  constructor(private readonly canvas: HTMLCanvasElement, private readonly store: Store, private readonly target: Band) { this.size = watchSize(canvas); }

  /** A foot is drawn where the load was in its first second on the plate: plates do not see feet. */
  private foot(side: Side): Foot | undefined {
    const s = this.store, fz = s.newest(`fz_${side}`), x = s.newest(`ml_${side}`), y = s.newest(`ap_${side}`), now = s.now();
    if (fz === null || fz < contactN) {
      delete this.feet[side];
      return undefined;
    }
    if (x === null || y === null) return this.feet[side];
    const foot = (this.feet[side] ??= { x, y, n: 1, since: now });
    if (now - foot.since < 1 && now >= foot.since) {
      foot.n++;
      foot.x += (x - foot.x) / foot.n;
      foot.y += (y - foot.y) / foot.n;
    }
    return foot;
  }

  draw(): void {
    const { w, h } = this.size, c = sharp(this.canvas, this.size), s = this.store, plates = s.session?.plates ?? [];
    if (!c) return;
    const ink = colours();
    const corners = plates.flatMap((p) => p.corners_m);
    if (corners.length === 0) {
      c.fillStyle = ink.soft;
      c.font = font(16);
      c.textAlign = "center";
      c.fillText("no force plates in this session", w / 2, h / 2);
      return;
    }
    const xs = corners.map((p) => p[0]), ys = corners.map((p) => p[1]), margin = 6;
    const x0 = Math.min(...xs), x1 = Math.max(...xs), y0 = Math.min(...ys), y1 = Math.max(...ys);
    const closeW = w > 300 ? Math.max(100, 0.28 * w) : 0, room = w - closeW - (closeW > 0 ? gap : 0);
    const scale = Math.min((room - 2 * margin) / (x1 - x0), (h - 2 * margin) / (y1 - y0));
    const px = (x: number) => room / 2 + (x - (x0 + x1) / 2) * scale, py = (y: number) => h / 2 - (y - (y0 + y1) / 2) * scale;

    for (const plate of plates) this.plate(c, plate, px, py);
    this.band(c, px, py);
    for (const side of sides) {
      const foot = this.foot(side);
      if (foot) this.outline(c, side, foot, scale, px, py);
      this.trail(c, side, sideColour(s, side), s.solid(side) ? [] : dash, 3, px, py);
    }
    this.trail(c, "total", ink.total, [], 3, px, py);
    c.fillStyle = ink.soft;
    c.font = font(13);
    c.textAlign = "left";
    c.fillRect(px(x0) + 8, py(y0) - 10, 0.1 * scale, 3);
    c.fillText("100 mm", px(x0) + 8, py(y0) - 15);
    c.textAlign = "right";
    c.fillText("↑ forward", px(x1) - 8, py(y0) - 10);
    if (closeW > 0) this.closeUp(c, w - closeW, closeW, h);
  }

  private band(c: CanvasRenderingContext2D, px: Map1, py: Map1): void {
    const edges = settings.band ? this.target.edges() : undefined;
    if (!edges) return;
    const ink = colours(), half = settings.bandMl / 1000, x = px(-half), y = py(edges.high);
    c.fillStyle = ink.band;
    c.fillRect(x, y, px(half) - x, py(edges.low) - y);
    c.strokeStyle = ink.soft;
    c.lineWidth = 1.5;
    c.strokeRect(x, y, px(half) - x, py(edges.low) - y);
  }

  /** The combined centre of pressure and its target, so large that a centimetre can be seen from afar. */
  private closeUp(c: CanvasRenderingContext2D, left: number, w: number, h: number): void {
    const { low, high } = this.target.edges() ?? { low: settings.bandApLow / 1000, high: settings.bandApHigh / 1000 };
    const ink = colours(), top = 22, bottom = h - 3, tall = high - low + 0.06, wide = 2 * settings.bandMl / 1000 + 0.02;
    const scale = Math.min((bottom - top) / tall, w / wide), middle = (high + low) / 2;
    const px = (x: number) => left + w / 2 + x * scale, py = (y: number) => (top + bottom) / 2 - (y - middle) * scale;
    c.font = font(13, 600);
    c.textAlign = "center";
    c.fillStyle = ink.soft;
    c.fillText("◆ close up", left + w / 2, 15);
    c.save();
    c.beginPath();
    c.rect(left, top, w, bottom - top);
    c.clip();
    this.band(c, px, py);
    this.trail(c, "total", ink.total, [], 3, px, py, [left + 12, left + w - 12, top + 12, bottom - 12]);
    c.fillStyle = ink.soft;
    c.font = font(13);
    c.textAlign = "left";
    c.fillRect(left + 8, bottom - 9, 0.02 * scale, 3);
    c.fillText("20 mm", left + 8, bottom - 14);
    if (settings.band) {
      const words = `* ${this.target.words()}`;
      c.font = font(13 * Math.min(1, (w - 10) / c.measureText(words).width));
      c.textAlign = "center";
      c.fillText(words, left + w / 2, top + 16);
    }
    c.restore();
    c.strokeStyle = ink.line;
    c.lineWidth = 2;
    c.strokeRect(left + 1, top, w - 2, bottom - top);
  }

  private plate(c: CanvasRenderingContext2D, plate: Plate, px: Map1, py: Map1): void {
    const ink = colours();
    c.beginPath();
    plate.corners_m.forEach((p, i) => (i === 0 ? c.moveTo(px(p[0]), py(p[1])) : c.lineTo(px(p[0]), py(p[1]))));
    c.closePath();
    c.strokeStyle = ink.line;
    c.lineWidth = 2;
    c.stroke();
    const outer = plate.side === "left" ? Math.min(...plate.corners_m.map((p) => p[0])) : Math.max(...plate.corners_m.map((p) => p[0]));
    c.fillStyle = sideColour(this.store, plate.side);
    const wide = (Math.max(...plate.corners_m.map((p) => p[0])) - Math.min(...plate.corners_m.map((p) => p[0]))) * Math.abs(px(1) - px(0));
    const size = Math.min(22, wide / 4.5);
    c.font = font(size, 700);
    c.textAlign = plate.side === "left" ? "left" : "right";
    c.fillText(plate.side.toUpperCase(), px(outer) + (plate.side === "left" ? 8 : -8), py(Math.max(...plate.corners_m.map((p) => p[1]))) + size + 6);
  }

  private outline(c: CanvasRenderingContext2D, side: Side, foot: Foot, scale: number, px: Map1, py: Map1): void {
    const mirror = side === "right" ? 1 : -1, size = footM * scale, x = px(foot.x), y = py(foot.y - heelBehindCopM);
    c.beginPath();
    outline.forEach(([a, b], i) => {
      const [na, nb] = outline[(i + 1) % outline.length] ?? [a, b];
      const mx = x + (mirror * (a + na) * size) / 2, my = y - ((b + nb) * size) / 2;
      if (i === 0) c.moveTo(mx, my);
      else c.quadraticCurveTo(x + mirror * a * size, y - b * size, mx, my);
    });
    const [a0, b0] = outline[0] ?? [0, 0], [a1, b1] = outline[1] ?? [0, 0];
    c.quadraticCurveTo(x + mirror * a0 * size, y - b0 * size, x + (mirror * (a0 + a1) * size) / 2, y - ((b0 + b1) * size) / 2);
    c.globalAlpha = 0.16;
    c.fillStyle = sideColour(this.store, side);
    c.fill();
    c.globalAlpha = 0.7;
    c.strokeStyle = sideColour(this.store, side);
    c.lineWidth = 1.5;
    c.stroke();
    c.globalAlpha = 1;
  }

  private trail(c: CanvasRenderingContext2D, which: Side | "total", colour: string, pattern: number[], width: number, px: Map1, py: Map1, keep?: [number, number, number, number]): void {
    const ml = this.store.columns.get(`ml_${which}`), ap = this.store.columns.get(`ap_${which}`);
    if (!ml || !ap) return;
    const from = Math.max(0, ml.length - Math.round(trailSeconds / (this.store.session?.slot_s ?? 0.01)));
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.lineJoin = "round";
    c.setLineDash(pattern);
    c.globalAlpha = 0.65;
    c.beginPath();
    let pen = false;
    for (let i = from; i < ml.length; i += 2) {
      const x = ml[i], y = ap[i];
      if (x === null || x === undefined || y === null || y === undefined) {
        pen = false;
        continue;
      }
      if (pen) c.lineTo(px(x), py(y));
      else c.moveTo(px(x), py(y));
      pen = true;
    }
    c.stroke();
    c.globalAlpha = 1;
    c.setLineDash([]);
    const x = ml[ml.length - 1], y = ap[ap.length - 1];
    if (x === null || x === undefined || y === null || y === undefined) return;
    c.fillStyle = colour;
    c.strokeStyle = colours().panel;
    c.lineWidth = 2;
    c.beginPath();
    if (which === "total") {
      // in the close-up a point that is further away stays at the edge
      const cx = keep ? Math.min(Math.max(px(x), keep[0]), keep[1]) : px(x), cy = keep ? Math.min(Math.max(py(y), keep[2]), keep[3]) : py(y);
      for (const [dx, dy] of [[0, -10], [10, 0], [0, 10], [-10, 0]] as const) c.lineTo(cx + dx, cy + dy);
      c.closePath();
    } else {
      c.arc(px(x), py(y), 6, 0, 7);
    }
    c.fill();
    c.stroke();
  }
}
