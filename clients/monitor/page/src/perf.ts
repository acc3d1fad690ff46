// How long the page works on a frame. Fixed memory, so that measuring changes nothing.
const size = 8192;

export class Performance {
  private readonly script = new Float32Array(size);
  private readonly whole = new Float32Array(size);
  private readonly intervals = new Float32Array(size);
  private readonly ages = new Float32Array(size);
  private readonly rows = new Float64Array(size);
  private readonly at = new Float64Array(size);
  private age = 0;
  private row = 0;
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

  /** `age`: of the newest sample, in ms, now. `row`: time of the newest row, in s. */
  begin(age: number, row: number): void {
    this.began = performance.now();
    this.age = age;
    this.row = row;
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
    const i = this.n % size, now = performance.now();
    this.whole[i] = now - this.began;
    this.ages[i] = this.age + now - this.began;
    this.rows[i] = this.row;
    this.at[i] = now;
    this.n++;
  }

  /** Of each frame: time of the newest row it shows, in s; when it was painted, in ms of `performance.now()`. */
  paintings(): [number, number][] {
    const count = Math.min(this.n, size);
    return Array.from({ length: count }, (_, k) => { const i = (this.n - count + k) % size; return [this.rows[i]!, this.at[i]!]; });
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
