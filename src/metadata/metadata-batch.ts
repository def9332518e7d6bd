/**
 * Record batches of the metadata log and of its snapshots: building and reading. Pure; control thread.
 *
 *   data batch      partition leader epoch = epoch of the KRaft leader, no producer, records with null keys and
 *                   metadata record frames (metadata-records.ts) as values, never compressed
 *   control batch   control bit set; key = int16 version 0, int16 type; value = message of the type, which begins with
 *                   its own version as int16
 *
 *    header: 0 baseOffset int64 | 8 length int32 | 12 partitionLeaderEpoch int32 | 16 magic int8 | 17 crc uint32
 *            21 attributes int16 | 23 lastOffsetDelta int32 | 27 baseTimestamp int64 | 35 maxTimestamp int64
 *            43 producerId int64 | 51 producerEpoch int16 | 53 baseSequence int32 | 57 recordsCount int32 | 61 records
 *    record: varint length | int8 attributes | varlong timestampDelta | varint offsetDelta | varint key length, key
 *            varint value length, value | varint header count
 */
import { crc32c } from '../native/crc32c.ts';
import { decode, encode, ProtocolError, Reader, Writer } from '../protocol/codec.ts';
import { type KRaftVersionRecord, kRaftVersionRecord } from '../protocol/persisted/raft/kraft-version-record.ts';
import { type LeaderChangeMessage, leaderChangeMessage } from '../protocol/persisted/raft/leader-change-message.ts';
import { type SnapshotFooterRecord, snapshotFooterRecord } from '../protocol/persisted/raft/snapshot-footer-record.ts';
import { type SnapshotHeaderRecord, snapshotHeaderRecord } from '../protocol/persisted/raft/snapshot-header-record.ts';
import { type VotersRecord, votersRecord } from '../protocol/persisted/raft/voters-record.ts';
import { decodeMetadataRecord, encodeMetadataRecord, type MetadataRecord } from './metadata-records.ts';

const HEADER_BYTES = 61;
/** Bytes before the ones that the length field counts. */
const LENGTH_OVERHEAD_BYTES = 12;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAGIC = 2;
const CODEC_MASK = 0x07;
const CONTROL_BIT = 0x20;

/** Largest batch that Kafka's raft implementation reads in one piece. */
export const METADATA_BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** The records do not fit one batch. Nothing was written. */
export class MetadataBatchTooLargeError extends RangeError {
  constructor() {
    super(`metadata records of more than ${METADATA_BATCH_BYTES_MAX} bytes in one batch`);
    this.name = 'MetadataBatchTooLargeError';
  }
}

export type ControlRecord =
  | { readonly type: 'LeaderChange'; readonly data: LeaderChangeMessage }
  | { readonly type: 'SnapshotHeader'; readonly data: SnapshotHeaderRecord }
  | { readonly type: 'SnapshotFooter'; readonly data: SnapshotFooterRecord }
  | { readonly type: 'KRaftVersion'; readonly data: KRaftVersionRecord }
  | { readonly type: 'KRaftVoters'; readonly data: VotersRecord };

const CONTROL_TYPES = {
  LeaderChange: { id: 2, schema: leaderChangeMessage },
  SnapshotHeader: { id: 3, schema: snapshotHeaderRecord },
  SnapshotFooter: { id: 4, schema: snapshotFooterRecord },
  KRaftVersion: { id: 5, schema: kRaftVersionRecord },
  KRaftVoters: { id: 6, schema: votersRecord },
} as const;

export interface BatchPlace {
  readonly baseOffset: number;
  /** Epoch of the leader that wrote it. */
  readonly epoch: number;
  readonly timestampMs: number;
}

/** A batch that was read; one of `records` and `controls` is empty. */
export interface MetadataBatch extends BatchPlace {
  readonly lastOffset: number;
  readonly sizeBytes: number;
  readonly records: readonly MetadataRecord[];
  readonly controls: readonly ControlRecord[];
}

/** One batch of metadata records. Throws a MetadataBatchTooLargeError. */
export function encodeRecordBatch(records: readonly MetadataRecord[], place: BatchPlace): Buffer {
  return encodeBatch(
    records.map((record) => ({ key: null, value: encodeMetadataRecord(record) })),
    0,
    place,
  );
}

export function encodeControlBatch(controls: readonly ControlRecord[], place: BatchPlace): Buffer {
  return encodeBatch(
    controls.map((control) => ({ key: controlKey(control), value: controlValue(control) })),
    CONTROL_BIT,
    place,
  );
}

function controlKey(control: ControlRecord): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(CONTROL_TYPES[control.type].id, 2);
  return key;
}

function controlValue(control: ControlRecord): Buffer {
  switch (control.type) {
    case 'LeaderChange':
      return encode(leaderChangeMessage, control.data, control.data.version);
    case 'SnapshotHeader':
      return encode(snapshotHeaderRecord, control.data, control.data.version);
    case 'SnapshotFooter':
      return encode(snapshotFooterRecord, control.data, control.data.version);
    case 'KRaftVersion':
      return encode(kRaftVersionRecord, control.data, control.data.version);
    case 'KRaftVoters':
      return encode(votersRecord, control.data, control.data.version);
  }
}

interface RawRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
}

