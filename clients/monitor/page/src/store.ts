// What is known right now. Values that are not known are null; nothing is held.
import { readFrame, sides } from "./protocol";
import type { EventMessage, GapsMessage, Message, Repetition, SessionMessage, Side, StatusMessage } from "./protocol";
import { kindOf, orderOf, tieSeconds, type Order } from "./room";
import { settings } from "./settings";

/** `about`: read from the live rate; the repetition's row brings the exact time. */
export interface Stop { side: Side; t: number; about: boolean }
/** Which ankle stopped first. `order` is undefined until it can be told; `stops` are in order of time. */
export interface Room { rep: number; stops: Stop[]; order: Order | undefined; kind: string; exact: boolean; tiedUntil: number }
export interface Mark { rep: number; t: number; side: Side; text: string; later: boolean }

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
    this.watchRoom();
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
    const begin = (rep: number) => (this.room = { rep, stops: [], order: undefined, kind: "", exact: false, tiedUntil: Infinity });
    if (message.event === "rep_started") begin(Number(message.detail["value"] ?? 0));
    const side = sides.find((s) => s === message.detail["side"]);
    if (message.event !== "plateau" || !side) return;
    const room = this.room ?? begin(0), row = this.repetitions.find((r) => r.rep === room.rep);
    if (row) return this.settle(room, row); // a page that came late hears the events after the row
    if (room.stops.length === 0) room.tiedUntil = this.now() + tieSeconds + 2 * (this.session?.slot_s ?? 0); // two frames: an event may overtake its row
    this.stopped(room, { side, t, about: false });
  }

  private stopped(room: Room, stop: Stop): void {
    const known = room.stops.find((s) => s.side === stop.side);
    if (known && !known.about) return;
    room.stops = [...room.stops.filter((s) => s !== known), stop].sort((a, b) => a.t - b.t);
    const [first, second] = room.stops;
    if (first && second) room.order = second.t - first.t < tieSeconds ? "both" : first.side;
    this.mark(room);
  }

  /** Names the first when the second did not come within the tie, and sees the second stop by its live rate for as long as the detector asks: the detector tells only of stops on the way down. */
  private watchRoom(): void {
    const room = this.room, first = room?.stops[0];
    if (!room || !first || room.exact || room.stops.length > 1) return;
    if (room.order === undefined && this.now() >= room.tiedUntil) {
      room.order = first.side;
      this.mark(room);
    }
    const other: Side = first.side === "left" ? "right" : "left", rates = this.columns.get(`rate_${other}`)?.slice(-stoppedSlots) ?? [];
    const t = this.now() - this.delay(`rate_${other}`);
    if (t > first.t && rates.length === stoppedSlots && rates.every((v) => v !== null && v < stoppedDegS)) this.stopped(room, { side: other, t, about: true });
  }

  /** The row decides, and its exact times take the place of the live ones. */
  private settle(room: Room, row: Repetition): void {
    const named = orderOf(row), rejected = (row.pair["reason"] ?? 0) !== 0;
    room.exact = true;
    room.order = rejected ? "unknown" : named;
    room.kind = rejected ? "" : kindOf(row);
    room.stops = rejected || named === "neither" || named === "unknown" ? [] : sides.flatMap((side) => {
      const t = row[side]?.["finish"];
      return typeof t === "number" ? [{ side, t, about: false }] : [];
    }).sort((a, b) => a.t - b.t);
    this.mark(room);
  }

  private mark(room: Room): void {
    this.marks = this.marks.filter((m) => m.rep !== room.rep);
    const [first, second] = room.stops, how = room.kind === "out of room" ? "out of room" : "stopped";
    if (!first || room.order === undefined) return;
    this.marks.push({ rep: room.rep, t: first.t, side: first.side, text: `* ${room.order} ${how}`, later: false });
    if (second) this.marks.push({ rep: room.rep, t: second.t, side: second.side, text: `${second.side} ${second.about ? "≈ " : ""}+${Math.round(1000 * (second.t - first.t))} ms`, later: true });
  }

  private takeRepetition(message: Repetition): void {
    const place = this.repetitions.findIndex((r) => r.rep === message.rep);
    if (place >= 0) this.repetitions[place] = message;
    else this.repetitions.push(message);
    if (this.room?.rep === message.rep) this.settle(this.room, message);
    this.repetitions.sort((a, b) => a.rep - b.rep);
    if (this.repetitions.length > 200) this.repetitions.shift();
  }

  /** Repetitions of the last trial that has any. */
  trial(): Repetition[] {
    const last = this.repetitions[this.repetitions.length - 1];
    return last ? this.repetitions.filter((r) => r.trial === last.trial) : [];
  }
}
