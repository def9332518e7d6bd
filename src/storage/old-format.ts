import { crc32 } from 'node:zlib';
import type { FileSpace } from '../native/file-space.ts';
import { ensureDone, StorageError } from './storage-error.ts';

/**
 * Messages of formats 0 and 1, which Kafka wrote before 0.11 and still reads. This broker does not, but must not take
 * them for damage that may be cut.
 *
 *      0 offset 8 | 8 size 4 (of what follows) | 12 crc 4 (CRC-32 of what follows) | 16 magic 1 | 17 attributes 1 | ...
 *
 * Thread: the log's owner.
 */

/** A log whose last segment holds such messages: nothing may be appended behind what cannot be read. */
export class OldFormatError extends StorageError {
  constructor(path: string, offset: number, magic: number) {
    super(
      `records from offset ${offset} on are of message format ${magic}, from before Kafka 0.11, which cannot be read`,
      path,
      0,
    );
    this.name = 'OldFormatError';
  }
}

const SIZE_AT = 8;
const CRC_AT = 12;
const MAGIC_AT = 16;
/** Offset, size, CRC, magic, attributes, and the lengths of a key and a value that are not there. */
const MESSAGE_BYTES_MIN = 26;
/** Of a message that is checked, read at a time. */
const READ_BYTES = 64 * 1024;

/** The format (0 or 1) of the message that lies whole at `position` of the file; undefined when none does. */
export function oldFormatAt(files: FileSpace, path: string, position: number): number | undefined {
  const file = ensureDone(files.open(path, false), 'cannot open', path);
  try {
    const bytes = Buffer.alloc(READ_BYTES);
    const got = ensureDone(files.read(file, position, bytes, 0, bytes.length), 'cannot read', path);
    const end = position + CRC_AT + bytes.readInt32BE(SIZE_AT);
    const magic = bytes[MAGIC_AT];
    if (got < MESSAGE_BYTES_MIN || end - position < MESSAGE_BYTES_MIN || magic > 1) return undefined;
    const expected = bytes.readUInt32BE(CRC_AT);
    let crc = crc32(bytes.subarray(MAGIC_AT, Math.min(got, end - position)));
    for (let at = position + got; at < end; ) {
      const more = ensureDone(files.read(file, at, bytes, 0, Math.min(READ_BYTES, end - at)), 'cannot read', path);
      if (more === 0) return undefined;
      crc = crc32(bytes.subarray(0, more), crc);
      at += more;
    }
    return crc === expected ? magic : undefined;
  } finally {
    files.close(file);
  }
}
