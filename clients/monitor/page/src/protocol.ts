// The messages of the gateway (clients/monitor/README.md).
export type Side = "left" | "right";
export const sides: readonly Side[] = ["left", "right"];

export interface Column { name: string; known: boolean; unit: string; delay_s: number; exploratory: boolean }
export interface Plate { name: string; side: Side; corners_m: [number, number, number][] }
export interface SessionMessage {
  type: "session"; session?: string; participant?: string; software?: string; dominant?: Side | "unknown";
  slot_s: number; columns: Column[]; plates?: Plate[]; exploratory?: string[]; band_percent?: [number, number];
}
export type Values = Record<string, number | null>;
export interface Trace { t0: number; dt: number; [column: string]: number | (number | null)[] }
export interface Repetition { type: "repetition"; rep: number; trial: string; pair: Values; left: Values | null; right: Values | null; trace: Trace | null; old?: boolean }
export interface EventMessage { type: "event"; event: string; t_s: number; detail: Record<string, unknown>; old?: boolean }
export interface Device {
  name: string; driver: string; state: string; serial: string; rate_hz: number; measured_hz: number; restarts: number; required: boolean;
  trouble: string; counters: Record<string, number>; clock?: { drift_ppm?: number; residual_us?: number; state?: string };
}
export interface StatusMessage {
  type: "status"; daemon: boolean; error?: string; trial: string; uptime_s?: number; missing_rows?: number; devices?: Device[];
  recording?: { state: string; journal: string; seconds: number; last_file: string; not_writing?: string };
  plates?: { plate: string; zeroed_s: number | null; zeroed_utc?: string; by?: string }[];
  counters?: Record<string, number>; gateway: Record<string, number>;
  feed_age_ms?: Record<string, { messages: number; p50: number; p99: number; worst: number }>;
}
export interface GapsMessage { type: "gaps"; count: number; rows: number; last: string; t_s?: number }
export interface Reply { type: "reply"; id: number | null; ok: boolean; error?: string; result?: { event?: string; detail?: Record<string, unknown> } }
export type Message =
  | { type: "welcome"; version: number; control: boolean; token?: string; note?: string }
  | { type: "refused"; reason: string }
  | { type: "trial"; trial: string }
  | SessionMessage | Repetition | EventMessage | StatusMessage | GapsMessage | Reply;

export interface Frame { number: number; ageMs: number; skipped: number; firstT: number; rows: number; values: DataView; at: number }

/** Nothing when it is not a frame of version 1 with `columns` columns. */
export function readFrame(buffer: ArrayBuffer, columns: number): Frame | undefined {
  const view = new DataView(buffer);
  if (buffer.byteLength < 24 || view.getUint8(0) !== 1) return undefined;
  const rows = view.getUint16(2, true);
  if (buffer.byteLength !== 24 + rows * columns * 4) return undefined;
  return { number: view.getUint32(4, true), ageMs: view.getFloat32(8, true), skipped: view.getUint32(12, true), firstT: view.getFloat64(16, true), rows, values: view, at: 24 };
}
