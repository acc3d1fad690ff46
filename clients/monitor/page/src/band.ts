// The target of the combined centre of pressure: exploratory, and relative to the feet when these were measured.
import { settings } from "./settings";
import type { Store } from "./store";

export interface Edges { low: number; high: number }
const usualPercent: [number, number] = [55, 70]; // of a daemon too old to say
const spanPercent = 0.5; // of the foot, apart enough for a line through two points

/** Where the feet lie, out of two instants: the feed tells the CoP in m of the lab and in % of the foot, not the heels. */
export class Band {
  private session = "";
  private from: [number, number] | undefined;
  private metres: ((percent: number) => number) | undefined;
  constructor(private readonly store: Store) {}

  measured(): boolean { return this.store.known("foot_total"); }

  /** Rear and front edge in % of the foot, as set in the daemon. */
  private percent(): [number, number] { return this.store.session?.band_percent ?? usualPercent; }

  /** Is the point in the target? Null: the point is not known. */
  inside(): boolean | null {
    const s = this.store, ml = s.newest("ml_total"), ap = s.newest("ap_total"), foot = s.newest("foot_total");
    if (ml === null || ap === null || (this.measured() && foot === null)) return null;
    const [v, low, high] = this.measured() ? [foot ?? NaN, ...this.percent()] : [1000 * ap, settings.bandApLow, settings.bandApHigh];
    return Math.abs(1000 * ml) <= settings.bandMl && v >= low && v <= high;
  }

  /** Rear and front edge in m of the lab; undefined while it is not known where the feet are. */
  edges(): Edges | undefined {
    if (!this.measured()) return { low: settings.bandApLow / 1000, high: settings.bandApHigh / 1000 };
    this.learn();
    const { metres } = this, [low, high] = this.percent();
    return metres && { low: metres(low), high: metres(high) };
  }

  words(): string {
    return this.measured() ? `${this.percent().join("–")} % of foot` : `${settings.bandApLow}–${settings.bandApHigh} mm`;
  }

  private learn(): void {
    const s = this.store, session = s.session?.session ?? "", ap = s.newest("ap_total"), foot = s.newest("foot_total");
    if (session !== this.session) {
      this.session = session;
      this.from = this.metres = undefined;
    }
    if (this.metres || ap === null || foot === null) return;
    const [foot0, ap0] = (this.from ??= [foot, ap]);
    if (Math.abs(foot - foot0) < spanPercent) return;
    const slope = (ap - ap0) / (foot - foot0);
    this.metres = (percent) => ap0 + slope * (percent - foot0);
  }
}
