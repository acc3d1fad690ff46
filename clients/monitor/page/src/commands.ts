// Zero, start, stop, mark: asked for through the gateway, answered in words.
import type { Link } from "./link";
import type { Reply } from "./protocol";
import type { Store } from "./store";

export class Commands {
  private readonly waiting = new Map<number, string>();
  private hide: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly link: Link, private readonly store: Store) {
    for (const name of ["zero", "start", "stop", "mark"]) document.getElementById(name)!.onclick = () => this.ask(name);
  }

  ask(name: string): void {
    if (!this.store.control) return this.say("This browser may only look. `grfctl monitor pair --control` prints a link that allows more.", false);
    if ((document.getElementById(name) as HTMLButtonElement).disabled) return;
    const marks: Record<string, string> = name === "mark" ? { text: `mark ${new Date().toLocaleTimeString()}` } : {};
    const id = this.link.command(name, marks);
    if (id === 0) return this.say("There is no connection: nothing was done.", false);
    this.waiting.set(id, name);
    if (name === "zero") this.say("Zeroing: keep the plates empty for two seconds.", true, 4000);
    if (name === "stop") this.say("Stopping: the file is being completed.", true, 20000);
  }

  reply(reply: Reply): void {
    const name = this.waiting.get(reply.id ?? 0);
    if (!name) return;
    this.waiting.delete(reply.id ?? 0);
    if (!reply.ok) return this.say(reply.error ?? "refused", false);
    const detail = reply.result?.detail ?? {}, good = detail["ok"] !== false && detail["accepted"] !== false && reply.result?.event !== "record_failed";
    const text = { zero: "Plates are zero.", start: "Recording.", stop: `Recorded: ${String(detail["file"] ?? "")}`, mark: "Marked." }[name] ?? "done";
    this.say(good ? text : `${name === "zero" ? "Not zeroed. " : ""}${this.reason(detail)}`, good);
  }

  private reason(detail: Record<string, unknown>): string {
    const plates = (detail["plates"] ?? []) as { plate: string; accepted: boolean; reason: string }[];
    const bad = plates.filter((p) => !p.accepted).map((p) => `${p.plate} plate: ${p.reason}`);
    return bad.length > 0 ? bad.join("; ") : String(detail["reason"] ?? detail["error"] ?? "It failed.");
  }

  say(text: string, good: boolean, ms = 6000): void {
    const toast = document.getElementById("toast")!;
    toast.textContent = `${good ? "✓" : "▲"} ${text}`;
    toast.className = good ? "good" : "bad";
    toast.hidden = false;
    clearTimeout(this.hide);
    this.hide = setTimeout(() => (toast.hidden = true), ms);
  }

  update(usable: boolean): void {
    const state = this.store.status?.daemon ? (this.store.status.recording?.state ?? "none") : "unknown";
    const allow = (id: string, yes: boolean) => {
      const button = document.getElementById(id) as HTMLButtonElement;
      if (button.disabled === yes) button.disabled = !yes;
    };
    allow("zero", usable);
    allow("start", usable && state === "none");
    allow("stop", usable && state === "running");
    allow("mark", usable && state === "running");
  }
}
