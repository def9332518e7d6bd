import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { seededRandom } from '../../src/base/random.ts';
import { DirectoryLocks } from '../../src/broker/directory-locks.ts';
import { LogDirectories } from '../../src/broker/log-directories.ts';
import { Errno } from '../../src/native/file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { allocatePartitionTable, PartitionTable, RowSlot, RowState } from '../../src/ring/partition-table.ts';

const ID = 'zzzzzzzzzzzzzzzzzzzzzA';
const NEW = { isNew: true };
const OTHER_ID = 'zzzzzzzzzzzzzzzzzzzzzQ';

function newFiles(...folders: string[]): MemoryFileSpace {
  const files = new MemoryFileSpace(() => 0);
  for (const folder of ['/a', '/b', ...folders]) files.makeFolder(folder);
  return files;
}

function open(files: MemoryFileSpace, paths = ['/a', '/b']): LogDirectories {
  const directories = paths.map((path) => ({ path, id: `id-of-${path}` }));
  return new LogDirectories(directories, files, seededRandom(1), silentLogger);
}

function ownedBy(files: MemoryFileSpace, folder: string, topicId: string): void {
  files.makeFolder(folder);
  files.writeFileAtomic(`${folder}/partition.metadata`, Buffer.from(`version: 0\ntopic_id: ${topicId}\n`));
}

const names = (files: MemoryFileSpace, folder: string): string[] =>
  (files.list(folder) as { name: string }[]).map(({ name }) => name);

