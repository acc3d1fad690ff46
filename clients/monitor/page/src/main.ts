// The page: everything is drawn from the store, once per frame of the display.
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { Band } from "./band";
import { Commands } from "./commands";
import { ForcesView } from "./forces";
import { Link } from "./link";
import { Performance } from "./perf";
import { PlatesView } from "./plates";
import { sides } from "./protocol";
import { QualityView, condition, type Condition } from "./quality";
import { RepetitionsView } from "./repetitions";
import { fillForm, keep, settings } from "./settings";
import { Sound } from "./sound";
import { Store } from "./store";
import { digits, forgetColours } from "./style";
import { TracesView } from "./traces";

const element = (id: string): HTMLElement => document.getElementById(id)!;
const canvas = (id: string): HTMLCanvasElement => element(id) as HTMLCanvasElement;
const set = (target: Element | null, text: string): void => { if (target && target.textContent !== text) target.textContent = text; };
const shown = new Map([...document.querySelectorAll<HTMLElement>("[data-value]")].map((e) => [e.dataset["value"]!, e]));

const store = new Store(), sound = new Sound(), perf = new Performance();
let open = false;

const link = new Link({
  message(message) {
    if (message.type === "welcome") {
      store.control = message.control;
      if (message.note) commands.say(message.note, false);
    }
    if (message.type === "reply") commands.reply(message);
    const before = store.repetitions.length;
    store.take(message);
    if (message.type === "event") sound.cue(message);
    if (message.type === "repetition" && !message.old && before < store.repetitions.length) sound.counted();
    if (message.type === "session") sidesChanged();
    if (message.type === "repetition" || message.type === "session") repetitions.update();
  },
  frame: (buffer) => store.takeFrame(buffer),
  state(state, why) {
    open = state === "open";
    element("gate").hidden = state !== "refused";
    if (why) set(element("gate-why"), `The gateway says: ${why}.`);
  },
});
const commands = new Commands(link, store), band = new Band(store), plates = new PlatesView(canvas("plates-canvas"), store, band), forces = new ForcesView(canvas("forces-canvas"), store);
const traces = new TracesView(store), repetitions = new RepetitionsView(store), quality = new QualityView(element("quality"), store);

function sidesChanged(): void {
  for (const side of sides) {
    const role = store.role(side), name = side === "left" ? "Left ankle" : "Right ankle";
    set(document.querySelector(`[data-label=${side}]`), role ? `${name} · ${role}` : name);
    element(`card-${side}`).classList.toggle("first", store.solid(side));
  }
  const s = store.session;
  set(element("who"), s?.participant ? s.participant : "");
  traces.rebuild();
}

