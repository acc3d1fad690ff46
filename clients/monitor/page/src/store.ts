// What is known right now. Values that are not known are null; nothing is held.
import { readFrame, sides } from "./protocol";
import type { EventMessage, GapsMessage, Message, Repetition, SessionMessage, Side, StatusMessage } from "./protocol";
import { settings } from "./settings";

/** Which ankle stopped first, and the other. `about`: read from the live rate; the repetition's row brings the exact one. */
export interface Room { rep: number; first?: { side: Side; t: number }; second?: { side: Side; t: number; about: boolean } }
export interface Mark { t: number; side: Side; text: string; later: boolean }

// The detector's own rule for "has stopped" (dsp/README.md, Squat): below 4 deg/s for 100 ms.
const stoppedDegS = 4, stoppedSlots = 10;

export class Store {
  session: SessionMessage | undefined;
  status: StatusMessage | undefined;
  gaps: GapsMessage = { type: "gaps", count: 0, rows: 0, last: "" };
  control = false;
  t: number[] = [];
  columns = new Map<string, (number | null)[]>();
  repetitions: Repetition[] = [];
  marks: Mark[] = [];
  room: Room | undefined;
  skipped = 0;
  frames = 0;
  private ageMs = Infinity;
  private heard = -Infinity;

  /** Age of the newest sample in ms, counted on while nothing comes. */
  age(now: number): number { return this.ageMs + (now - this.heard); }
  lastHeard(): number { return this.heard; }

  newest(column: string): number | null {
    const values = this.columns.get(column);
    return values?.[values.length - 1] ?? null;
  }
  now(): number { return this.t[this.t.length - 1] ?? 0; }
  delay(column: string): number { return this.session?.columns.find((c) => c.name === column)?.delay_s ?? 0; }
  known(column: string): boolean { return this.session?.columns.find((c) => c.name === column)?.known ?? false; }
  role(side: Side): "dominant" | "non-dominant" | "" {
    const dominant = this.session?.dominant;
    return dominant !== "left" && dominant !== "right" ? "" : dominant === side ? "dominant" : "non-dominant";
  }
  /** Style of a side's lines: solid or dashed, first or second colour. */
  solid(side: Side): boolean { return this.role(side) === "" ? side === "right" : this.role(side) === "dominant"; }

  take(message: Message): void {
    switch (message.type) {
      case "session": return this.takeSession(message);
      case "status": this.status = message; return;
      case "gaps": this.gaps = message; return;
      case "event": return this.takeEvent(message);
      case "repetition": return this.takeRepetition(message);
    }
  }

  takeFrame(buffer: ArrayBuffer): void {
    if (!this.session) return;
    const names = this.session.columns;
    const frame = readFrame(buffer, names.length);
    if (!frame) return;
    this.frames++;
    this.ageMs = frame.ageMs;
    this.heard = performance.now();
    this.skipped += frame.skipped;
    if (frame.rows === 0) return;
    const last = this.t[this.t.length - 1] ?? -Infinity, slot = this.session.slot_s;
    if (this.t.length > 0 && frame.firstT > last + 1.5 * slot) this.append(frame.firstT - slot, () => null); // a hole, not a line across it
    const known = Math.max(0, Math.round((last + slot - frame.firstT) / slot)); // a new connection brings the last two seconds again
    for (let r = Number.isFinite(known) ? known : 0; r < frame.rows; r++)
      this.append(frame.firstT + r * slot, (i) => {
        const v = frame.values.getFloat32(frame.at + 4 * (r * names.length + i), true);
        return Number.isFinite(v) ? v : null;
      });
    this.watchOther();
    const longest = Math.round((settings.seconds + 1) / slot), surplus = this.t.length - longest;
    if (surplus > 0) {
      this.t.splice(0, surplus);
      for (const values of this.columns.values()) values.splice(0, surplus);
    }
    this.marks = this.marks.filter((m) => m.t > this.now() - settings.seconds);
  }

  private append(t: number, value: (column: number) => number | null): void {
    this.t.push(t);
    this.session?.columns.forEach((c, i) => this.columns.get(c.name)?.push(value(i)));
  }

  private takeSession(message: SessionMessage): void {
    if (message.session !== this.session?.session) {
      this.t = [];
      this.columns = new Map();
      this.repetitions = [];
      this.marks = [];
      this.room = undefined;
      this.gaps = { type: "gaps", count: 0, rows: 0, last: "" };
    }
    this.session = message;
    for (const column of message.columns)
      if (!this.columns.has(column.name)) this.columns.set(column.name, new Array<null>(this.t.length).fill(null));
  }

  private takeEvent(message: EventMessage): void {
    const t = typeof message.detail["t_s"] === "number" ? message.detail["t_s"] : message.t_s;
    if (message.event === "rep_started") this.room = { rep: Number(message.detail["value"] ?? 0) };
    const side = sides.find((s) => s === message.detail["side"]);
    if (message.event !== "plateau" || !side) return;
    const room = (this.room ??= { rep: 0 });
    if (!room.first) {
      room.first = { side, t };
      this.marks.push({ t, side, text: `${side} out of room`, later: false });
    } else if (room.first.side !== side && (!room.second || room.second.about)) {
      this.second(side, t, false);
    }
  }

  private second(side: Side, t: number, about: boolean): void {
    const room = this.room;
    if (!room?.first) return;
    room.second = { side, t, about };
    const lag = Math.round(1000 * (t - room.first.t)), first = room.first;
    this.marks = this.marks.filter((m) => !m.later || m.t < first.t);
    this.marks.push({ t, side, text: `${side} ${about ? "≈ " : ""}+${lag} ms`, later: true });
  }

  /** The other ankle has stopped too when its live rate says so for as long as the detector asks: that tells only of stops on the way down. */
  private watchOther(): void {
    const first = this.room?.first;
    if (!first || this.room?.second) return;
    const other: Side = first.side === "left" ? "right" : "left", rates = this.columns.get(`rate_${other}`)?.slice(-stoppedSlots) ?? [];
    const t = this.now() - this.delay(`rate_${other}`);
    if (t > first.t && rates.length === stoppedSlots && rates.every((v) => v !== null && v < stoppedDegS)) this.second(other, t, true);
  }

  private takeRepetition(message: Repetition): void {
    const place = this.repetitions.findIndex((r) => r.rep === message.rep);
    if (place >= 0) this.repetitions[place] = message;
    else this.repetitions.push(message);
    const room = this.room, lag = message.pair["finish_lag_rl"];
    if (room?.first && room.rep === message.rep && typeof lag === "number") {
      const early: Side = lag > 0 ? "left" : "right", late: Side = lag > 0 ? "right" : "left", t = message[early]?.["finish"];
      if (typeof t === "number") {
        this.marks = this.marks.filter((m) => m.t < (room.first?.t ?? t) - 0.001); // the exact times take the place of the live ones
        room.first = { side: early, t };
        this.marks.push({ t, side: early, text: `${early} out of room`, later: false });
        this.second(late, t + Math.abs(lag), false);
      }
    }
    this.repetitions.sort((a, b) => a.rep - b.rep);
    if (this.repetitions.length > 200) this.repetitions.shift();
  }

  /** Repetitions of the last trial that has any. */
  trial(): Repetition[] {
    const last = this.repetitions[this.repetitions.length - 1];
    return last ? this.repetitions.filter((r) => r.trial === last.trial) : [];
  }
}