describe('log directories', () => {
  test('new partitions go where the fewest are, known ones stay where they are', () => {
    const files = newFiles('/b/old-0', '/b/old-1');
    const directories = open(files);
    const place = (partition: number): string => directories.place('new', partition, ID, NEW)!.folder;
    assert.deepEqual([0, 1, 2, 3].map(place), ['/a/new-0', '/a/new-1', '/a/new-2', '/b/new-3']);
    assert.equal(directories.place('old', 1, ID, NEW)!.folder, '/b/old-1');
    assert.equal(directories.directoryOf('old', 1), '/b');
    assert.equal(directories.directoryOf('nobody', 0), undefined);
  });

  test('a new partition needs no recovery, a known one does unless the last stop was clean', () => {
    const files = newFiles('/a/t-0');
    assert.equal(open(files).place('t', 0, ID, NEW)!.cleanShutdown, false);
    assert.equal(open(files).place('t', 1, ID, NEW)!.cleanShutdown, true);
    open(files).closeCleanly(5);
    assert.equal(open(files).place('t', 0, ID, NEW)!.cleanShutdown, true);
    assert.equal(open(files).place('t', 0, ID, NEW)!.cleanShutdown, false, 'the marker is for one start');
  });

  test('checkpoints come back; those of partitions that are gone do not, those of offline ones stay as they were', () => {
    const files = newFiles('/a/t-0', '/b/t-1', '/a/gone-0');
    const directories = open(files);
    const table = new PartitionTable(allocatePartitionTable(4));
    for (const row of [0, 1, 2]) {
      table.set(row, RowSlot.state, row === 2 ? RowState.offline : RowState.online);
      table.set(row, RowSlot.recoveryPoint, 10 + row);
      table.set(row, RowSlot.logStartOffset, row);
    }
    const rows = [
      { row: 0, topic: 't', partition: 0 },
      { row: 1, topic: 't', partition: 1 },
      { row: 2, topic: 'gone', partition: 0 },
    ];
    assert.equal(directories.writeCheckpoints(rows, table), true);
    const again = open(files);
    const { recoveryPoint, logStartOffset } = again.place('t', 1, ID, NEW)!;
    assert.deepEqual([recoveryPoint, logStartOffset], [11, 1]);
    assert.equal(again.place('gone', 0, ID, NEW)!.recoveryPoint, 0);
    again.forget('t', 1);
    const { folder, ...fresh } = again.place('t', 1, ID, NEW)!;
    assert.deepEqual([fresh.recoveryPoint, fresh.logStartOffset, fresh.cleanShutdown], [0, 0, true]);
    table.set(0, RowSlot.state, RowState.offline);
    table.set(0, RowSlot.recoveryPoint, 0);
    assert.equal(again.writeCheckpoints(rows, table), true);
    again.closeCleanly(1);
    files.removeFolder('/a/gone-0');
    const third = open(files);
    const offline = third.place('t', 0, ID, NEW)!;
    assert.deepEqual([offline.recoveryPoint, offline.logStartOffset, offline.cleanShutdown], [10, 0, false]);
    assert.equal(third.place('gone', 0, ID, NEW)!.recoveryPoint, 0);
    files.failWith('write', Errno.ENOSPC);
    assert.equal(directories.writeCheckpoints(rows, table), false);
  });

  test('a partition of a name that the checkpoints still know asks for new ones, before and after a restart', () => {
    const files = newFiles();
    const directories = open(files, ['/a']);
    const table = new PartitionTable(allocatePartitionTable(4));
    const rows = ['old', 'kept'].map((topic, row) => {
      table.set(row, RowSlot.state, RowState.online);
      table.set(row, RowSlot.logStartOffset, 7);
      ownedBy(files, directories.place(topic, 0, ID, NEW)!.folder, ID);
      return { row, topic, partition: 0 };
    });
    assert.equal(directories.writeCheckpoints(rows, table), true);
    directories.place('brief', 0, ID, NEW);
    directories.forget('brief', 0);
    directories.place('brief', 0, ID, NEW);
    assert.equal(directories.mustWriteCheckpoints, false, 'the files have never told of it');
    directories.forget('old', 0);
    files.removeFolder('/a/old-0');
    assert.equal(directories.mustWriteCheckpoints, false, 'not for a deletion');
    const restarted = open(files, ['/a']);
    for (const either of [directories, restarted]) {
      either.place('other', 0, ID, NEW);
      assert.equal(either.mustWriteCheckpoints, false);
      assert.equal(either.place('old', 0, ID, NEW)!.logStartOffset, 0);
      assert.equal(either.mustWriteCheckpoints, true);
    }
    assert.equal(restarted.writeCheckpoints(rows.slice(1), table), true);
    assert.equal(restarted.mustWriteCheckpoints, false);
    restarted.forget('old', 0);
    restarted.place('old', 0, ID, NEW);
    assert.equal(restarted.mustWriteCheckpoints, false, 'the files are right now');
    files.makeFolder('/a/old-0');
    const crashed = open(files, ['/a']);
    assert.equal(crashed.place('old', 0, ID, NEW)!.logStartOffset, 0);
    assert.equal(crashed.place('kept', 0, ID, NEW)!.logStartOffset, 7);
  });

  test('a partition of such a name is not taken for clean, after a restart either', () => {
    const files = newFiles();
    const directories = open(files, ['/a']);
    const table = new PartitionTable(allocatePartitionTable(4));
    for (const topic of ['old', 'kept']) {
      ownedBy(files, directories.place(topic, 0, ID, NEW)!.folder, ID);
      directories.setCleanerOffset(topic, 0, 17);
    }
    directories.forget('old', 0);
    files.removeFolder('/a/old-0');
    const restarted = open(files.clone(), ['/a']);
    for (const either of [directories, restarted]) {
      assert.equal(either.place('old', 0, ID, NEW)!.cleanedOffset, 0);
      assert.equal(either.mustWriteCheckpoints, true);
    }
    assert.equal(directories.writeCheckpoints([], table), true);
    files.makeFolder('/a/old-0');
    const crashed = open(files, ['/a']);
    assert.equal(crashed.place('old', 0, ID, NEW)!.cleanedOffset, 0);
    assert.equal(crashed.place('kept', 0, ID, NEW)!.cleanedOffset, 17);
  });

  test('folders of partitions that nobody knows are set aside, those of a deletion that was cut off removed', () => {
    const files = newFiles('/a/known-0', '/a/stray-7', '/b/known-1', '/b/t-0.0123456789abcdef0123456789abcdef-delete');
    const aside: string[] = [];
    files.removeFolderAside = (path) => aside.push(path);
    files.makeFolder('/a/__cluster_metadata-0');
    const directories = open(files);
    directories.setStraysAside((topic, partition) => topic === 'known' && partition < 1);
    assert.ok(names(files, '/a').includes('known-0'));
    assert.ok(names(files, '/a').includes('__cluster_metadata-0'));
    assert.ok(names(files, '/a').some((name) => /^stray-7\.[0-9a-f]{32}-stray$/.test(name)));
    assert.ok(names(files, '/b').some((name) => /^known-1\.[0-9a-f]{32}-stray$/.test(name)));
    assert.deepEqual(aside, ['/b/t-0.0123456789abcdef0123456789abcdef-delete'], 'not waited for');
    assert.equal(directories.directoryOf('stray', 7), undefined);
    assert.equal(open(files).directoryOf('known', 0), '/a');
  });

  test('a folder of another topic of the same name is set aside, wherever it lies', () => {
    const files = newFiles();
    ownedBy(files, '/a/t-0', OTHER_ID);
    ownedBy(files, '/b/t-0', ID);
    const directories = open(files);
    assert.equal(directories.place('t', 0, ID, NEW)!.folder, '/b/t-0');
    assert.ok(!names(files, '/a').includes('t-0'));
    assert.equal(directories.directoryOf('t', 0), '/b');
  });

  test('what a failed deletion left behind is set aside when the name comes again', () => {
    const files = newFiles();
    const directories = open(files);
    const { folder } = directories.place('t', 0, OTHER_ID, NEW)!;
    ownedBy(files, folder, OTHER_ID);
    directories.forget('t', 0);
    const place = directories.place('t', 0, ID, NEW)!;
    assert.deepEqual([place.recoveryPoint, place.cleanShutdown], [0, true]);
    assert.ok(!names(files, '/a').includes('t-0'));
  });
});

