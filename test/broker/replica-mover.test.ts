// The control thread's part of moves: new orders while one is under way, each at its most awkward moment.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { InlineBackgroundPool } from '../../src/broker/background/background-pool.ts';
import { LogDirectories } from '../../src/broker/log-directories.ts';
import { ReplicaMover, type ReplicaMoverContext } from '../../src/broker/moves/replica-mover.ts';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import type { StorageRequest } from '../../src/partition/storage-messages.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { allocatePartitionTable, PartitionTable } from '../../src/ring/partition-table.ts';
import { openFutureFolder } from '../../src/storage/move/move-files.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { NOW_MS, TOPIC_ID } from '../storage/log-fixture.ts';

const { NONE } = ErrorCode;
const ROW = 3;
const SEGMENT = { baseOffset: 0, sizeBytes: 10 };

describe('a partition is given another aim', () => {
  let files: MemoryFileSpace;
  let directories: LogDirectories;
  let mover: ReplicaMover;
  let clock: ManualClock;
  /** `num.replica.alter.log.dirs.threads` */
  let threads: number | null;
  /** Requests to the owner, and checkpoints that are written. */
  let asked: string[];
  let failed: string[];
  let movedOffline: [path: string, row: number][];
  /** What the owner does before it answers. */
  let before: Map<StorageRequest['op'], () => Promise<void> | void>;

  /** The owner: it has a log of one closed segment. */
  async function answer(request: StorageRequest): Promise<unknown> {
    asked.push(request.op);
    await before.get(request.op)?.();
    if (request.op === 'beginMove') openFutureFolder(files, request.target.future, TOPIC_ID);
    if (request.op === 'moveState') return { segments: [SEGMENT], activeBytes: 0, logEndOffset: 5 };
    if (request.op === 'finishMove') {
      if (files.rename(request.target.future, request.target.folder) !== 0) throw new Error('the future is gone');
      return 0;
    }
    return null;
  }

  function begin(): void {
    const paths = ['/a', '/b', '/c'].map((path) => ({ path, id: path }));
    directories = new LogDirectories(paths, files, seededRandom(2), silentLogger);
    directories.place('t', 0, TOPIC_ID, { assigned: '/a', isNew: false });
    mover = new ReplicaMover({
      partitions: {
        locate: () => ({ errorCode: NONE, row: ROW }),
        topicId: () => TOPIC_ID,
        refreshRoute: () => Promise.resolve(),
      },
      storage: { request: (_row: number, request: StorageRequest) => answer(request) },
      directories,
      files,
      pool: new InlineBackgroundPool(files, clock),
      clock,
      random: seededRandom(3),
      logger: silentLogger,
      config: () => ({ get: () => threads, long: () => 1_000_000 }),
      onAssigned: () => {},
      onDirectoryFailed: (path: string) => {
        failed.push(path);
        directories.setOffline(path, 'broken');
        mover.directoryFailed(path);
      },
      onMovedOffline: (path: string, row: number) => movedOffline.push([path, row]),
      writeCheckpoints: () => {
        asked.push('writeCheckpoints');
        directories.writeCheckpoints([], new PartitionTable(allocatePartitionTable(1)));
      },
    } as unknown as ReplicaMoverContext);
  }

  beforeEach(() => {
    asked = [];
    failed = [];
    movedOffline = [];
    threads = null;
    before = new Map();
    files = new MemoryFileSpace(() => NOW_MS);
    clock = new ManualClock(NOW_MS);
    for (const folder of ['/a', '/b', '/c', '/a/t-0']) files.makeFolder(folder);
    files.writeFileAtomic('/a/t-0/00000000000000000000.log', Buffer.from('0123456789'));
    begin();
  });

  const futures = (files: MemoryFileSpace): string[] =>
    ['/a', '/b', '/c'].flatMap((path) =>
      (files.list(path) as { name: string }[]).filter(({ name }) => name.endsWith('-future')).map(() => path),
    );

  /** The next request of that kind stops at the owner; resolves when it is there, with what lets it go on. */
  const held = (op: StorageRequest['op']): Promise<() => void> =>
    new Promise((reached) => {
      before.set(op, () => {
        before.delete(op);
        return new Promise((go) => reached(go));
      });
    });

  async function settled(): Promise<void> {
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  }

  for (const op of ['beginMove', 'moveState', 'finishMove'] as const) {
    test(`another directory, while the owner has ${op}: it goes there, and nothing is left of the first`, async () => {
      const reached = held(op);
      assert.equal(mover.alter('t', 0, '/b'), NONE);
      const go = await reached;
      assert.equal(mover.alter('t', 0, '/c'), NONE);
      assert.deepEqual(
        mover.futures().map(({ path }) => path),
        ['/c'],
      );
      if (op !== 'beginMove') assert.ok(!futures(files).includes('/b'), 'a stop here would take it up again');
      go();
      await settled();
      assert.equal(directories.directoryOf('t', 0), '/c');
      assert.deepEqual(futures(files), []);
      assert.deepEqual(mover.futures(), []);
      // The owner hears that the first is given up before the second begins: not that the second is.
      assert.ok(asked.lastIndexOf('cancelMove') < asked.lastIndexOf('beginMove'), asked.join());
    });

    test(`called back, while the owner has ${op}`, async () => {
      const reached = held(op);
      assert.equal(mover.alter('t', 0, '/b'), NONE);
      const go = await reached;
      assert.equal(mover.alter('t', 0, '/a'), NONE);
      assert.deepEqual(mover.futures(), []);
      go();
      await settled();
      assert.equal(directories.directoryOf('t', 0), '/a');
      assert.deepEqual(futures(files), []);
      assert.ok(!mover.isMoving('t', 0));
    });
  }

  test('called back when the owner has just put it in its new place: it comes back', async () => {
    let swapped = (): void => {};
    const isSwapped = new Promise<void>((resolve) => (swapped = resolve));
    let answerNow = (): void => {};
    const original = files.rename.bind(files);
    files.rename = (from, to) => {
      const result = original(from, to);
      if (to === '/b/t-0') swapped();
      return result;
    };
    before.set('closeMoved', () => {
      before.delete('closeMoved');
      return new Promise((resolve) => (answerNow = resolve));
    });
    assert.equal(mover.alter('t', 0, '/b'), NONE);
    await isSwapped;
    assert.equal(mover.alter('t', 0, '/a'), NONE);
    // The owner removes the old folder.
    await settled();
    files.removeFolder('/a/t-0');
    answerNow();
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/a');
    assert.deepEqual(mover.futures(), []);
  });

  for (const [path, first] of [
    ['/b', 'writeCheckpoints'],
    ['/c', 'beginMove'],
  ]) {
    test(`of /b the checkpoints tell of another partition of the name: a move to ${path} has ${first} first`, async () => {
      files.writeFileAtomic('/b/recovery-point-offset-checkpoint', Buffer.from('0\n1\nt 0 500\n'));
      begin();
      assert.equal(mover.alter('t', 0, path), NONE);
      await settled();
      assert.equal(directories.directoryOf('t', 0), path);
      assert.equal(asked[0], first);
    });
  }

  test('a move that fails is tried again after half a minute', async () => {
    before.set('moveState', () => {
      before.clear();
      throw new Error('no room');
    });
    assert.equal(mover.alter('t', 0, '/b'), NONE);
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/a');
    clock.advance(29_999);
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/a');
    clock.advance(1);
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/b');
  });

  test('no more partitions move at once than the settings allow', async () => {
    threads = 1;
    files.makeFolder('/a/t-1');
    files.writeFileAtomic('/a/t-1/00000000000000000000.log', Buffer.from('0123456789'));
    directories.place('t', 1, TOPIC_ID, { assigned: '/a', isNew: true });
    const reached = held('moveState');
    for (const partition of [0, 1]) assert.equal(mover.alter('t', partition, '/b'), NONE);
    const go = await reached;
    await settled();
    assert.equal(asked.filter((op) => op === 'beginMove').length, 1);
    go();
    await settled();
    assert.deepEqual([directories.directoryOf('t', 0), directories.directoryOf('t', 1)], ['/b', '/b']);
  });

  test('when the directory that it was going to fails, the owner hears of it', async () => {
    const reached = held('moveState');
    assert.equal(mover.alter('t', 0, '/b'), NONE);
    const go = await reached;
    directories.setOffline('/b', 'broken');
    mover.directoryFailed('/b');
    go();
    await settled();
    assert.deepEqual(asked, ['beginMove', 'moveState', 'cancelMove']);
  });

  test('when it fails while the owner ends the move, the partition goes offline with it', async () => {
    const reached = held('finishMove');
    assert.equal(mover.alter('t', 0, '/b'), NONE);
    const go = await reached;
    directories.setOffline('/b', 'broken');
    mover.directoryFailed('/b');
    go();
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/b');
    assert.deepEqual(movedOffline, [['/b', ROW]]);
  });

  test('when the last sync of a move fails, so does the directory', async () => {
    before.set('finishMove', () => {
      throw new StorageError('cannot sync the directory of', '/b/t-0', Errno.EIO);
    });
    assert.equal(mover.alter('t', 0, '/b'), NONE);
    await settled();
    assert.deepEqual(failed, ['/b']);
  });

  test('a future folder of another topic of the name goes at the start', async () => {
    openFutureFolder(files, '/b/t-0.11111111111111111111111111111111-future', 'AAAAAAAAAAAAAAAAAAAAAQ');
    begin();
    mover.resume();
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/a');
    assert.deepEqual(futures(files), []);
  });

  test('what an earlier start has copied is compared, not believed', async () => {
    const future = '/b/t-0.11111111111111111111111111111111-future';
    openFutureFolder(files, future, TOPIC_ID);
    files.writeFileAtomic(`${future}/00000000000000000000.log`, Buffer.from('01234xxxxx'));
    begin();
    mover.resume();
    await settled();
    assert.equal(directories.directoryOf('t', 0), '/b');
    assert.equal(Buffer.from(files.readFile('/b/t-0/00000000000000000000.log') as Uint8Array).toString(), '0123456789');
  });
});
