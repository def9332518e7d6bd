import { crc32, gzipSync } from 'node:zlib';
import type { FileSpace } from '../../src/native/file-space.ts';

/** Messages of formats 0 and 1, as Kafka wrote them before 0.11. */

export interface OldMessage {
  readonly magic: 0 | 1;
  readonly offset: number;
  /** Of format 1. */
  readonly timestamp?: number;
  readonly attributes?: number;
  readonly key?: string;
  readonly value: string | Uint8Array;
}

function field(bytes: Uint8Array | undefined): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes?.length ?? -1);
  return Buffer.concat([size, bytes ?? Buffer.alloc(0)]);
}

export function oldMessage({ magic, offset, timestamp = 7, attributes = 0, key, value }: OldMessage): Buffer {
  const time = Buffer.alloc(magic * 8);
  if (magic === 1) time.writeBigInt64BE(BigInt(timestamp));
  const fields = [field(key === undefined ? undefined : Buffer.from(key)), field(Buffer.from(value))];
  const body = Buffer.concat([Buffer.from([magic, attributes]), time, ...fields]);
  const head = Buffer.alloc(16);
  head.writeBigInt64BE(BigInt(offset));
  head.writeInt32BE(4 + body.length, 8);
  head.writeUInt32BE(crc32(body), 12);
  return Buffer.concat([head, body]);
}

/** A message with `count` others of values "0", "1" ... in it, gzipped; timestamps rise by 1 up to `timestamp`. */
export function compressedMessage(magic: 0 | 1, baseOffset: number, count: number, timestamp = 7): Buffer {
  const inner = Array.from({ length: count }, (_, at) =>
    oldMessage({
      magic,
      offset: magic === 1 ? at : baseOffset + at,
      timestamp: timestamp - count + 1 + at,
      key: `k${at}`,
      value: String(at),
    }),
  );
  return oldMessage({
    magic,
    offset: baseOffset + count - 1,
    timestamp,
    attributes: 1,
    value: gzipSync(Buffer.concat(inner)),
  });
}

export function writeFile(files: FileSpace, path: string, parts: readonly Uint8Array[]): void {
  const file = files.open(path, true);
  files.truncate(file, 0);
  files.write(file, 0, [Buffer.concat(parts)], 1);
  files.close(file);
}
