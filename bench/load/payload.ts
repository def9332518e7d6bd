/**
 * Encodes the records that producers send, once, before the run, into the file that the generator maps
 * (load/generator/payload.h draws its layout). Compression happens here too, so the generator spends nothing on it.
 */
import { writeFileSync } from 'node:fs';
import { CompressionType, compress } from '../../src/protocol/records/compression.ts';
import type { Codec } from './settings.ts';

export interface PayloadShape {
  partitions: number;
  messageBytes: number;
  keys: number;
  codec: Codec;
  batchBytes: number;
}

const BATCH_HEADER_BYTES = 61;
const RECORD_OVERHEAD_BYTES = 12;
const FILE_VERSION = 1;
const PAYLOAD_BYTES_MAX = 1 << 30;
/** Every batch size up to this has its own compressed form; above it they grow by a factor. */
const EXACT_COUNTS_MAX = 64;
const VALUES_DISTINCT_MAX = 4096;

/** How many records of this size fill a batch: at least one. */
export function recordsPerBatch(shape: Pick<PayloadShape, 'messageBytes' | 'batchBytes'>): number {
  return Math.max(
    1,
    Math.floor((shape.batchBytes - BATCH_HEADER_BYTES) / (shape.messageBytes + RECORD_OVERHEAD_BYTES)),
  );
}

function zigzagVarint(value: number, to: number[]): void {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  while (rest >= 0x80) {
    to.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  to.push(rest);
}

/** One record of a batch, magic 2: its length, attributes, deltas, key, value, no headers. */
export function encodeRecord(offsetDelta: number, key: Buffer | null, value: Buffer): Buffer {
  const head: number[] = [0];
  zigzagVarint(0, head);
  zigzagVarint(offsetDelta, head);
  zigzagVarint(key === null ? -1 : key.length, head);
  const middle: number[] = [];
  zigzagVarint(value.length, middle);
  const bodyBytes = head.length + (key?.length ?? 0) + middle.length + value.length + 1;
  const length: number[] = [];
  zigzagVarint(bodyBytes, length);
  return Buffer.concat([
    Buffer.from(length),
    Buffer.from(head),
    key ?? Buffer.alloc(0),
    Buffer.from(middle),
    value,
    Buffer.from([0]),
  ]);
}

/** Text as logs and events have it: it compresses to about a third. The same on every run. */
export function sampleValue(index: number, bytes: number): Buffer {
  const words = [
    '"status":"ok"',
    '"user":',
    '"path":"/api/v1/orders"',
    '"latency_ms":',
    '"region":"eu-west"',
    '"trace":',
  ];
  let state = (index + 1) * 2654435761;
  let text = `{"id":${index}`;
  while (text.length < bytes) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const word = words[state % words.length]!;
    text += `,${word}${word.endsWith(':') ? (state >>> 3).toString(36) : ''}`;
  }
  return Buffer.from(text.slice(0, bytes), 'latin1');
}

/** Kafka's hash of keys (MurmurHash2), so that keyed records land where its own clients put them. */
export function murmur2(key: Buffer): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ key.length;
  let at = 0;
  for (; at + 4 <= key.length; at += 4) {
    let k = Math.imul(key.readInt32LE(at), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const left = key.length - at;
  if (left > 2) h ^= key[at + 2]! << 16;
  if (left > 1) h ^= key[at + 1]! << 8;
  if (left > 0) h = Math.imul(h ^ key[at]!, m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

export function keyOf(index: number): Buffer {
  return Buffer.from(`key-${String(index).padStart(8, '0')}`, 'latin1');
}

function u32(...values: number[]): Buffer {
  return u32s(values);
}

function u32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

/** The batch sizes that get a compressed form of their own. */
export function variantCounts(recordsMax: number, growth: number): number[] {
  const counts: number[] = [];
  for (
    let count = 1;
    count < recordsMax;
    count = growth < 2 && count < EXACT_COUNTS_MAX ? count + 1 : Math.ceil(count * growth)
  ) {
    counts.push(count);
  }
  counts.push(recordsMax);
  return counts;
}

/** All forms of one group's batch: keys in turn, values from a fixed set. */
function encodeGroup(shape: PayloadShape, keys: readonly number[], growth: number): Buffer {
  const recordsMax = recordsPerBatch(shape);
  const records: Buffer[] = [];
  const ends: number[] = [];
  let length = 0;
  for (let i = 0; i < recordsMax; i++) {
    const key = keys.length === 0 ? null : keyOf(keys[i % keys.length]!);
    const record = encodeRecord(i, key, sampleValue(i % VALUES_DISTINCT_MAX, shape.messageBytes));
    records.push(record);
    length += record.length;
    ends.push(length);
  }
  const all = Buffer.concat(records);
  if (shape.codec === 'none') return Buffer.concat([u32(1, recordsMax, 1, all.length), u32s(ends), all]);
  const counts = variantCounts(recordsMax, growth);
  const parts = [u32(counts.length)];
  for (const count of counts) {
    const bytes = compress(CompressionType[shape.codec], all.subarray(0, ends[count - 1]));
    parts.push(u32(count, 0, bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** The whole payload file. Without keys all partitions share one group; with keys each has its own, of its own keys. */
export function encodePayload(shape: PayloadShape): Buffer {
  const partitionOfKey = Array.from(
    { length: shape.keys },
    (_, key) => (murmur2(keyOf(key)) & 0x7fffffff) % shape.partitions,
  );
  const keyed = shape.keys > 0;
  const groups = keyed ? shape.partitions : 1;
  if (groups * Math.max(shape.batchBytes, shape.messageBytes) > PAYLOAD_BYTES_MAX) {
    throw new Error('The prebuilt records would pass 1 GiB: take fewer partitions with keys, or smaller batches.');
  }
  const keysOfGroup: number[][] = Array.from({ length: groups }, () => []);
  for (const [key, partition] of partitionOfKey.entries()) keysOfGroup[partition]!.push(key);
  const parts = [
    Buffer.from('MRPL', 'latin1'),
    u32(FILE_VERSION, CompressionType[shape.codec], shape.partitions, groups, shape.keys),
    u32s(Array.from({ length: shape.partitions }, (_, partition) => (keyed ? partition : 0))),
    u32s(partitionOfKey),
  ];
  for (const keys of keysOfGroup) {
    // A partition that no key hashes to still needs records of some key.
    parts.push(encodeGroup(shape, keyed && keys.length === 0 ? [0] : keys, groups === 1 ? 1.06 : 2));
  }
  return Buffer.concat(parts);
}

export function writePayload(path: string, shape: PayloadShape): void {
  writeFileSync(path, encodePayload(shape));
}
