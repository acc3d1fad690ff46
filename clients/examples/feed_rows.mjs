// The rows of one message of the feed (schemas/feed.md, "A row"). No dependencies; runs in browsers too.

const SIZE = { f32: 4, f64: 8, i32: 4, i64: 8 };
const READ = {
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
  i32: (view, at) => view.getInt32(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
};

/**
 * @param info the object `info` of the stream's info message
 * @param bytes Uint8Array (or Buffer) with whole rows
 * @returns rows {t_ns, seq, flags, epoch} with `values` in the order of info.columns, or with `text`. t_ns, seq and values of i64
 *   streams are BigInt. Throws when the bytes are not whole rows.
 */
export function decodeRows(info, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isText = info.type === "text";
  if (!isText && !SIZE[info.type]) throw new Error(`stream ${info.name}: unknown type ${info.type}`);
  const rows = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const length = at + 24 <= bytes.byteLength ? view.getUint32(at + 20, true) : 0;
    const body = isText ? Math.ceil(length / 8) * 8 : SIZE[info.type] * info.columns.length;
    if (at + 24 + body > bytes.byteLength) throw new Error(`stream ${info.name}: ${bytes.byteLength} bytes are not whole rows`);
    const row = { t_ns: view.getBigInt64(at, true), seq: view.getBigUint64(at + 8, true), flags: view.getUint16(at + 16, true), epoch: view.getUint16(at + 18, true) };
    if (isText) row.text = new TextDecoder().decode(bytes.subarray(at + 24, at + 24 + length));
    else row.values = info.columns.map((_, i) => READ[info.type](view, at + 24 + i * SIZE[info.type]));
    rows.push(row);
    at += 24 + body;
  }
  return rows;
}