describe('log directories: failures and moves', () => {
  const place = (directories: LogDirectories, partition: number, assigned?: string, isNew = true) =>
    directories.place('t', partition, ID, { assigned, isNew })?.folder;

  test('a new partition goes where it was asked to, else where it is assigned, else where the fewest are', () => {
    const directories = open(newFiles('/a/old-0', '/b/x-0', '/b/x-1'));
    directories.prefer('t', 0, '/b');
    assert.equal(place(directories, 0, 'id-of-/a'), '/b/t-0');
    assert.equal(place(directories, 1, 'id-of-/b'), '/b/t-1');
    assert.equal(place(directories, 2, 'id-of-nothing'), '/a/t-2');
    directories.forget('t', 0);
    assert.equal(place(directories, 0), '/a/t-0', 'it was asked for once');
    assert.equal(directories.idOf('t', 0), 'id-of-/a');
  });

  test('with a directory offline, what may lie in it is not made anew; what is new is made elsewhere', () => {
    const files = newFiles('/a/t-0', '/b/t-1');
    const directories = open(files);
    assert.equal(directories.setOffline('/b', 'gone'), true);
    assert.equal(directories.setOffline('/b', 'gone'), false);
    assert.equal(place(directories, 0, 'id-of-/a', false), '/a/t-0');
    assert.equal(place(directories, 1, 'id-of-/b', false), undefined);
    assert.equal(place(directories, 2, 'id-of-/a', false), undefined, 'it may have been on its way to the other one');
    assert.equal(place(directories, 3, 'id-of-/b', true), '/a/t-3');
    directories.prefer('t', 4, '/b');
    assert.equal(place(directories, 4), '/a/t-4');
    assert.deepEqual([directories.onlineIds(), directories.offlineIds()], [['id-of-/a'], ['id-of-/b']]);
    assert.deepEqual(
      [directories.isOnline('/a'), directories.isOnline('/b'), directories.isOnline('/c')],
      [true, false, undefined],
    );
    directories.closeCleanly(3);
    assert.notEqual(files.stat('/a/.kafka_cleanshutdown'), Errno.ENOENT);
    assert.equal(files.stat('/b/.kafka_cleanshutdown'), Errno.ENOENT);
    assert.equal(open(files).previousBrokerEpoch, -1, 'not all of them stopped cleanly');
  });

  test('of a partition in two directories the one that it was moved to counts', () => {
    const files = newFiles();
    ownedBy(files, '/a/t-0', ID);
    ownedBy(files, '/b/t-0', ID);
    files.writeFileAtomic('/b/t-0/millrace-move', Buffer.alloc(0));
    assert.equal(place(open(files), 0, 'id-of-/a', false), '/b/t-0');
    assert.ok(names(files, '/a').some((name) => name.endsWith('-stray')));
  });

  test('what is told of its log is durable in its new place before the old one goes, whenever a stop comes', async () => {
    const files = newFiles();
    const directories = open(files);
    ownedBy(files, directories.place('t', 0, ID, { assigned: 'id-of-/a', isNew: true })!.folder, ID);
    await directories.saveLogStart('t', 0, 7);
    directories.setCleanerOffset('t', 0, 5);
    // Not written yet when the partition moves.
    const saved = directories.saveLogStart('t', 0, 9);
    ownedBy(files, '/b/t-0', ID);
    files.writeFileAtomic('/b/t-0/millrace-move', Buffer.alloc(0));
    const startIn = (found: MemoryFileSpace): number[] => {
      const { folder, logStartOffset, cleanedOffset } = open(found).place('t', 0, ID, NEW)!;
      assert.deepEqual([folder, cleanedOffset], ['/b/t-0', 5]);
      // The start after that finds no other folder.
      return [logStartOffset, open(found).place('t', 0, ID, NEW)!.logStartOffset];
    };
    assert.deepEqual(startIn(files.clone()), [7, 7], 'of two folders');
    directories.moved('t', 0, '/b');
    files.removeFolder('/a/t-0');
    assert.deepEqual(startIn(files.clone()), [9, 9]);
    await saved;
    assert.deepEqual(startIn(files.clone()), [9, 9]);
  });

  test('the folder of another topic of the name says nothing of where the log begins', async () => {
    const files = newFiles();
    const directories = open(files);
    ownedBy(files, directories.place('t', 0, OTHER_ID, { assigned: 'id-of-/a', isNew: true })!.folder, OTHER_ID);
    await directories.saveLogStart('t', 0, 7);
    ownedBy(files, '/b/t-0', ID);
    files.writeFileAtomic('/b/t-0/millrace-move', Buffer.alloc(0));
    assert.equal(open(files).place('t', 0, ID, NEW)!.logStartOffset, 0);
  });

  test('a move asks for new checkpoints where those of its aim tell of another partition of that name', () => {
    const files = newFiles();
    const directories = open(files);
    const table = new PartitionTable(allocatePartitionTable(4));
    table.set(0, RowSlot.state, RowState.online);
    table.set(0, RowSlot.recoveryPoint, 500);
    table.set(0, RowSlot.logStartOffset, 500);
    place(directories, 0, 'id-of-/b');
    assert.equal(directories.writeCheckpoints([{ row: 0, topic: 't', partition: 0 }], table), true);
    directories.forget('t', 0);
    place(directories, 0, 'id-of-/a');
    directories.prepareMove('t', 1, '/b');
    assert.equal(directories.mustWriteCheckpoints, false);
    directories.prepareMove('t', 0, '/b');
    assert.equal(directories.mustWriteCheckpoints, true);
    assert.equal(directories.writeCheckpoints([], table), true);
    files.makeFolder('/b/t-0');
    const { recoveryPoint, logStartOffset } = open(files).place('t', 0, ID, NEW)!;
    assert.deepEqual([recoveryPoint, logStartOffset], [0, 0]);
  });

  test('moves that were interrupted are found', () => {
    const files = newFiles('/a/t-0', '/b/t-0.0123456789abcdef0123456789abcdef-future');
    const directories = open(files);
    const folder = '/b/t-0.0123456789abcdef0123456789abcdef-future';
    assert.deepEqual(directories.futures(), [{ topic: 't', partition: 0, path: '/b', folder }]);
    place(directories, 0);
    directories.setCleanerOffset('t', 0, 17);
    directories.moved('t', 0, '/b');
    assert.equal(directories.directoryOf('t', 0), '/b');
    assert.equal(directories.cleanerOffset('t', 0), 17);
  });

  test('one that cannot be read is offline from the start; without any there is no start', () => {
    const files = newFiles();
    files.failWith('list', Errno.EIO, '/b');
    assert.deepEqual(
      open(files)
        .list()
        .map(({ path, errorCode }) => [path, errorCode]),
      [
        ['/a', 0],
        ['/b', 56],
      ],
    );
    files.failWith('list', Errno.EIO);
    assert.throws(() => open(files), /cannot list/);
  });
});

describe('directory locks', () => {
  test('a directory that cannot be used is no reason to give up the others', () => {
    const files = newFiles();
    files.failWith('read', Errno.EIO, '/b');
    const locks = new DirectoryLocks(['/a', '/b'], files);
    assert.deepEqual([...locks.faults.keys()], ['/b']);
    assert.throws(() => locks.ensureUsable('/b'), /EIO/);
    locks.ensureUsable('/a');
  });

  test('all or none, and free again after release', () => {
    const files = newFiles();
    const held = new DirectoryLocks(['/b'], files);
    assert.throws(() => new DirectoryLocks(['/a', '/b'], files), /another process uses the directory of.*\/b/);
    const free = new DirectoryLocks(['/a', '/a', '/c'], files);
    assert.throws(() => new DirectoryLocks(['/c'], files), /\/c/);
    free.release();
    held.release();
    new DirectoryLocks(['/a', '/b', '/c'], files).release();
  });
});
