// How long the page works on a frame. Fixed memory, so that measuring changes nothing.
const size = 8192;

export class Performance {
  private readonly script = new Float32Array(size);
  private readonly whole = new Float32Array(size);
  private readonly intervals = new Float32Array(size);
  private readonly ages = new Float32Array(size);
  private age = 0;
  private n = 0;
  private last = 0;
  private longest = 0;
  private long = 0;
  private readonly channel = new MessageChannel();
  private began = 0;

  constructor() {
    this.channel.port1.onmessage = () => this.painted();
    try {
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          this.long++;
          this.longest = Math.max(this.longest, entry.duration);
        }
      }).observe({ type: "longtask", buffered: false });
    } catch { /* not every browser tells */ }
  }

  /** `age`: of the newest sample, in ms, now. */
  begin(age: number): void {
    this.began = performance.now();
    this.age = age;
  }
  /** At the end of the frame's script; a message posted here arrives after the frame was painted. */
  end(): void {
    const i = this.n % size;
    this.script[i] = performance.now() - this.began;
    this.intervals[i] = this.last === 0 ? 0 : this.began - this.last;
    this.last = this.began;
    this.channel.port2.postMessage(0);
  }
  private painted(): void {
    this.whole[this.n % size] = performance.now() - this.began;
    this.ages[this.n % size] = this.age + performance.now() - this.began;
    this.n++;
  }

  reset(): void {
    this.n = this.long = this.longest = 0;
  }
  summary(): Record<string, number> {
    const count = Math.min(this.n, size);
    const at = (values: Float32Array, part: number) => {
      const sorted = values.slice(0, count).sort();
      return Number((sorted[Math.min(count - 1, Math.floor(part * count))] ?? NaN).toFixed(2));
    };
    return { frames: this.n, script_p50_ms: at(this.script, 0.5), script_p95_ms: at(this.script, 0.95), frame_p50_ms: at(this.whole, 0.5), frame_p95_ms: at(this.whole, 0.95),
      frame_worst_ms: at(this.whole, 1), age_when_painted_p50_ms: at(this.ages, 0.5), age_when_painted_p95_ms: at(this.ages, 0.95), interval_p50_ms: at(this.intervals, 0.5), interval_p95_ms: at(this.intervals, 0.95), long_tasks: this.long, longest_task_ms: this.longest };
  }
}
