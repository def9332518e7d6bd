/**
 * A Produce request read by hand: flat arrays of partitions, no objects per record batch, kept in a pool. It is also the
 * place where the partitions' results gather until the response is written. Of a partition that is named more than once the
 * last batch counts, and it is answered once, as in Kafka. Lives on an I/O thread.
 */

import type { AppendDetail } from '../../partition/append-detail.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { Reader } from '../../protocol/primitives.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import type { TopicRoute, TopicRoutes } from './topic-routes.ts';

export const PRODUCE_FLEXIBLE_VERSION = 9;
export const PRODUCE_TOPIC_ID_VERSION = 13;
/** Least bytes of a topic and of a partition on the wire, to judge counts by. */
const TOPIC_BYTES_MIN = 3;
const PARTITION_BYTES_MIN = 5;

/** Partitions that one Produce or Fetch request may name: as many as a broker can have. */
const REQUEST_PARTITIONS_MAX = 131_072;

/** Throws a ProtocolError. */
export function checkPartitionCount(count: number): void {
  if (count <= REQUEST_PARTITIONS_MAX) return;
  throw new ProtocolError('malformed', `a request for more than ${REQUEST_PARTITIONS_MAX} partitions`);
}

export interface ProduceTopic {
  /** Name (or 16 bytes of id) to echo. */
  label: Buffer;
  route: TopicRoute | undefined;
  /** Its partitions are `[firstPartition, endPartition)` of the request. */
  firstPartition: number;
  endPartition: number;
}

export class ProduceRequest {
  correlationId = 0;
  version = 0;
  acks = 0;
  /** Where the transactional id stands and how long it is; below 0 without. */
  transactionalIdAt = 0;
  transactionalIdBytes = -1;
  clientId = '';
  readonly topics: ProduceTopic[] = [];
  partitionCount = 0;
  /** Parallel to each other, `partitionCount` long. */
  readonly index: number[] = [];
  readonly recordsAt: number[] = [];
  readonly recordsBytes: number[] = [];
  readonly errorCode: number[] = [];
  readonly baseOffset: number[] = [];
  readonly logAppendTimeMs: number[] = [];
  readonly logStartOffset: number[] = [];
  readonly detail: (AppendDetail | null)[] = [];
  /** Partitions whose result is awaited. */
  outstanding = 0;
  /** Arena block that the bytes lie in. */
  block = -1;

  get flexible(): boolean {
    return this.version >= PRODUCE_FLEXIBLE_VERSION;
  }

  get ready(): boolean {
    return this.outstanding === 0;
  }

  get failed(): boolean {
    for (let i = 0; i < this.partitionCount; i++) if (this.errorCode[i] !== ErrorCode.NONE) return true;
    return false;
  }

  /** Reads a body. Throws a ProtocolError. */
  read(bytes: Buffer, offset: number, end: number, version: number, routes: TopicRoutes): void {
    const reader = new Reader(bytes, offset, end);
    const flexible = version >= PRODUCE_FLEXIBLE_VERSION;
    this.version = version;
    this.partitionCount = 0;
    this.outstanding = 0;
    this.transactionalIdBytes = stringLength(reader, flexible);
    this.transactionalIdAt = reader.offset;
    if (this.transactionalIdBytes > 0) reader.skip(this.transactionalIdBytes);
    this.acks = reader.int16();
    reader.int32();
    const topicCount = arrayLength(reader, flexible, TOPIC_BYTES_MIN);
    for (let i = 0; i < topicCount; i++) this.#readTopic(reader, bytes, version, flexible, routes, i);
    // Setting the length of an array is slow; most requests have as many topics as the one before.
    if (this.topics.length > topicCount) this.topics.length = topicCount;
    if (flexible) skipTags(reader);
    if (this.#repeats()) this.#dropRepeated();
  }

  get transactional(): boolean {
    return this.transactionalIdBytes >= 0;
  }

  /** The bytes were moved by so much. */
  moved(by: number): void {
    this.transactionalIdAt += by;
    for (let i = 0; i < this.partitionCount; i++) this.recordsAt[i] += by;
  }

  setResult(at: number, errorCode: number, baseOffset: number, logAppendTimeMs: number, logStartOffset: number): void {
    this.errorCode[at] = errorCode;
    this.baseOffset[at] = baseOffset;
    this.logAppendTimeMs[at] = logAppendTimeMs;
    this.logStartOffset[at] = logStartOffset;
  }

  /** Whether a known partition is named more than once, or a topic without any. Makes no garbage. */
  #repeats(): boolean {
    requestsRead++;
    for (const { route, firstPartition, endPartition } of this.topics) {
      if (firstPartition === endPartition) return true;
      for (let at = firstPartition; at < endPartition; at++) {
        const row = route?.rows[this.index[at]] ?? -1;
        if (row < 0) continue;
        if (row >= lastRequestOf.length) growTo(row);
        if (lastRequestOf[row] === requestsRead) return true;
        lastRequestOf[row] = requestsRead;
      }
    }
    return false;
  }

