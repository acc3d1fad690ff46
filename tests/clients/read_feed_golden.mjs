// Reads the golden bytes of the feed with the JavaScript of the examples: node read_feed_golden.mjs PATH without ending.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { decodeRows } from "../../clients/examples/feed_rows.mjs";

const path = process.argv[2];
// Whole numbers of 16 digits and more are not exact in JavaScript's own numbers.
const text = readFileSync(`${path}.json`, "utf8").replace(/(?<=[\s[:,])-?\d{16,}(?=[,\s\]}])/g, '"$&"');
const golden = JSON.parse(text);
const data = readFileSync(`${path}.bin`);
let count = 0;
let bytes = 0;
for (const { info, offset, bytes: size, rows: expected } of golden.streams) {
  const rows = decodeRows(info, data.subarray(offset, offset + size));
  assert.equal(rows.length, expected.length, info.name);
  rows.forEach((row, i) => {
    const want = expected[i];
    for (const key of ["t_ns", "seq"]) assert.equal(row[key], BigInt(want[key]), `${info.name} ${key}`);
    for (const key of ["flags", "epoch"]) assert.equal(row[key], want[key], `${info.name} ${key}`);
    if (info.type === "text") assert.equal(row.text, want.text);
    else
      row.values.forEach((v, c) => {
        const w = want.values[c];
        const same = w === null ? Number.isNaN(v) : info.type === "i64" ? v === BigInt(w) : Object.is(v, w) || (v === 0 && w === 0);
        assert.ok(same, `${info.name} column ${c}: ${v} and not ${w}`);
      });
    count += 1;
  });
  assert.throws(() => decodeRows(info, data.subarray(offset, offset + size - 1)), /not whole rows/);
  bytes += size;
}
assert.equal(bytes, data.length);
assert.equal(count, 18);
console.log(`node ${process.version}: ${count} rows of ${golden.streams.length} streams as C++ wrote them`);
