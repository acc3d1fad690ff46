// The WebSocket to the gateway: pairs, reconnects by itself, hands on what comes.
import type { Message } from "./protocol";

const tokenPlace = "grfd-monitor-token";
const silentMs = 1500; // the gateway sends ten frames a second even when the feed stands still
const greetingMs = 10000; // TLS on a slow tablet takes its time; who gives up early wastes a link that is good once

export interface LinkHandlers {
  message(message: Message): void;
  frame(buffer: ArrayBuffer): void;
  state(state: "connecting" | "open" | "refused", why?: string): void;
}

export class Link {
  private socket: WebSocket | undefined;
  private lastHeard = 0;
  private welcome = false;
  private wait = 250;
  private nextId = 1;
  private pair: string;
  private refused = false;

  constructor(private readonly handlers: LinkHandlers) {
    this.pair = /^#pair=([0-9a-f]+)$/.exec(location.hash)?.[1] ?? "";
    if (this.pair) history.replaceState(null, "", location.pathname); // the secret is for once; it must not stay in view or history
    addEventListener("hashchange", () => location.reload());
    setInterval(() => this.watch(), 250);
    this.open();
  }

  private open(): void {
    this.handlers.state("connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.welcome = false;
    this.lastHeard = performance.now();
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: localStorage.getItem(tokenPlace) ?? "", pair: this.pair }));
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      this.lastHeard = performance.now();
      if (typeof event.data !== "string") return this.handlers.frame(event.data);
      const message = JSON.parse(event.data) as Message;
      if (message.type === "welcome") {
        this.wait = 250;
        this.welcome = true;
        this.pair = "";
        if (message.token) localStorage.setItem(tokenPlace, message.token);
        this.handlers.state("open");
      }
      if (message.type === "refused") {
        this.refused = true;
        this.pair = "";
        this.handlers.state("refused", message.reason);
      }
      this.handlers.message(message);
    };
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.socket = undefined;
      if (this.refused) return;
      this.handlers.state("connecting");
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(2000, this.wait * 1.6);
    };
  }

  /** A connection that says nothing is dead, whatever the browser thinks of it. */
  private watch(): void {
    if (this.socket && performance.now() - this.lastHeard > (this.welcome ? silentMs : greetingMs) + this.wait) this.socket.close();
  }

  /** @returns the id that the reply will carry, or 0 when there is no connection. */
  command(command: string, more: Record<string, string> = {}): number {
    if (this.socket?.readyState !== WebSocket.OPEN) return 0;
    const id = this.nextId++;
    this.socket.send(JSON.stringify({ id, command, ...more }));
    return id;
  }
}
