/**
 * The records of one batch, decompressed on demand. Keys, values and header values are views: of the batch, or of the
 * decompressed bytes. Every length is checked, so that a lying batch ends in a BatchError and not in a large allocation.
 * Any thread.
 *
 *     record: length varint | attributes 1 | timestampDelta varlong | offsetDelta varint | keyLength varint | key |
 *             valueLength varint | value | headersCount varint | { keyLength, key, valueLength, value } ...
 */
import { BatchFault } from '../../native/log-store.ts';
import { Reader } from '../primitives.ts';
import { ProtocolError } from '../protocol-error.ts';
import { BatchError, type RecordBatchView } from './batch-header.ts';
import { DECOMPRESSED_BYTES_MAX, decompress } from './compression.ts';

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface LogRecord {
  readonly offset: number;
  /** Of log append time batches the batch's. */
  readonly timestamp: number;
  /** -1 without a producer's sequence. */
  readonly sequence: number;
  readonly key: Uint8Array | null;
  /** Null is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordReaderOptions {
  readonly decompressedBytesMax?: number;
}

const NO_HEADERS: readonly RecordHeader[] = [];
/** A header takes a byte for each length at least. */
const HEADER_BYTES_MIN = 2;

/** Yields as many records as the batch's header says, and checks that nothing is left behind the last. */
export class RecordReader implements Iterable<LogRecord> {
  readonly #reader: Reader;
  readonly #baseOffset: number;
  readonly #baseSequence: number;
  readonly #baseTimestamp: number;
  /** The timestamp of every record under log append time, else undefined. */
  readonly #appendTime: number | undefined;
  readonly #bytesSize: number;
  #left: number;

  /** Throws a BatchError when the records do not decompress. */
  constructor(batch: RecordBatchView, options: RecordReaderOptions = {}) {
    const bytes = decompress(
      batch.compression,
      batch.recordsBytes(),
      options.decompressedBytesMax ?? DECOMPRESSED_BYTES_MAX,
    );
    this.#reader = new Reader(bytes);
    this.#bytesSize = bytes.length;
    this.#baseOffset = batch.baseOffset;
    this.#baseSequence = batch.baseSequence;
    this.#baseTimestamp = batch.baseTimestamp;
    this.#appendTime = batch.isLogAppendTime ? batch.maxTimestamp : undefined;
    this.#left = batch.recordsCount;
    if (this.#left < 0) throw new BatchError(BatchFault.count, `${this.#left} records`);
  }

  /** Bytes of the records after decompression. */
  get recordsBytes(): number {
    return this.#bytesSize;
  }

  /** The next record, undefined behind the last. Throws a BatchError with the fault `records`. */
  next(): LogRecord | undefined {
    if (this.#left === 0) {
      if (this.#reader.remaining() > 0) {
        throw new BatchError(BatchFault.records, `${this.#reader.remaining()} bytes behind the last record`);
      }
      return undefined;
    }
    try {
      const record = this.#record();
      this.#left--;
      return record;
    } catch (error) {
      if (error instanceof ProtocolError && !(error instanceof BatchError)) {
        throw new BatchError(BatchFault.records, error.message);
      }
      throw error;
    }
  }

  #record(): LogRecord {
    const reader = this.#reader;
    const length = reader.varint();
    if (length < 0 || length > reader.remaining()) reader.fail(`record of ${length} bytes does not fit`);
    const end = reader.offset + length;
    reader.skip(1);
    const timestampDelta = reader.varlong();
    const offsetDelta = reader.varint();
    const key = nullableView(reader);
    const value = nullableView(reader);
    const headers = readHeaders(reader);
    if (reader.offset !== end) reader.fail('record of another length');
    return {
      offset: this.#baseOffset + offsetDelta,
      timestamp: this.#appendTime ?? this.#baseTimestamp + timestampDelta,
      sequence: this.#baseSequence < 0 ? -1 : (this.#baseSequence + offsetDelta) % 2 ** 31,
      key,
      value,
      headers,
    };
  }

  *[Symbol.iterator](): Generator<LogRecord, void> {
    for (let record = this.next(); record !== undefined; record = this.next()) yield record;
  }
}

function nullableView(reader: Reader): Uint8Array | null {
  const length = reader.varint();
  return length === -1 ? null : reader.view(length);
}

function readHeaders(reader: Reader): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count * HEADER_BYTES_MIN > reader.remaining()) reader.fail(`${count} headers do not fit`);
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = reader.text(reader.varint());
    headers.push({ key, value: nullableView(reader) });
  }
  return headers;
}

/** All records of a batch. Throws a BatchError. */
export function readRecords(batch: RecordBatchView, options?: RecordReaderOptions): LogRecord[] {
  return [...new RecordReader(batch, options)];
}
