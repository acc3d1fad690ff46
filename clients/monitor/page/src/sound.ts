// Cues and a metronome. Browsers allow sound only after somebody touched the page.
import type { EventMessage } from "./protocol";
import { settings } from "./settings";

export class Sound {
  private context: AudioContext | undefined;
  private nextBeat = 0;
  /** Beeps so far, for tests. */
  beeps = 0;

  constructor() { setInterval(() => this.beat(), 50); }

  start(): void {
    this.context ??= new AudioContext();
    void this.context.resume();
    this.nextBeat = 0;
  }

  private beep(hz: number, seconds: number, at: number, level: number): void {
    const context = this.context;
    if (!context || !settings.sound) return;
    const tone = context.createOscillator(), volume = context.createGain();
    tone.frequency.value = hz;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(level, at + 0.005);
    volume.gain.linearRampToValueAtTime(0, at + seconds);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + seconds);
    this.beeps++;
  }

  private beat(): void {
    if (!this.context || !settings.sound || !settings.metronome) return;
    const now = this.context.currentTime, period = 60 / settings.beatsPerMinute;
    if (this.nextBeat < now) this.nextBeat = now + 0.02;
    for (; this.nextBeat < now + 0.2; this.nextBeat += period) this.beep(1000, 0.03, this.nextBeat, 0.4);
  }

  /** Left is low, right is high. */
  cue(event: EventMessage): void {
    if (event.old || !settings.cues || !this.context) return;
    const now = this.context.currentTime;
    if (event.event === "plateau") this.beep(event.detail["side"] === "left" ? 440 : 660, 0.15, now, 0.5);
    if (event.event === "bottom") this.beep(220, 0.1, now, 0.5);
  }

  /** A repetition is counted: two short tones. */
  counted(): void {
    if (!settings.cues || !this.context) return;
    for (const later of [0, 0.12]) this.beep(880, 0.07, this.context.currentTime + later, 0.4);
  }
}
