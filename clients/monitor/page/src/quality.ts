// Whether what is shown can be trusted: always in view.
import type { Device } from "./protocol";
import type { Store } from "./store";
import { digits } from "./style";

export type Condition = "live" | "frozen" | "cut" | "waiting";
export const frozenMs = 500;

/** `open`: there is a connection to the gateway. */
export function condition(store: Store, open: boolean, now: number): Condition {
  if (!open) return store.session ? "cut" : "waiting";
  if (!store.session || !Number.isFinite(store.age(now))) return "waiting";
  return store.age(now) < frozenMs ? "live" : "frozen";
}

function deviceText(d: Device): string {
  const drift = d.clock?.drift_ppm ?? null, fast = drift === null ? "clock –" : `${digits(Math.abs(drift), 0)} ppm ${drift < 0 ? "slow" : "fast"}`;
  const clock = d.state !== "streaming" ? "" : d.clock?.state === "settling" ? "clock settling" : fast;
  const us = d.state === "streaming" ? (d.clock?.residual_us ?? null) : null, residual = us === null ? "" : `residual ${digits(us, us < 10 ? 1 : 0)} µs`;
  const losses = Object.values(d.counters ?? {}).reduce((a, b) => a + b, 0);
  return [clock, residual, d.restarts > 0 ? `${d.restarts} restarts` : "", losses > 0 ? `${losses} lost or rejected` : ""].filter((t) => t !== "").join(" · ");
}

export class QualityView {
  private shown = "";
  constructor(private readonly root: HTMLElement, private readonly store: Store) {}

  update(stale: boolean): void {
    const s = this.store.status, gaps = this.store.gaps, items: [string, string, string, string][] = [];
    const age = s?.feed_age_ms?.["batched"];
    for (const d of s?.daemon ? (s.devices ?? []) : []) {
      const good = d.state === "streaming" && !stale;
      items.push([`device ${good ? "good" : "bad"}`, `${good ? "●" : "▲"} ${d.name}`, stale ? "unknown" : good ? deviceText(d) : `${d.state.toUpperCase()}${d.trouble ? `: ${d.trouble}` : ""}`, `${d.driver} ${d.serial}, ${digits(d.measured_hz, 1)} Hz. ppm: how much faster or slower than nominal its clock runs; residual: how far its earliest packets lie from the line of its clock (RMS).`]);
    }
    if (s?.daemon && s.recording?.not_writing) items.push(["device bad", "▲ NOT WRITING", s.recording.not_writing, "the recording takes no samples now"]);
    const unzeroed = s?.daemon ? (s.plates ?? []).filter((p) => p.zeroed_s === null).map((p) => p.plate) : [];
    if (unzeroed.length > 0) items.push(["device", "never zeroed", unzeroed.join(", "), "step off, then Zero: until then the forces hold an unknown offset"]);
    for (const p of s?.daemon ? (s.plates ?? []) : [])
      if (p.by === "kept") items.push(["device", "old zero", p.plate, `of an earlier session (${p.zeroed_utc ?? ""}): step off, then Zero`]);
    if (s && !s.daemon) items.push(["device bad", "▲ grfd", "does not answer", s.error ?? ""]);
    if (s?.daemon) {
      const rows = Math.max(s.missing_rows ?? 0, gaps.rows), none = gaps.count + rows === 0;
      items.push([none ? "device" : "device bad", "gaps", none ? "none" : `${gaps.count}, ${rows} rows missing${gaps.last ? ` (last: ${gaps.last})` : ""}`, "rows missing in the whole session, in all streams"]);
      if (age) items.push(["device", "USB to feed", `p50 ${digits(age.p50, 0)} · p99 ${digits(age.p99, 0)} · worst ${digits(age.worst, 0)} ms`, "from USB arrival to the sending of the feed's batches: median, 99 %, worst of the last 10 to 20 s"]);
      const lost = (s.gateway["feed_messages_lost"] ?? 0) + (s.gateway["feed_messages_bad"] ?? 0);
      if (lost > 0 || this.store.skipped > 0) items.push(["device bad", "on the way here", `${lost} messages lost · ${this.store.skipped} rows skipped`, "this display only; the recording is not touched"]);
    }
    const key = JSON.stringify(items);
    if (key === this.shown) return;
    this.shown = key;
    this.root.textContent = "";
    for (const [kind, name, text, title] of items) {
      const chip = document.createElement("span"), b = document.createElement("b");
      chip.className = kind;
      chip.title = title;
      b.textContent = name;
      chip.append(b, text === "" ? "" : ` ${text}`);
      this.root.append(chip);
    }
  }
}
