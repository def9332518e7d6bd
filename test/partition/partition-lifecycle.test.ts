// Partitions that come, go and move.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Errno, type FileSpace } from '../../src/native/file-space.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { RowSlot, RowState } from '../../src/ring/partition-table.ts';
import { DEFAULT_CONFIG, TOPIC_ID } from '../storage/log-fixture.ts';
import { fixtureWith, outcomes, StorageFixture } from './storage-fixture.ts';

const ALL = -1;

describe('partition: moving', () => {
  const target = { future: '/other/t-0.f-future', folder: '/other/t-0' };
  const named = { row: 0, topicId: TOPIC_ID, partition: 0 };

  test('what waits for a sync of the old log is durable with the move, and that sync may fail', async () => {
    const fixture = await fixtureWith();
    const before = fixture.table.get(0, RowSlot.log);
    const waiting = fixture.send(0, ALL);
    await fixture.request({ op: 'beginMove', ...named, target });
    assert.equal(await fixture.request({ op: 'finishMove', ...named, target, copiedTo: -1 }), 0);
    assert.deepEqual(outcomes(fixture.answers()), [[waiting, 0, 0]]);
    assert.notEqual(fixture.table.get(0, RowSlot.log), before);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 1);
    await fixture.finishSync(Errno.EIO);
    assert.deepEqual(fixture.messages, []);
    await fixture.request({ op: 'closeMoved', ...named });
    assert.equal(fixture.files.stat('/data/t-0'), Errno.ENOENT);
    assert.equal(fixture.files.stat('/other/t-0/millrace-move'), Errno.ENOENT);
    const next = fixture.send(0, ALL);
    await fixture.finishSync();
    assert.deepEqual(outcomes(fixture.answers()), [[next, 0, 1]]);
  });

  test('another partition in the row, and one that is offline, are not moved', async () => {
    const fixture = await fixtureWith();
    const other = { ...named, partition: 5 };
    await assert.rejects(fixture.request({ op: 'beginMove', ...other, target }), /another partition's now/);
    await fixture.request({ op: 'beginMove', ...named, target });
    await fixture.request({ op: 'offline', rows: [0], fault: 'the disk is gone' });
    await assert.rejects(fixture.request({ op: 'finishMove', ...named, target, copiedTo: -1 }), /the disk is gone/);
    assert.equal(fixture.files.stat(target.folder), Errno.ENOENT);
  });

  test('a step whose folder is gone, since another move has taken its place, is no error of the broker', async () => {
    const fixture = await fixtureWith();
    await fixture.request({ op: 'beginMove', ...named, target });
    fixture.files.rename(target.future, '/other/t-0.x-delete');
    await assert.rejects(fixture.request({ op: 'finishMove', ...named, target, copiedTo: -1 }), /ENOENT/);
    assert.deepEqual(fixture.failed, []);
    await assert.rejects(fixture.request({ op: 'moveState', ...named, row: 7, roll: false }));
    assert.deepEqual(fixture.failed, []);
    await assert.rejects(fixture.request({ op: 'closeMoved', ...named, partition: 9 }));
    assert.deepEqual(fixture.failed, ['a storage request failed']);
  });
});

/** Row 0 open, with a disk whose file systems can be synced; `stop` tells which were, and what `look` saw at that time. */
async function synced(result = 0) {
  const fixture = new StorageFixture();
  const files: FileSpace = fixture.files;
  const directories: string[] = [];
  const syncs: string[] = [];
  let atSync: () => unknown[] = () => [];
  let seen: unknown[] = [];
  files.openFileSystem = (directory: string) => directories.push(directory) + 1000;
  files.syncFileSystemNow = (file: number) => {
    syncs.push(directories[file - 1001]);
    seen = atSync();
    return result;
  };
  const close = files.close.bind(files);
  files.close = (file) => (file > 1000 ? undefined : close(file));
  await fixture.open(0);
  const stop = async (look: () => unknown[]) => {
    atSync = look;
    let isStopped = false;
    const stopping = fixture.request({ op: 'stop' }).finally(() => (isStopped = true));
    for (; !isStopped; await new Promise(setImmediate)) for (const { finish } of fixture.syncs.splice(0)) finish();
    return { failures: await stopping, syncs, seen };
  };
  return { fixture, stop };
}

