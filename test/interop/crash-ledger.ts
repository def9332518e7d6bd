// What was acknowledged to the load of the crash rounds, and whether what is found afterwards agrees with it.
import assert from 'node:assert/strict';

export interface LoadRecord {
  by: string;
  n: number;
  p: number;
  o: number;
}

/** A record of the compacted topic; `gone` is a tombstone. */
export interface KeyedRecord {
  key: string;
  n: number;
  p: number;
  o: number;
  gone: boolean;
}

export type LoadEvent =
  | LoadRecord
  | KeyedRecord
  | { committed: number }
  | { aborted: number }
  | { p: number; commit: number };

/** Keys of the transactional producer: its transaction n writes key t<n % this>. */
const TRANSACTIONAL_KEYS = 12;

export class CrashLedger {
  readonly acknowledged: LoadRecord[] = [];
  /** Key -> number -> what was acknowledged. */
  readonly keys = new Map<string, Map<number, KeyedRecord>>();
  keyedCount = 0;
  readonly committed = new Set<number>();
  readonly aborted = new Set<number>();
  /** Partition -> the greatest offset whose commit was acknowledged. */
  readonly commits = new Map<number, number>();
  commitCount = 0;

  take(event: LoadEvent): void {
    if ('by' in event) this.acknowledged.push(event);
    else if ('key' in event) this.#takeKeyed(event);
    else if ('committed' in event) this.committed.add(event.committed);
    else if ('aborted' in event) this.aborted.add(event.aborted);
    else {
      this.commitCount++;
      this.commits.set(event.p, Math.max(event.commit, this.commits.get(event.p) ?? 0));
    }
  }

  #takeKeyed(record: KeyedRecord): void {
    const records = this.keys.get(record.key) ?? new Map<number, KeyedRecord>();
    this.keys.set(record.key, records.set(record.n, record));
    this.keyedCount++;
  }

  /** Nothing acknowledged is lost or has moved; nothing of the idempotent producer is there twice or out of order. */
  checkRecords(records: readonly LoadRecord[]): void {
    const found = new Map(records.map((record) => [`${record.p}@${record.o}`, `${record.by}:${record.n}`]));
    for (const { by, n, p, o } of this.acknowledged) {
      assert.equal(
        found.get(`${p}@${o}`),
        `${by}:${n}`,
        `record ${by}:${n} was acknowledged at offset ${o} of partition ${p}`,
      );
    }
    const last = new Map<number, number>();
    for (const { by, n, p, o } of records) {
      if (by !== 'i') continue;
      const before = last.get(p) ?? -1;
      assert.ok(
        n > before,
        `the idempotent producer's record ${n} (offset ${o} of partition ${p}) comes after ${before}`,
      );
      last.set(p, n);
    }
  }

  /** A transaction is there whole or not at all: committed ones are, aborted ones are not. */
  checkTransactions(records: readonly LoadRecord[]): void {
    const counts = new Map<number, number>();
    for (const { n } of records) counts.set(n, (counts.get(n) ?? 0) + 1);
    for (const [n, count] of counts) assert.equal(count, 3, `records of transaction ${n}`);
    for (const n of this.committed) assert.ok(counts.has(n), `transaction ${n} was committed and is gone`);
    for (const n of this.aborted) assert.ok(!counts.has(n), `transaction ${n} was aborted and is there`);
  }

  /**
   * The last value of every key is there, or something newer than what was acknowledged before the reading began
   * (`floor`, by key); only where that is a tombstone may a key be gone. Offsets do not move, and rise.
   */
  checkCompacted(
    records: readonly KeyedRecord[],
    floor: ReadonlyMap<string, KeyedRecord>,
    committed: ReadonlySet<number>,
  ): void {
    const last = new Map<string, KeyedRecord>();
    const ends = new Map<number, number>();
    for (const record of records) {
      const { key, n, p, o } = record;
      assert.ok(o > (ends.get(p) ?? -1), `compacted partition ${p}: offset ${o} after ${ends.get(p)}`);
      ends.set(p, o);
      const before = last.get(key)?.n ?? -1;
      assert.ok(n > before, `key ${key}: ${n} (offset ${o} of partition ${p}) comes after ${before}`);
      last.set(key, record);
      const acknowledged = this.keys.get(key)?.get(n);
      if (acknowledged) assert.deepEqual([p, o], [acknowledged.p, acknowledged.o], `where ${n} of key ${key} stands`);
      if (key.startsWith('t')) assert.ok(!this.aborted.has(n), `transaction ${n} was aborted, and its key is there`);
    }
    for (const [key, { n, gone }] of floor) {
      const now = last.get(key);
      if (!now) assert.ok(gone || this.#hasTombstoneAfter(key, n), `key ${key} is gone; its value was ${n}`);
      else assert.ok(now.n >= n, `key ${key} has ${now.n}; acknowledged was ${n}`);
    }
    for (const n of committed) {
      const now = last.get(`t${n % TRANSACTIONAL_KEYS}`)?.n ?? -1;
      assert.ok(now >= n, `key t${n % TRANSACTIONAL_KEYS} has ${now}; transaction ${n} was committed`);
    }
  }

  /** The newest acknowledged record of each key, as of now. */
  newestOfKeys(): Map<string, KeyedRecord> {
    return new Map(
      [...this.keys].map(([key, records]) => [key, records.get(Math.max(...records.keys())) as KeyedRecord]),
    );
  }

  /** Whether a tombstone may have come after what was known when a reading began. */
  #hasTombstoneAfter(key: string, n: number): boolean {
    return [...(this.keys.get(key)?.values() ?? [])].some((record) => record.gone && record.n > n);
  }
}

/** A group's commits never go back. */
export function checkCommits(
  commits: ReadonlyMap<number, number>,
  acknowledged: ReadonlyMap<number, number>,
  round: number,
): void {
  for (const [partition, offset] of acknowledged) {
    const now = commits.get(partition) ?? -1;
    assert.ok(now >= offset, `round ${round}: partition ${partition} was committed at ${offset} and now is at ${now}`);
  }
}
