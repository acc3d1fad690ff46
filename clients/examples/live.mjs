// Prints the newest row of streams of a live feed, with names and units. Usage: node live.mjs [ENDPOINT [STREAM [SECONDS]]]
// Once before: npm ci --ignore-scripts   (schemas/feed.md)
import { Subscriber } from "zeromq";
import { decodeRows } from "./feed_rows.mjs";

const [endpoint = "tcp://127.0.0.1:7390", wanted = "ankle/", seconds = "1e9"] = process.argv.slice(2);
const end = performance.now() + 1000 * Number(seconds);
const socket = new Subscriber({ receiveTimeout: 1000 });
socket.connect(endpoint);
socket.subscribe(wanted);
const infos = new Map();
const nextMessage = new Map();
while (performance.now() < end) {
  let frames;
  try {
    frames = await socket.receive();
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
    console.error(`nothing from ${endpoint} for 1 s`);
    continue;
  }
  const header = JSON.parse(frames[1].toString());
  const name = frames[0].toString();
  if (header.type === "info") infos.set(name, header.info);
  if (header.type !== "data" || !infos.has(name)) continue; // other types are to be ignored; info may come after data
  const missed = header.seq - (nextMessage.get(name) ?? header.seq);
  if (missed > 0) console.error(`${name}: ${missed} messages missed`);
  nextMessage.set(name, header.seq + 1);
  const info = infos.get(name);
  const row = decodeRows(info, frames[2]).at(-1);
  const values = info.columns.map((column, i) => `  ${column.name} ${row.values?.[i]} ${column.unit}`).join("");
  console.log(`${name} ${(Number(row.t_ns) / 1e9).toFixed(3)} s${row.text ? "  " + row.text : values}`);
}
socket.close();
