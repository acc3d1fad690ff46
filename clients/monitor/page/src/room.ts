// Which ankle stopped first while the body still went down, and whether it was out of room: codes of reps/* into words.
import { sides } from "./protocol";
import type { Repetition, Side, Values } from "./protocol";

/** As `reps/pair.first_out` (dsp/README.md): "both" also when the earlier one has no plateau. */
export type Order = Side | "both" | "neither" | "unknown";
const orders: readonly Order[] = ["neither", "both", "left", "right", "unknown"];
const kinds = ["", "stopped early", "out of room", "room not measured"];

/** Stops that lie closer together have no order (dsp/README.md, first_out). */
export const tieSeconds = 0.05;

export function orderOf(r: Repetition): Order {
  if (sides.some((side) => (r[side]?.["range"] ?? null) === null)) return "unknown"; // an ankle that nobody saw
  return orders[r.pair["first_out"] ?? 4] ?? "unknown";
}

/** "out of room" needs the measured room: at least 90 % of it. Empty: no plateau, not known, or not the same for both. */
export function kindOf(r: Repetition): string {
  const order = orderOf(r), word = (row: Values | null) => kinds[row?.["plateau_kind"] ?? 0] ?? "";
  if (order === "left" || order === "right") return word(r[order]);
  return order === "both" && word(r.left) === word(r.right) ? word(r.left) : "";
}
