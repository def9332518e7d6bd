// The records that every client sends and must get back: each shape that a client can express, in every partition.
// In the clients' exchange format (one JSON object a line): p partition, k key, v value, h headers, t timestamp;
// bytes are base64 or null.
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/base/random.ts';

export type Bytes = string | null;
export interface InteropRecord {
  p: number;
  k: Bytes;
  v: Bytes;
  h: [name: string, value: Bytes][];
  t: number;
}

export interface ConsumedRecord extends InteropRecord {
  topic: string;
  o: number;
}

/** What a client cannot say; the records sent through it avoid it, and nothing else. */
export interface Limits {
  /** Header values of null. */
  nullHeaders?: false;
  /** Its headers are a map of lists: names repeat, but their order among other names is lost. */
  groupedHeaders?: true;
  /** A record with neither key nor value. */
  emptyRecords?: false;
  /** An empty header value, which it takes for null or the other way round. */
  emptyHeaders?: false;
  /** Snappy in the framing of Kafka's Java client; it reads the bare blocks that others write. */
  framedSnappy?: false;
  /** Leaving out aborted records: it passes on those whose marker lies in a later fetch. */
  readCommitted?: false;
}

export const PARTITIONS = 4;
/** Some records are this big: over a fetch's usual first answer and over librdkafka's smallest buffers. */
const BIG_VALUE_BYTES = 200_000;
const FIRST_TIMESTAMP = 1_700_000_000_000;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** `count` records spread over the partitions, the same for the same seed. */
export function makeRecords(count: number, seed: number, limits: Limits = {}): InteropRecord[] {
  const random = seededRandom(seed);
  const records: InteropRecord[] = [];
  for (let index = 0; index < count; index++) {
    const random64 = (length: number): string => base64(random.bytes(length));
    const keys: Bytes[] = [base64(Buffer.from(`key-${index}`)), null, '', random64(17)];
    const values: Bytes[] = [
      base64(Buffer.from(`value ${index} – ${'ü'.repeat(index % 50)}`)),
      random64(300),
      '',
      null,
    ];
    const key = keys[random.below(keys.length)]!;
    const value = index % 37 === 20 ? random64(BIG_VALUE_BYTES) : values[random.below(values.length)]!;
    records.push({
      p: index % PARTITIONS,
      k: key,
      v: limits.emptyRecords === false && key === null ? (value ?? '') : value,
      h: makeHeaders(index % 5, random64(9), limits),
      // Neither ordered nor dense: the time index must cope, and the client must not replace them.
      t: FIRST_TIMESTAMP + index * 1000 + random.below(5000) - 2500,
    });
  }
  return records;
}

function makeHeaders(shape: number, bytes: string, limits: Limits): [string, Bytes][] {
  const nothing = limits.nullHeaders === false ? bytes : null;
  const empty = limits.emptyHeaders === false ? bytes : '';
  if (shape === 0) return [];
  if (shape === 1) return [['trace', bytes]];
  if (shape === 2)
    return [
      ['again', bytes],
      ['again', empty],
      ['again', bytes],
    ];
  if (shape === 3)
    return [
      ['absent', nothing],
      ['größe', bytes],
    ];
  return [
    ['first', bytes],
    ['again', bytes],
    ['between', empty],
    ['again', nothing],
  ];
}

/** Checks what a group read against what was acknowledged: every record, every byte, offsets in order. */
export class Ledger {
  /** "topic-partition" -> offset -> the record's canonical text. */
  readonly #acknowledged = new Map<string, Map<number, InteropRecord>>();
  readonly #limits: Limits;
  count = 0;

  constructor(limits: Limits = {}) {
    this.#limits = limits;
  }

  acknowledge(topic: string, record: InteropRecord, offset: number): void {
    assert.ok(Number.isSafeInteger(offset) && offset >= 0, `acknowledged offset ${offset}`);
    const partition = `${topic}-${record.p}`;
    let offsets = this.#acknowledged.get(partition);
    if (!offsets) this.#acknowledged.set(partition, (offsets = new Map()));
    assert.ok(!offsets.has(offset), `two records were acknowledged with offset ${offset} of ${partition}`);
    offsets.set(offset, record);
    this.count++;
  }

  /** Throws when the record is not what was acknowledged at its offset; `reader` are the limits of who read it. */
  check(record: ConsumedRecord, reader: Limits = this.#limits): void {
    const expected = this.#acknowledged.get(`${record.topic}-${record.p}`)?.get(record.o);
    const where = `${record.topic}-${record.p} at offset ${record.o}`;
    assert.ok(expected, `${where} was read but never acknowledged`);
    const limits = { ...this.#limits, ...reader };
    assert.equal(canonical(record, limits), canonical(expected, limits), `the record of ${where} has changed`);
  }

  /** Whether a record was acknowledged there. */
  has({ topic, p, o }: ConsumedRecord): boolean {
    return this.#acknowledged.get(`${topic}-${p}`)?.has(o) ?? false;
  }

  /** Throws when a record is not among the read ones. */
  checkComplete(read: Iterable<ConsumedRecord>): void {
    const seen = new Set<string>();
    for (const { topic, p, o } of read) seen.add(`${topic}-${p}@${o}`);
    for (const [partition, offsets] of this.#acknowledged) {
      for (const offset of offsets.keys()) {
        assert.ok(
          seen.has(`${partition}@${offset}`),
          `offset ${offset} of ${partition} was acknowledged but never read`,
        );
      }
    }
  }

  /** "topic-partition" -> the offset after its last record. */
  endOffsets(): Map<string, number> {
    return new Map([...this.#acknowledged].map(([partition, offsets]) => [partition, Math.max(...offsets.keys()) + 1]));
  }
}

/** One text for records that are equal as far as these limits let a client see. */
function canonical({ k, v, h, t }: InteropRecord, limits: Limits): string {
  const headers = limits.emptyHeaders === false ? h.map(([name, value]) => [name, value ?? ''] as const) : h;
  if (!limits.groupedHeaders) return JSON.stringify([k, v, headers, t]);
  const groups = new Map<string, Bytes[]>();
  for (const [name, value] of headers) groups.set(name, [...(groups.get(name) ?? []), value]);
  return JSON.stringify([k, v, [...groups], t]);
}
