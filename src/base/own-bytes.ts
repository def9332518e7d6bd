/**
 * A copy with memory of its own, for bytes that are kept. What `Buffer.from` makes of few bytes is a slice of node's
 * pool: kept for long, it keeps the 64 KiB around it. Any thread.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}