function applyTheme(): void {
  const dark = settings.theme === "dark" || (settings.theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  forgetColours();
  traces.rebuild();
  traces.drawAnkles();
  traces.drawForce();
  repetitions.update(true);
}

function tellCondition(now: Condition, ms: number): void {
  const seconds = `${digits(ms / 1000, 1)} s`, alarm = element("alarm");
  const classes = store.control ? now : `${now} view-only`;
  if (document.body.className !== classes) document.body.className = classes;
  set(element("live-word"), { live: "● LIVE", frozen: "▲ FROZEN", cut: "▲ CUT OFF", waiting: "… WAITING" }[now]);
  set(element("live-detail"), now === "live" ? `${Math.round(ms)} ms old` : now === "waiting" ? "" : `for ${seconds}`);
  alarm.hidden = now === "live";
  set(element("alarm-word"), { live: "", frozen: "NO LIVE DATA", cut: "NO CONNECTION", waiting: "WAITING FOR DATA" }[now]);
  set(element("alarm-detail"), {
    live: "", frozen: `The feed stands still. The last sample is ${seconds} old; what you see behind this is the past.`,
    cut: `The gateway does not answer since ${seconds}. Trying again; what you see behind this is the past.`,
    waiting: open ? "The gateway runs; grfd has not sent anything yet." : "Looking for the gateway.",
  }[now]);
}

function tellNumbers(stale: boolean): void {
  const put = (name: string, v: number | null, places: number) => set(shown.get(name) ?? null, stale ? "–" : digits(v, places));
  const ml = store.newest("ml_total"), ap = store.newest("ap_total");
  put("cop-ml", ml === null ? null : Math.abs(1000 * ml), 0);
  put("cop-ap", ap === null ? null : Math.abs(1000 * ap), 0);
  set(element("cop-ml-word"), ml !== null && ml < 0 ? "left" : "right");
  set(element("cop-ap-word"), ap !== null && ap < 0 ? "backward" : "forward");
  const inside = stale || !settings.band ? null : band.inside();
  set(element("band-word"), inside === null ? "" : inside ? "* ◆ in target" : "* ◇ outside target");
  for (const side of sides) {
    put(`angle-${side}`, store.newest(`angle_${side}`), 1);
    put(`rate-${side}`, store.newest(`rate_${side}`), 0);
    put(`shank-${side}`, store.newest(`shank_${side}`), 0);
  }
  tellRoom(stale);
}

function tellRoom(stale: boolean): void {
  const room = store.room, [first, second] = room?.stops ?? [], order = room?.order, named = order === "left" || order === "right";
  set(element("room-word"), stale || !order || order === "unknown" ? "–" : order.toUpperCase());
  const lag = first && second ? Math.round(1000 * (second.t - first.t)) : 0, about = second?.about ? "≈ " : "";
  let detail = "no repetition yet";
  if (room && named && second) detail = `${second.side} ${about}${lag} ms later`;
  else if (room && named && first) detail = `${first.side === "left" ? "right" : "left"} goes on, +${Math.max(0, Math.round(1000 * (store.now() - first.t)))} ms`;
  else if (order === "both") detail = `${about}${lag} ms apart`;
  else if (order === "neither") detail = "both moved to the bottom";
  else if (order === "unknown") detail = "not known";
  else if (room) {
    const unseen = sides.filter((side) => store.newest(`angle_${side}`) === null);
    detail = unseen.length > 0 ? `${unseen.join(" and ")} not measured` : first ? "…" : "both still move";
  }
  set(element("room-detail"), stale ? "–" : detail);
  set(element("room-kind"), stale || !room?.kind ? "exploratory" : `exploratory · ${room.kind}`);
}

function tellRecording(stale: boolean): void {
  const r = store.status?.daemon && open ? store.status.recording : undefined;
  const name = r?.journal.split("/").pop()?.replace(/\.journal$/, "") ?? "";
  const words = { none: "not recording", starting: "starting", running: "● REC", stopping: "completing file" }[r?.state ?? ""] ?? "recording unknown";
  set(element("recording-word"), r?.state === "running" && r.not_writing ? "▲ NOT WRITING" : words);
  set(element("recording-detail"), r?.state === "running" ? `${Math.floor(r.seconds / 60)}:${String(Math.floor(r.seconds % 60)).padStart(2, "0")} min` : "");
  set(element("recording-name"), r?.state === "running" ? name : "");
  element("recording").classList.toggle("running", r?.state === "running" && !stale);
}

let textsAt = 0, turn = false, second = false;
function frame(): void {
  const now = performance.now();
  perf.begin(store.age(now), store.now());
  const state = condition(store, open, now), stale = state !== "live";
  if (now - textsAt > 95) { // ten times a second: digits that change faster cannot be read
    textsAt = now;
    tellCondition(state, store.age(now));
    tellNumbers(stale);
    second = true;
  } else if (second) { // the rest in the next frame
    second = false;
    tellRecording(stale);
    quality.update(stale);
    commands.update(open && store.control && store.status?.daemon === true);
  }
  turn = !turn; // each half at half the display's rate: no frame has to do it all
  if (turn) {
    if (!stale) traces.drawAnkles();
  } else {
    if (!stale) plates.draw();
    if (!stale) traces.drawForce();
    forces.draw(stale);
  }
  perf.end();
  requestAnimationFrame(frame);
}

const next = { light: "dark", dark: "light", system: matchMedia("(prefers-color-scheme: dark)").matches ? "light" : "dark" } as const;
element("theme").onclick = () => { keep({ theme: next[settings.theme] }); };
element("sound").onclick = () => {
  keep({ sound: !settings.sound });
  if (settings.sound) sound.start();
};
const dialog = element("settings") as HTMLDialogElement;
element("settings-open").onclick = () => {
  const p = perf.summary();
  fillForm(dialog.querySelector("form")!, () => `${store.session?.software ?? ""} · session ${store.session?.session ?? "none"} · a frame takes ${p["frame_p95_ms"]} ms (95 %)`);
  dialog.showModal();
};
document.addEventListener("settings", () => {
  set(element("sound"), settings.sound ? "Sound on" : "Sound off");
  element("sound").setAttribute("aria-pressed", String(settings.sound));
  applyTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
new ResizeObserver(() => repetitions.update(true)).observe(element("multiples"));

const keys: Record<string, () => void> = {
  z: () => commands.ask("zero"), s: () => commands.ask("start"), x: () => commands.ask("stop"), m: () => commands.ask("mark"),
  t: () => element("theme").click(), a: () => element("sound").click(), ",": () => element("settings-open").click(),
  ArrowLeft: () => repetitions.step(-1), ArrowRight: () => repetitions.step(1), Escape: () => repetitions.choose(undefined),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialog.open || event.target instanceof HTMLInputElement) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
/** A tablet that watches must not fall asleep; browsers allow it over TLS and on loopback. */
const stayAwake = (): void => { if (document.visibilityState === "visible") void navigator.wakeLock?.request("screen").catch(() => undefined); };
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
addEventListener("pointerdown", () => { if (settings.sound) sound.start(); }, { once: true });

set(element("sound"), settings.sound ? "Sound on" : "Sound off");
applyTheme();
requestAnimationFrame(frame);
// For tests and for the curious at the console.
Object.assign(window, { grfmon: { store, perf, sound, band } });
