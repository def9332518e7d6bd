import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { LogStore } from '../../src/native/log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildEndTxnMarkerBatch } from '../../src/protocol/records/control-records.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { Log, type LogOptions } from '../../src/storage/log.ts';
import { adapters } from '../native/adapters.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from './log-fixture.ts';

/** The same story on each adapter of the storage engine: the files must be equal byte for byte. */

const FOLDER_NAME = 't-0';

function open(store: LogStore, folder: string, clock: ManualClock, extra: Partial<LogOptions> = {}): Log {
  const log = Log.open(store, folder, {
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    config: { ...DEFAULT_CONFIG, segmentBytes: 5000, indexIntervalBytes: 500, retentionMs: -1 },
    validation: { decompressedBytesMax: 1 << 27 },
    producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: true,
    leaderEpoch: 0,
    ...extra,
  });
  log.setHighWatermark(log.logEndOffset);
  return log;
}

function fill(log: Log, from: number, batches: number): void {
  for (let at = from; at < from + batches; at++) {
    const timestamp = NOW_MS + ((at * 37) % 100);
    const codec = at % 5;
    const transactional = {
      producerId: at % 3,
      producerEpoch: 0,
      baseSequence: Math.floor(at / 3) * 2,
      attributes: 0x10,
    };
    const outcome = log.append(simpleBatch(2, timestamp, 150 + at, { codec, ...transactional }), AppendOrigin.client);
    assert.equal(outcome.errorCode, ErrorCode.NONE, `batch ${at}: ${outcome.message}`);
    if (at % 4 !== 3) continue;
    const marker = { producerId: at % 3, producerEpoch: 0, coordinatorEpoch: 0, commit: at % 8 === 3, timestamp };
    assert.equal(log.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator).errorCode, ErrorCode.NONE);
  }
  log.setHighWatermark(log.logEndOffset);
}

function contents(store: LogStore, folder: string): Map<string, string> {
  const entries = store.files.list(folder);
  assert.ok(Array.isArray(entries));
  return new Map(
    entries.map(({ name }) => [
      name,
      Buffer.from(store.files.readFile(`${folder}/${name}`) as Uint8Array).toString('hex'),
    ]),
  );
}

async function story(store: LogStore, folder: string): Promise<{ files: Map<string, string>; facts: unknown }> {
  const clock = new ManualClock(NOW_MS);
  let log = open(store, folder, clock);
  fill(log, 0, 120);
  assert.ok(log.segments.length > 3);
  assert.equal(await new Promise((resolve) => log.sync(resolve)), 0);
  log.close();
  log = open(store, folder, clock);
  fill(log, 120, 30);
  log.truncateTo(log.logEndOffset - 7);
  assert.equal(log.deleteRecords(log.segments[1] + 3), ErrorCode.NONE);
  assert.equal(log.deleteOldSegments(), 1);
  clock.advance(60_000);
  const { logStartOffset, recoveryPoint } = log;
  log.close();
  log = open(store, folder, clock, { cleanShutdown: false, logStartOffset, recoveryPoint });
  const end = log.logEndOffset;
  const facts = {
    segments: [...log.segments],
    offsets: [log.logStartOffset, end, log.lastStableOffset, log.lastAbortedOffset],
    producers: log.activeProducers(),
    aborted: log.abortedTransactions(log.logStartOffset, end),
    timestamps: [0, 30, 60, 99, 100].map((delta) => log.offsetForTimestamp(NOW_MS + delta, end)),
    max: log.maxTimestampOffset(end),
    sizeBytes: log.sizeBytes,
  };
  log.close();
  return { files: contents(store, folder), facts };
}

test('all adapters tell the same story', async () => {
  const stories = [];
  for (const adapter of adapters) {
    const { store, folder, dispose } = adapter.open();
    try {
      stories.push({ name: adapter.name, ...(await story(store, `${folder}/${FOLDER_NAME}`)) });
    } finally {
      dispose();
    }
  }
  const [first, ...others] = stories;
  assert.ok(first.files.size > 10);
  for (const other of others) {
    assert.deepEqual(other.facts, first.facts, other.name);
    assert.deepEqual([...other.files.keys()], [...first.files.keys()], other.name);
    for (const [name, bytes] of first.files) assert.equal(other.files.get(name), bytes, `${other.name}: ${name}`);
  }
});
