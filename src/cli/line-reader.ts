/** Lines of a stream of bytes, as many at a time as have arrived. */

/** A longer line is an error: it is no text. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Yields the whole lines of each chunk, without their ends; a last line without an end counts too. */
export async function* readLines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer[]> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const raw of input) {
    const chunk = typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(withoutReturn(Buffer.concat([...held, chunk.subarray(start, end)])));
      held = [];
      heldBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) held.push(chunk.subarray(start));
    heldBytes += chunk.length - start;
    if (heldBytes > LINE_BYTES_MAX) throw new RangeError(`a line is longer than ${LINE_BYTES_MAX} bytes`);
    if (lines.length > 0) yield lines;
  }
  if (heldBytes > 0) yield [withoutReturn(Buffer.concat(held))];
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
