import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { LogConfig } from '../../src/config/topic-config.ts';
import { type LogStore, PLAN_STRIDE, PlanSlot, PlanStatus } from '../../src/native/log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { buildEndTxnMarkerBatch } from '../../src/protocol/records/control-records.ts';
import { recordBatches } from '../../src/protocol/records/stored-batches.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { Log } from '../../src/storage/log.ts';
import { offsetFileName } from '../../src/storage/log-files.ts';
import { copySegment } from '../../src/storage/move/copy-segment.ts';
import { MOVE_TAIL_BYTES_MAX } from '../../src/storage/move/finish-move.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { adapters } from '../native/adapters.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from './log-fixture.ts';

function open(store: LogStore, folder: string, config: Partial<LogConfig> = {}, cleanShutdown = true): Log {
  const log = Log.open(store, folder, {
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    config: { ...DEFAULT_CONFIG, segmentBytes: 3_000, indexIntervalBytes: 300, ...config },
    validation: { decompressedBytesMax: 1 << 27 },
    producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
    clock: new ManualClock(NOW_MS),
    random: seededRandom(1),
    logger: silentLogger,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown,
    leaderEpoch: 4,
  });
  log.setHighWatermark(log.logEndOffset);
  return log;
}

/** Transactions of three producers, some aborted, one left open. */
function fill(log: Log, batches: number): void {
  for (let at = 0; at < batches; at++) {
    const producer = { producerId: at % 3, producerEpoch: 0, baseSequence: 2 * Math.floor(at / 3), attributes: 0x10 };
    const batch = simpleBatch(2, NOW_MS + ((at * 37) % 100), 100, producer);
    assert.equal(log.append(batch, AppendOrigin.client).errorCode, ErrorCode.NONE);
    if (at % 4 !== 3 || at > batches - 4) continue;
    const marker = {
      producerId: at % 3,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      commit: at % 8 === 3,
      timestamp: NOW_MS,
    };
    assert.equal(log.append(buildEndTxnMarkerBatch(marker), AppendOrigin.coordinator).errorCode, ErrorCode.NONE);
  }
  log.setHighWatermark(log.logEndOffset);
}

function bytesOf(store: LogStore, log: Log): Buffer {
  const plan = new Float64Array(PLAN_STRIDE);
  const parts: Buffer[] = [];
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    assert.equal(store.planRead(log.handle, offset, 1 << 20, log.logEndOffset, plan, 0), PlanStatus.ok);
    const part = Buffer.alloc(plan[PlanSlot.sizeBytes]);
    store.readPlanned(plan[PlanSlot.file], plan[PlanSlot.position], part, 0, part.length);
    store.release(plan[PlanSlot.file]);
    parts.push(part);
    offset = [...recordBatches(part)].at(-1)!.nextOffset;
  }
  return Buffer.concat(parts);
}

const view = (store: LogStore, log: Log) => ({
  start: log.logStartOffset,
  end: log.logEndOffset,
  stable: log.lastStableOffset,
  aborted: log.abortedTransactions(0, log.logEndOffset).map(({ producerId, firstOffset }) => [producerId, firstOffset]),
  lastAborted: log.lastAbortedOffset,
  producers: log.activeProducers(),
  epoch: log.endOffsetForEpoch(4),
  leaderEpoch: log.leaderEpoch,
  found: log.offsetForTimestamp(NOW_MS + 50, log.logEndOffset),
  bytes: bytesOf(store, log).toString('base64'),
});

/** Returns the base offset of the last segment that was copied. */
function copyAll(store: LogStore, log: Log, future: string): number {
  const { segments } = log.moveState(false);
  for (const segment of segments) {
    const steps = copySegment({ from: log.folder, to: future, ...segment }, store.files);
    while (!steps.next().done);
  }
  return segments.at(-1)?.baseOffset ?? -1;
}

