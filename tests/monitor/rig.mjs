// The real programs and a real browser: grfd with the emulated athlete, grfmon, Chromium.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";

export const [modules, build, source] = process.argv.slice(3, 6);
const { chromium } = createRequire(join(modules, "x"))("playwright-core");
export const grfctl = join(build, "grfctl");
let failures = 0;

export function check(what, good, detail = "") {
  console.log(`${good ? "  ok " : "WRONG"}  ${what}${good ? "" : `: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`}`);
  if (!good) failures++;
}
export const failed = () => failures;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, seconds, condition) {
  const start = Date.now();
  for (;;) {
    const value = await condition();
    if (value) {
      check(what, true);
      return (Date.now() - start) / 1000;
    }
    if (Date.now() - start > seconds * 1000) {
      check(what, false, `not within ${seconds} s`);
      return undefined;
    }
    await sleep(50);
  }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export class Rig {
  folder = mkdtempSync(join(tmpdir(), "grfd-monitor-"));
  programs = [];
  environment = { ...process.env, GRFD_CONTROL: `ipc://${this.folder}/control`, GRFD_MONITOR: `ipc://${this.folder}/monitor` };

  start(name, program, args) {
    const log = openSync(join(this.folder, `${name}.log`), "a");
    const child = spawn(program, args, { stdio: ["ignore", log, log], env: this.environment });
    this.programs.push(child);
    return child;
  }
  log(name) { return existsSync(join(this.folder, `${name}.log`)) ? readFileSync(join(this.folder, `${name}.log`), "utf8") : ""; }

  startDaemon(...more) {
    return (this.daemon = this.start("grfd", join(build, "grfd"), ["run", join(source, "config/demo.toml"), "--set", `control.endpoint=ipc://${this.folder}/control`,
      "--set", `feed.endpoint=ipc://${this.folder}/feed`, "--set", `record.folder=${this.folder}/trials`, "--set", "record.name=first", ...more]));
  }
  async startMonitor(...more) {
    this.port ??= await freePort();
    return (this.monitor = this.start("grfmon", join(build, "grfmon"), ["--feed", `ipc://${this.folder}/feed`, "--listen", `127.0.0.1:${this.port}`, "--state", join(this.folder, "state"), ...more]));
  }
  ctl(...words) {
    const done = spawnSync(grfctl, words, { env: this.environment, encoding: "utf8", timeout: 60000 });
    return { code: done.status, out: done.stdout, err: done.stderr };
  }
  status() { return JSON.parse(this.ctl("--json", "status").out); }

  async startBrowser() {
    const found = ["chromium", "chromium-browser", "google-chrome"].map((n) => spawnSync("sh", ["-c", `command -v ${n}`], { encoding: "utf8" }).stdout.trim()).find((p) => p !== "");
    this.browser = await chromium.launch({
      executablePath: found, headless: true, timeout: 180000,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
    });
  }
  async page(options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(60000);
    this.errors ??= [];
    page.on("pageerror", (e) => this.errors.push(String(e)));
    page.on("console", (m) => { if (m.type() === "error" && !/WebSocket connection|ERR_CONNECTION|ERR_SSL/.test(m.text())) this.errors.push(m.text()); });
    return page;
  }
  /** A one-time link, as a person gets it. */
  link(...more) {
    const said = this.ctl("monitor", "pair", ...more);
    return /https?:\/\/\S+/.exec(said.out)?.[0];
  }

  async end() {
    await this.browser?.close();
    for (const child of this.programs) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    for (const child of this.programs) for (let i = 0; i < 400 && child.exitCode === null && child.signalCode === null; i++) await sleep(50);
    for (const child of this.programs) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    if (failures > 0) console.log(this.log("grfd").slice(-3000), this.log("grfmon").slice(-2000));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const word = (page) => page.evaluate(() => document.body.className.split(" ")[0]);
export const number = async (page, name) => {
  const text = await page.textContent(`[data-value=${name}]`);
  return text === "–" ? null : Number(text.replace("\u2212", "-"));
};
export const newest = (page, column) => page.evaluate((c) => window.grfmon.store.newest(c), column);