describe('partition: coming and going', () => {
  test('a stop waits for the sync under way and answers who waits, not with success', async () => {
    const fixture = await fixtureWith();
    const token = fixture.send(0, ALL);
    let stopped = false;
    const stopping = fixture.request({ op: 'stop' }).then(() => {
      stopped = true;
    });
    await new Promise(setImmediate);
    assert.equal(stopped, false);
    await fixture.finishSync();
    assert.equal(stopped, false, 'what came behind it is synced as well');
    for (; fixture.syncs.length > 0; ) await fixture.finishSync();
    await stopping;
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 1);
  });

  test('a stop syncs logs beside each other, and tells of those that it could not', async () => {
    const fixture = await fixtureWith();
    const rows = Array.from({ length: 40 }, (_, at) => at + 2);
    await fixture.openAll(rows);
    const stopping = fixture.request({ op: 'stop' });
    await new Promise(setImmediate);
    const atOnce = fixture.syncs.length;
    assert.ok(atOnce > 1 && atOnce < rows.length, `${atOnce} at once`);
    await fixture.finishSync(Errno.EIO, atOnce - 1);
    for (; fixture.syncs.length > 0; ) await fixture.finishSync();
    const failures = await stopping;
    assert.equal(failures.length, 1);
    assert.match(failures[0].fault, /EIO/);
  });

  test('a stop syncs logs that were written to with their file system, once they are closed', async () => {
    const { fixture, stop } = await synced();
    const rows = [2, 3, 4];
    await fixture.openAll(rows);
    for (const row of rows) fixture.send(row, 1);
    const found = await stop(() => {
      assert.equal(fixture.table.get(2, RowSlot.recoveryPoint), 0);
      return rows.map((row) => fixture.files.list(`/data/t-${row}`));
    });
    assert.deepEqual([found.failures, found.syncs, fixture.syncs], [[], ['/data'], []]);
    for (const row of rows) {
      assert.equal(fixture.table.get(row, RowSlot.recoveryPoint), 1);
      assert.deepEqual(fixture.files.list(`/data/t-${row}`), found.seen[row - 2], 'written behind the sync');
    }
    const epochs = Buffer.from(fixture.files.readFile('/data/t-4/leader-epoch-checkpoint') as Uint8Array);
    assert.equal(epochs.toString(), '0\n1\n0 0\n');
  });

  test('where that fails, none of the logs is in order', async () => {
    const { fixture, stop } = await synced(Errno.EIO);
    await fixture.openAll([2, 3]);
    fixture.send(2, 1);
    const { failures } = await stop(() => []);
    assert.deepEqual(
      failures.map(({ row }) => row),
      [0, 2, 3],
    );
    assert.match(failures[0].fault, /\/data: EIO/);
    assert.equal(fixture.table.get(2, RowSlot.recoveryPoint), 0);
  });

  test('with much else that waits to be written, a stop syncs log by log', async () => {
    const { fixture, stop } = await synced();
    fixture.files.unwrittenBytes = () => 128 * 1024 + 1;
    fixture.send(0, 1);
    const { syncs } = await stop(() => []);
    assert.deepEqual(syncs, []);
    assert.equal(fixture.table.get(0, RowSlot.recoveryPoint), 1);
  });

  test('a stop waits until all that is being opened is open, and closes it', async () => {
    const fixture = await slowly();
    const opened = fixture.openAll(ROWS);
    await turn();
    let isStopped = false;
    const stopping = fixture.request({ op: 'stop' }).then(() => (isStopped = true));
    for (; !isStopped; await turn()) {
      for (const { finish } of fixture.syncs.splice(0)) finish();
      fixture.clock.advance(0);
    }
    assert.deepEqual(
      (await opened).map(({ fault }) => fault),
      ROWS.map(() => null),
    );
    await stopping;
    const token = fixture.send(ROWS[ROWS.length - 1], 1);
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
  });

  test('a sync that fails because its partition was deleted is no reason to stop', async () => {
    const fixture = await fixtureWith();
    const token = fixture.send(0, ALL);
    await fixture.request({ op: 'delete', rows: [0] });
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    await fixture.finishSync(Errno.ENOENT);
    assert.deepEqual(fixture.messages, []);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.closed);
    const late = fixture.send(0, ALL);
    assert.deepEqual(outcomes(fixture.answers()), [[late, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
  });

  test('a batch that was on its way when its partition was deleted does not reach the row’s next partition', async () => {
    const fixture = await fixtureWith();
    const token = fixture.push(0, 1);
    await fixture.request({ op: 'delete', rows: [0] });
    assert.equal(await fixture.open(0, {}, 'zzzzzzzzzzzzzzzzzzzzzQ'), null);
    fixture.host.drain();
    assert.deepEqual(
      fixture.answers().map((answer) => answer.token),
      [token],
    );
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 0);
  });

  test('a deleted folder is renamed at once and vanishes after file.delete.delay.ms', async () => {
    const fixture = await fixtureWith({ fileDeleteDelayMs: 1000 });
    fixture.send(0, 1);
    await fixture.request({ op: 'delete', rows: [0] });
    const names = (): string[] => (fixture.files.list('/data') as { name: string }[]).map(({ name }) => name);
    assert.match(names().join(), /^t-0\.[0-9a-f]{32}-delete$/);
    assert.equal(await fixture.open(0), null, 'the row and the folder are free again');
    assert.equal(fixture.table.get(0, RowSlot.logEndOffset), 0);
    fixture.clock.advance(1000);
    assert.deepEqual(names(), ['t-0']);
  });

  test('a folder that cannot be renamed away stays, which is told', async () => {
    const fixture = await fixtureWith();
    fixture.files.failWith('rename', Errno.EIO, '/data/t-0.');
    await fixture.request({ op: 'delete', rows: [0] });
    assert.deepEqual(
      (fixture.files.list('/data') as { name: string }[]).map(({ name }) => name),
      ['t-0'],
    );
    assert.deepEqual(fixture.warned, ['a folder that is to be deleted stays where it is']);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.closed);
  });

  /** Every folder that is made or renamed takes 2 ms. */
  const slowly = async (): Promise<StorageFixture> => {
    const fixture = await fixtureWith();
    const { files, clock } = fixture;
    const { makeFolder, rename } = files;
    files.makeFolder = (path) => {
      clock.advance(2);
      return makeFolder.call(files, path);
    };
    files.rename = (from, to) => {
      clock.advance(2);
      return rename.call(files, from, to);
    };
    return fixture;
  };
  const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const statesOf = ({ table }: StorageFixture): number[] => ROWS.map((row) => table.get(row, RowSlot.state));
  const turn = () => new Promise(setImmediate);

  test('clients are served between the logs that a request opens or deletes', async () => {
    const fixture = await slowly();
    for (const [state, begin] of [
      [RowState.online, () => fixture.openAll(ROWS)],
      [RowState.closed, () => fixture.request({ op: 'delete', rows: ROWS })],
    ] as const) {
      let stretches = 0;
      let isDone = false;
      const done = begin().then(() => (isDone = true));
      for (await turn(); !isDone; await turn()) {
        stretches++;
        const some = statesOf(fixture).filter((now) => now === state).length;
        assert.ok(some < ROWS.length && some <= 3 * stretches, `${some} logs in ${stretches} stretches`);
        const token = fixture.send(0, 1);
        assert.deepEqual(
          fixture.answers().map((answer) => [answer.token, answer.errorCode]),
          [[token, 0]],
        );
        fixture.clock.advance(0);
      }
      await done;
      assert.ok(stretches >= 2, `${stretches} stretches`);
      assert.deepEqual(
        statesOf(fixture),
        ROWS.map(() => state),
      );
    }
  });

  test('a few logs are deleted and opened while many others are opened', async () => {
    const fixture = await slowly();
    const many = ROWS.slice(2);
    await fixture.openAll([1]);
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    void fixture.openAll(many).then(note('opened many'));
    await turn();
    void fixture.request({ op: 'delete', rows: [1] }).then(note('deleted one'));
    void fixture.openAll([2]).then(note('opened one'));
    void fixture.request({ op: 'offline', rows: [2, 3], fault: 'the disk' }).then(note('offline'));
    void fixture.request({ op: 'delete', rows: [3] }).then(note('deleted an offline one'));
    for (; order.length < 5; await turn()) fixture.clock.advance(0);
    assert.deepEqual(order.slice(0, 2).sort(), ['deleted one', 'opened one']);
    assert.deepEqual(order.slice(2), ['opened many', 'offline', 'deleted an offline one']);
  });

  test('what takes logs away waits until a request that opens them is done', async () => {
    const fixture = await slowly();
    const opened = fixture.openAll(ROWS);
    await turn();
    const offline = fixture.request({ op: 'offline', rows: ROWS, fault: 'the disk' });
    const order: string[] = [];
    void opened.then(() => order.push('opened'));
    void offline.then(() => order.push('offline'));
    for (; order.length < 2; await turn()) fixture.clock.advance(0);
    assert.deepEqual(order, ['opened', 'offline']);
    assert.deepEqual(
      statesOf(fixture),
      ROWS.map(() => RowState.offline),
    );
  });

  test('a log that does not open leaves its row offline, with the reason', async () => {
    const fixture = new StorageFixture();
    fixture.files.makeFolder('/data');
    fixture.files.writeFileAtomic('/data/t-0', Buffer.from('a file'));
    assert.match((await fixture.open(0)) ?? '', /t-0/);
    assert.equal(fixture.table.get(0, RowSlot.state), RowState.offline);
    const token = fixture.send(0, 1);
    assert.deepEqual(outcomes(fixture.answers()), [[token, ErrorCode.NOT_LEADER_OR_FOLLOWER, -1]]);
    assert.deepEqual(await fixture.request({ op: 'sizes', rows: [0] }), [{ row: 0, sizeBytes: 0 }]);
    await assert.rejects(fixture.request({ op: 'producers', row: 0 }), /no partition in row 0/);
    assert.equal(await fixture.request({ op: 'delete', rows: [0] }), null);
  });

  test('settings and leader epochs reach the log', async () => {
    const fixture = await fixtureWith();
    await fixture.request({ op: 'configure', rows: [0], config: { ...DEFAULT_CONFIG, maxMessageBytes: 10 } });
    fixture.send(0, 1);
    assert.equal(fixture.answers()[0].errorCode, ErrorCode.MESSAGE_TOO_LARGE);
    await fixture.request({ op: 'setLeaderEpoch', row: 0, leaderEpoch: 4 });
    assert.equal(fixture.table.get(0, RowSlot.leaderEpoch), 4);
  });
});