for (const adapter of adapters)
  describe(`a log that moves: ${adapter.name}`, () => {
    const withLog = (run: (store: LogStore, root: string, log: Log) => void, config: Partial<LogConfig> = {}): void => {
      const { store, folder, dispose } = adapter.open();
      try {
        const log = open(store, `${folder}/a/t-0`, config);
        run(store, folder, log);
      } finally {
        dispose();
      }
    };
    const targetIn = (root: string) => ({ future: `${root}/b/t-0.f-future`, folder: `${root}/b/t-0` });

    test('is the same in its new place: bytes, transactions, producers, epochs, also when it is opened there', () =>
      withLog((store, root, log) => {
        fill(log, 60);
        log.deleteRecords(7);
        const target = targetIn(root);
        log.beginMove(target);
        const copiedTo = copyAll(store, log, target.future);
        fill(log, 0);
        const before = view(store, log);
        const moved = log.finishMove(target, copiedTo);
        assert.ok(moved instanceof Log);
        assert.deepEqual(view(store, moved), before);
        assert.equal(moved.recoveryPoint, moved.logEndOffset);
        // Readers may go on in the old place for a while.
        assert.equal(bytesOf(store, log).toString('base64'), before.bytes);
        log.abandon();
        const outcome = moved.append(simpleBatch(1, NOW_MS), AppendOrigin.client);
        assert.equal(outcome.baseOffset, before.end);
        moved.setHighWatermark(moved.logEndOffset);
        const after = view(store, moved);
        moved.close();
        const again = open(store, target.folder, {}, false);
        again.incrementLogStartOffset(7);
        const { producers, ...rest } = view(store, again);
        const { producers: expected, ...same } = after;
        assert.deepEqual(rest, same);
        assert.deepEqual(
          producers.map(({ producerId, lastSequence, currentTxnStartOffset }) => [
            producerId,
            lastSequence,
            currentTxnStartOffset,
          ]),
          expected.map(({ producerId, lastSequence, currentTxnStartOffset }) => [
            producerId,
            lastSequence,
            currentTxnStartOffset,
          ]),
        );
        again.close();
      }));

    test('what was deleted meanwhile does not come along', () =>
      withLog((store, root, log) => {
        fill(log, 60);
        const target = targetIn(root);
        log.beginMove(target);
        const copiedTo = copyAll(store, log, target.future);
        log.deleteRecords(log.segments[2]);
        assert.equal(log.deleteOldSegments(), 2);
        const segments = [...log.segments];
        const moved = log.finishMove(target, copiedTo);
        assert.ok(moved instanceof Log);
        assert.deepEqual(moved.segments.slice(0, segments.length), segments);
        assert.equal(moved.logStartOffset, segments[0]);
        log.abandon();
        moved.close();
      }));

    test('a segment that has lost its end is not taken for copied', () =>
      withLog((store, root, log) => {
        fill(log, 60);
        const target = targetIn(root);
        log.beginMove(target);
        const [{ baseOffset, sizeBytes }] = log.moveState(false).segments;
        const name = offsetFileName(baseOffset, '.log');
        const file = store.files.open(`${log.folder}/${name}`, false);
        assert.equal(store.files.truncate(file, sizeBytes - 1), 0);
        store.files.close(file);
        assert.throws(() => copyAll(store, log, target.future), {
          name: 'StorageError',
          message: new RegExp(`${sizeBytes - 1} bytes where the log has ${sizeBytes}`),
        });
        assert.ok((store.files.stat(`${target.future}/${name}`) as number) < 0);
      }));

    test('what an attempt before has left of the end is not believed', () =>
      withLog((store, root, log) => {
        fill(log, 60);
        const target = targetIn(root);
        log.beginMove(target);
        const copiedTo = copyAll(store, log, target.future);
        const { activeBytes } = log.moveState(false);
        const path = `${target.future}/${offsetFileName(log.segments.at(-1)!, '.log')}`;
        store.files.writeFileAtomic(path, Buffer.alloc(activeBytes));
        const before = view(store, log);
        const moved = log.finishMove(target, copiedTo);
        assert.ok(moved instanceof Log);
        assert.deepEqual(view(store, moved), before);
        log.abandon();
        moved.close();
      }));

    test('too much that is left is for others to copy first', () =>
      withLog(
        (store, root, log) => {
          const target = targetIn(root);
          log.beginMove(target);
          for (let at = 0; at < 6; at++) log.append(simpleBatch(1, NOW_MS, 900_000), AppendOrigin.client);
          log.setHighWatermark(log.logEndOffset);
          const left = log.finishMove(target, -1);
          assert.ok(typeof left === 'number' && left > MOVE_TAIL_BYTES_MAX, `${String(left)}`);
          log.append(simpleBatch(1, NOW_MS, 10), AppendOrigin.client);
          const copiedTo = copyAll(store, log, target.future);
          const moved = log.finishMove(target, copiedTo);
          assert.ok(moved instanceof Log);
          assert.equal(moved.logEndOffset, 7);
          log.abandon();
          moved.close();
        },
        { segmentBytes: 1 << 30 },
      ));

    test('an empty log moves, too; a folder in the way is left alone', () =>
      withLog((store, root, log) => {
        const target = targetIn(root);
        store.files.makeFolder(target.folder);
        assert.throws(() => log.beginMove(target), StorageError);
        store.files.removeFolder(target.folder);
        log.beginMove(target);
        const moved = log.finishMove(target, -1);
        assert.ok(moved instanceof Log);
        assert.equal(moved.append(simpleBatch(1, NOW_MS), AppendOrigin.client).baseOffset, 0);
        log.abandon();
        moved.close();
      }));
  });