function encodeBatch(records: readonly RawRecord[], attributes: number, place: BatchPlace): Buffer {
  const writer = new Writer(1024);
  const body = new Writer(256);
  writeHeader(writer, records.length, attributes, place);
  for (const [offsetDelta, { key, value }] of records.entries()) {
    body.offset = 0;
    body.int8(0);
    body.varlong(0);
    body.varint(offsetDelta);
    body.varint(key === null ? -1 : key.length);
    if (key !== null) body.raw(key);
    body.varint(value.length);
    body.raw(value);
    body.varint(0);
    writer.varint(body.offset);
    writer.raw(body.written());
    if (writer.offset > METADATA_BATCH_BYTES_MAX) throw new MetadataBatchTooLargeError();
  }
  const batch = writer.copy();
  batch.writeInt32BE(batch.length - LENGTH_OVERHEAD_BYTES, 8);
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT);
  return batch;
}

function writeHeader(writer: Writer, count: number, attributes: number, place: BatchPlace): void {
  writer.int64(place.baseOffset);
  writer.int32(0);
  writer.int32(place.epoch);
  writer.int8(MAGIC);
  writer.uint32(0);
  writer.int16(attributes);
  writer.int32(count - 1);
  writer.int64(place.timestampMs);
  writer.int64(place.timestampMs);
  writer.int64(-1);
  writer.int16(-1);
  writer.int32(-1);
  writer.int32(count);
}

/** The batches in `bytes`, which must hold whole ones. Throws a ProtocolError at the first that is damaged. */
export function* readBatches(bytes: Uint8Array): Generator<MetadataBatch> {
  let at = 0;
  while (at < bytes.length) {
    const sizeBytes = batchSize(bytes, at);
    yield readBatch(bytes, at, sizeBytes);
    at += sizeBytes;
  }
}

function damaged(at: number, what: string): ProtocolError {
  return new ProtocolError('malformed', `metadata batch at byte ${at}: ${what}`);
}

function batchSize(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < HEADER_BYTES) throw damaged(at, 'cut off in its header');
  const sizeBytes = new Reader(bytes, at + 8).int32() + LENGTH_OVERHEAD_BYTES;
  if (sizeBytes < HEADER_BYTES || sizeBytes > bytes.length - at) throw damaged(at, `impossible size ${sizeBytes}`);
  return sizeBytes;
}

function readBatch(bytes: Uint8Array, at: number, sizeBytes: number): MetadataBatch {
  const reader = new Reader(bytes, at, at + sizeBytes);
  const baseOffset = reader.int64();
  reader.int32();
  const epoch = reader.int32();
  if (reader.int8() !== MAGIC) throw damaged(at, 'magic is not 2');
  if (reader.uint32() !== crc32c(bytes, at + ATTRIBUTES_AT, at + sizeBytes)) throw damaged(at, 'wrong CRC');
  const attributes = reader.int16();
  if ((attributes & CODEC_MASK) !== 0) throw damaged(at, 'compressed, which a metadata log never is');
  const lastOffset = baseOffset + reader.int32();
  reader.int64();
  const timestampMs = reader.int64();
  reader.skip(14);
  const count = reader.int32();
  const isControl = (attributes & CONTROL_BIT) !== 0;
  const records: MetadataRecord[] = [];
  const controls: ControlRecord[] = [];
  for (let i = 0; i < count; i++) {
    const { key, value } = readRecord(reader);
    if (!isControl) records.push(decodeMetadataRecord(value));
    else if (key) controls.push(decodeControl(key, value, at));
  }
  if (reader.remaining() > 0) throw damaged(at, 'bytes behind its last record');
  return { baseOffset, lastOffset, epoch, timestampMs, sizeBytes, records, controls };
}

function readRecord(reader: Reader): RawRecord {
  reader.varint();
  reader.int8();
  reader.varlong();
  reader.varint();
  const keyBytes = reader.varint();
  const key = keyBytes < 0 ? null : reader.view(keyBytes);
  const valueBytes = reader.varint();
  const value = reader.view(Math.max(valueBytes, 0));
  const headers = reader.varint();
  for (let i = 0; i < headers; i++) {
    reader.skip(Math.max(reader.varint(), 0));
    reader.skip(Math.max(reader.varint(), 0));
  }
  return { key, value };
}

function decodeControl(key: Uint8Array, value: Uint8Array, at: number): ControlRecord {
  const keyReader = new Reader(key);
  keyReader.int16();
  const id = keyReader.int16();
  const version = new Reader(value).int16();
  switch (id) {
    case CONTROL_TYPES.LeaderChange.id:
      return { type: 'LeaderChange', data: decode(leaderChangeMessage, value, 0, version) };
    case CONTROL_TYPES.SnapshotHeader.id:
      return { type: 'SnapshotHeader', data: decode(snapshotHeaderRecord, value, 0, version) };
    case CONTROL_TYPES.SnapshotFooter.id:
      return { type: 'SnapshotFooter', data: decode(snapshotFooterRecord, value, 0, version) };
    case CONTROL_TYPES.KRaftVersion.id:
      return { type: 'KRaftVersion', data: decode(kRaftVersionRecord, value, 0, version) };
    case CONTROL_TYPES.KRaftVoters.id:
      return { type: 'KRaftVoters', data: decode(votersRecord, value, 0, version) };
    default:
      throw damaged(at, `control record of type ${id}, which is not known`);
  }
}