  /** Keeps the last of the entries for each known partition, and topics that have one. */
  #dropRepeated(): void {
    const { topics, index, recordsAt, recordsBytes } = this;
    const lastOfRow = new Map<number, number>();
    const rowOf = (topic: ProduceTopic, at: number): number => topic.route?.rows[index[at]] ?? -1;
    for (const topic of topics) {
      for (let at = topic.firstPartition; at < topic.endPartition; at++) lastOfRow.set(rowOf(topic, at), at);
    }
    let keptTopics = 0;
    let kept = 0;
    for (const topic of topics) {
      const { firstPartition, endPartition } = topic;
      topic.firstPartition = kept;
      for (let at = firstPartition; at < endPartition; at++) {
        const row = rowOf(topic, at);
        if (row >= 0 && lastOfRow.get(row) !== at) continue;
        index[kept] = index[at];
        recordsAt[kept] = recordsAt[at];
        recordsBytes[kept] = recordsBytes[at];
        kept++;
      }
      topic.endPartition = kept;
      if (kept > topic.firstPartition) topics[keptTopics++] = topic;
    }
    this.partitionCount = kept;
    if (keptTopics < topics.length) topics.length = keptTopics;
  }

  #readTopic(
    reader: Reader,
    bytes: Buffer,
    version: number,
    flexible: boolean,
    routes: TopicRoutes,
    topicAt: number,
  ): void {
    let start: number;
    let length = 16;
    if (version >= PRODUCE_TOPIC_ID_VERSION) {
      start = reader.offset;
      reader.skip(16);
    } else {
      length = stringLength(reader, flexible);
      start = reader.offset;
      reader.skip(length);
    }
    const route =
      version >= PRODUCE_TOPIC_ID_VERSION
        ? routes.byIdBytes(bytes, start)
        : routes.byNameBytes(bytes, start, start + length);
    const known = version >= PRODUCE_TOPIC_ID_VERSION ? route?.idBytes : route?.nameBytes;
    const label = known ?? Buffer.from(bytes.subarray(start, start + length));
    const partitionCount = arrayLength(reader, flexible, PARTITION_BYTES_MIN);
    checkPartitionCount(this.partitionCount + partitionCount);
    const firstPartition = this.partitionCount;
    for (let i = 0; i < partitionCount; i++) {
      const at = this.partitionCount++;
      this.index[at] = reader.int32();
      const size = flexible ? reader.compactLength() : reader.int32();
      this.recordsAt[at] = reader.offset;
      this.recordsBytes[at] = size;
      if (size > 0) reader.skip(size);
      if (flexible) skipTags(reader);
      this.detail[at] = null;
      this.setResult(at, ErrorCode.NONE, -1, -1, -1);
    }
    const endPartition = this.partitionCount;
    const topic = this.topics[topicAt];
    if (topic) {
      topic.label = label;
      topic.route = route;
      topic.firstPartition = firstPartition;
      topic.endPartition = endPartition;
    } else {
      this.topics.push({ label, route, firstPartition, endPartition });
    }
    if (flexible) skipTags(reader);
  }
}

/** By row: the last request, counted on this thread, that named it. */
let lastRequestOf = new Float64Array(1024);
let requestsRead = 0;

function growTo(row: number): void {
  const grown = new Float64Array(2 ** Math.ceil(Math.log2(row + 1)));
  grown.set(lastRequestOf);
  lastRequestOf = grown;
}

/** Below 0 for null. */
function stringLength(reader: Reader, flexible: boolean): number {
  return flexible ? reader.compactStringLength() : reader.int16();
}

function arrayLength(reader: Reader, flexible: boolean, elementBytesMin: number): number {
  const count = flexible ? reader.compactArrayLength(elementBytesMin, true) : reader.arrayLength(elementBytesMin, true);
  if (count < 0) reader.fail('a list that may not be null');
  return count;
}

function skipTags(reader: Reader): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}
