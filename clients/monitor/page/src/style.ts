// Colours come from the style sheet; canvases read them once per theme.
import type { Side } from "./protocol";
import type { Store } from "./store";

export interface Ink { ink: string; soft: string; line: string; panel: string; first: string; second: string; band: string; total: string }
let ink: Ink | undefined;

export function colours(): Ink {
  if (!ink) {
    const style = getComputedStyle(document.documentElement);
    const get = (name: string) => style.getPropertyValue(name).trim();
    ink = { ink: get("--ink"), soft: get("--soft"), line: get("--line"), panel: get("--panel"), first: get("--first"), second: get("--second"), band: get("--band"), total: get("--ink") };
  }
  return ink;
}
export function forgetColours(): void { ink = undefined; }

export function sideColour(store: Store, side: Side): string { return store.solid(side) ? colours().first : colours().second; }
export const dash = [9, 5];

export interface Size { w: number; h: number }
/** The size of an element without asking for it in every frame: asking makes the browser lay out the page on the spot. */
export function watchSize(element: HTMLElement): Size {
  const size = { w: element.clientWidth, h: element.clientHeight };
  new ResizeObserver(() => { size.w = element.clientWidth; size.h = element.clientHeight; }).observe(element);
  return size;
}

/** A canvas as large as it is shown, in CSS pixels. Null while it is not visible. */
export function sharp(canvas: HTMLCanvasElement, { w, h }: Size): CanvasRenderingContext2D | null {
  const ratio = Math.min(2, devicePixelRatio);
  if (w === 0 || h === 0) return null;
  const pw = Math.round(w * ratio), ph = Math.round(h * ratio);
  if (canvas.width !== pw || canvas.height !== ph) {
    canvas.width = pw;
    canvas.height = ph;
  }
  const c = canvas.getContext("2d");
  if (!c) return null;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, w, h);
  return c;
}

export const font = (px: number, weight = 400) => `${weight} ${px}px system-ui, "DejaVu Sans", sans-serif`;

/** Fixed digits with a real minus sign; an unknown value is a dash. */
export function digits(v: number | null | undefined, places: number): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  const text = v.toFixed(places);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
}
