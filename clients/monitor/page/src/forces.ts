// Force of each side as bars, and the needle of the load asymmetry.
import { sides } from "./protocol";
import { settings } from "./settings";
import type { Store } from "./store";
import { colours, digits, font, sharp, sideColour, watchSize } from "./style";

export class ForcesView {
  private full = 600; // N; grows with what was seen, so that bars do not jump
  private readonly size;
  constructor(private readonly canvas: HTMLCanvasElement, private readonly store: Store) { this.size = watchSize(canvas); }

  draw(stale: boolean): void {
    const { w, h } = this.size, c = sharp(this.canvas, this.size);
    if (!c) return;
    const ink = colours(), barsH = h - 84;
    const left = stale ? null : this.store.newest("fz_left"), right = stale ? null : this.store.newest("fz_right");
    while (Math.max(left ?? 0, right ?? 0) > this.full) this.full += 200;

    const rowH = Math.max(16, Math.min(64, barsH / 2 - 5));
    sides.forEach((side, i) => {
      const v = side === "left" ? left : right, y = 2 + i * (rowH + 6), from = 64, wide = w - from - 112;
      c.fillStyle = ink.line;
      c.globalAlpha = 0.35;
      c.fillRect(from, y, wide, rowH);
      c.globalAlpha = 1;
      c.fillStyle = sideColour(this.store, side);
      if (v !== null) c.fillRect(from, y, (wide * Math.max(0, v)) / this.full, rowH);
      if (!this.store.solid(side) && v !== null) this.hatch(c, from, y, (wide * Math.max(0, v)) / this.full, rowH);
      c.font = font(17, 700);
      c.textAlign = "left";
      c.fillStyle = sideColour(this.store, side);
      c.fillText(side === "left" ? "LEFT" : "RIGHT", 0, y + rowH / 2 + 6);
      c.textAlign = "right";
      c.fillStyle = ink.ink;
      c.font = font(Math.min(34, rowH + 2), 700);
      c.fillText(digits(v, 0), w - 22, y + rowH / 2 + 12);
      c.font = font(17);
      c.fillText("N", w, y + rowH / 2 + 12);
    });
    this.needle(c, stale ? null : this.store.newest("bai"), w, h - 78, 78);
  }

  private hatch(c: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    c.strokeStyle = colours().panel;
    c.globalAlpha = 0.45;
    c.lineWidth = 3;
    c.beginPath();
    for (let i = x - h; i < x + w; i += 12) {
      c.moveTo(i, y + h);
      c.lineTo(i + h, y);
    }
    c.stroke();
    c.restore();
  }

  private needle(c: CanvasRenderingContext2D, bai: number | null, w: number, top: number, height: number): void {
    const ink = colours(), y = top + height - 26, mid = w / 2, half = w / 2 - 10, range = 30, at = (v: number) => mid + (half * Math.max(-range, Math.min(range, v))) / range;
    if (settings.band) {
      c.fillStyle = ink.band;
      c.fillRect(at(-settings.bandLoad), y - 16, at(settings.bandLoad) - at(-settings.bandLoad), 20);
    }
    c.strokeStyle = ink.soft;
    c.fillStyle = ink.soft;
    c.lineWidth = 2;
    c.beginPath();
    c.moveTo(at(-range), y);
    c.lineTo(at(range), y);
    for (let v = -range; v <= range; v += 10) {
      c.moveTo(at(v), y);
      c.lineTo(at(v), y - (v === 0 ? 12 : 7));
    }
    c.stroke();
    c.font = font(13);
    c.textAlign = "center";
    for (let v = -20; v <= 20; v += 10) c.fillText(v === 0 ? "equal" : `${Math.abs(v)} %`, at(v), y + 18);
    c.font = font(15);
    c.textAlign = "left";
    c.fillText("◂ more left", 0, top + 20);
    c.textAlign = "right";
    c.fillText("more right ▸", w, top + 20);
    c.fillStyle = ink.ink;
    c.font = font(26, 700);
    c.textAlign = "center";
    const side = bai === null || Math.abs(bai) < 0.05 ? "" : bai > 0 ? " right" : " left";
    c.fillText(bai === null ? "– %" : `${digits(Math.abs(bai), 1)} %${side}`, mid, top + 22);
    if (bai === null) return;
    c.beginPath();
    c.moveTo(at(bai), y + 2);
    c.lineTo(at(bai) - 9, y - 19);
    c.lineTo(at(bai) + 9, y - 19);
    c.closePath();
    c.fill();
  }
}
