import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { LogDirectories } from '../../src/broker/log-directories.ts';
import type { FileSpace } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { Log } from '../../src/storage/log.ts';
import { copySegment } from '../../src/storage/move/copy-segment.ts';
import { removeMoveMark } from '../../src/storage/move/move-files.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from '../storage/log-fixture.ts';

/** A stop at every change of a file that a move makes: the log is found whole, in one place, and the move can go on. */

const CHANGES: readonly PropertyKey[] = [
  'open',
  'write',
  'truncate',
  'syncNow',
  'syncFolderNow',
  'writeFileAtomic',
  'rename',
  'unlink',
  'makeFolder',
  'removeFolder',
  'setModified',
];
const BATCHES = 14;

class Crash extends Error {}

/** After `allowed` calls that change files the process is gone. */
function crashing(files: MemoryFileSpace, allowed: () => number, counted: () => void): FileSpace {
  return new Proxy(files, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      const call = member as (...parameters: unknown[]) => unknown;
      return (...parameters: unknown[]): unknown => {
        if (CHANGES.includes(name)) {
          if (allowed() <= 0) throw new Crash();
          counted();
        }
        return call.apply(target, parameters);
      };
    },
  });
}

function openLog(files: FileSpace, folder: string, recoveryPoint: number): Log {
  return Log.open(new SegmentedLogStore(files), folder, {
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    config: { ...DEFAULT_CONFIG, segmentBytes: 250, indexIntervalBytes: 1 },
    validation: { decompressedBytesMax: 1 << 27 },
    producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
    clock: new ManualClock(NOW_MS),
    random: seededRandom(1),
    logger: silentLogger,
    recoveryPoint,
    logStartOffset: 0,
    cleanShutdown: false,
    leaderEpoch: 3,
  });
}

function append(log: Log, count: number): void {
  for (let at = 0; at < count; at++) {
    const baseSequence = log.logEndOffset;
    const batch = simpleBatch(1, NOW_MS + baseSequence, 10, { producerId: 9, producerEpoch: 0, baseSequence });
    assert.equal(log.append(batch, AppendOrigin.client).errorCode, ErrorCode.NONE);
  }
  log.setHighWatermark(log.logEndOffset);
}

/** What the mover, the pool and the owner do, in their order. */
function move(log: Log, future: string, files: FileSpace): Log {
  const target = { future, folder: '/b/t-0' };
  log.beginMove(target);
  const { segments } = log.moveState(false);
  for (const segment of segments) {
    const steps = copySegment({ from: log.folder, to: future, ...segment }, files);
    while (!steps.next().done);
  }
  const moved = log.finishMove(target, -1);
  assert.ok(typeof moved !== 'number');
  append(moved, 1);
  assert.equal(files.rename('/a/t-0', '/a/t-0.00000000000000000000000000000000-delete'), 0);
  assert.equal(files.syncFolderNow('/a'), 0);
  removeMoveMark(files, '/b/t-0');
  return moved;
}

const view = (log: Log) => ({
  end: log.logEndOffset,
  epoch: log.endOffsetForEpoch(3),
  producers: log.activeProducers().map(({ producerId, lastSequence }) => [producerId, lastSequence]),
  timestamps: Array.from({ length: log.logEndOffset }, (_, at) => log.offsetForTimestamp(NOW_MS + at, 1e6)?.offset),
});

function atStart(files: MemoryFileSpace): { directories: LogDirectories; folder: string } {
  const paths = ['/a', '/b'].map((path) => ({ path, id: path }));
  const directories = new LogDirectories(paths, files, seededRandom(2), silentLogger);
  const place = directories.place('t', 0, TOPIC_ID, { assigned: '/a', isNew: false });
  return { directories, folder: place!.folder };
}

describe('a stop in the middle of a move', () => {
  test('at every change of a file', () => {
    let steps = 0;
    const found = new Set<string>();
    for (let allowed = 0; ; allowed++) {
      const files = new MemoryFileSpace(() => NOW_MS);
      for (const folder of ['/a', '/b']) files.makeFolder(folder);
      let left = Number.POSITIVE_INFINITY;
      const changing = crashing(
        files,
        () => left,
        () => left--,
      );
      const log = openLog(changing, '/a/t-0', 0);
      append(log, BATCHES);
      left = allowed;
      let isDone = false;
      try {
        move(log, '/b/t-0.11111111111111111111111111111111-future', changing);
        isDone = true;
      } catch (error) {
        assert.ok(error instanceof Crash, String((error as Error).stack));
      }
      const after = files.clone();
      const { directories, folder } = atStart(after);
      found.add(folder);
      const where = `stopped before change ${allowed}, found in ${folder}`;
      const back = openLog(after, folder, 0);
      back.setHighWatermark(back.logEndOffset);
      const { end, ...rest } = view(back);
      assert.ok(end === BATCHES || (folder === '/b/t-0' && end === BATCHES + 1), `${where}: ends at ${end}`);
      assert.deepEqual(rest.producers, [[9, end - 1]], where);
      assert.deepEqual(rest.timestamps, [...Array(end).keys()], where);
      assert.equal(rest.epoch.endOffset, end, where);
      if (folder === '/a/t-0') {
        const future = directories.futures()[0]?.folder ?? '/b/t-0.22222222222222222222222222222222-future';
        const moved = move(back, future, after);
        assert.deepEqual(view(moved).timestamps, [...Array(BATCHES + 1).keys()], where);
        const names = (after.list('/b/t-0') as { name: string }[]).map(({ name }) => name);
        assert.ok(!names.some((name) => /partial|move/.test(name)), where);
      }
      assert.equal(atStart(after.clone()).folder, '/b/t-0', where);
      steps++;
      if (isDone) break;
    }
    assert.ok(steps > 60, `${steps} steps`);
    assert.deepEqual([...found].sort(), ['/a/t-0', '/b/t-0']);
  });
});
