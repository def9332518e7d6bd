import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FileSpace } from '../../../src/native/file-space.ts';
import type { MemoryFileSpace } from '../../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../../src/native/segmented-log-store.ts';
import { FOLDER } from '../log-fixture.ts';
import { CompactedLog } from './cleaner-fixture.ts';

/** A stop at every change of a file that a cleaning makes: nothing is lost, and the next cleaning comes to the same. */

const CHANGES = [
  'open',
  'write',
  'truncate',
  'syncNow',
  'syncFolderNow',
  'writeFileAtomic',
  'rename',
  'unlink',
  'unlinkAside',
  'setModified',
] as const;

/** An index entry for every batch. */
const CONFIG = { segmentBytes: 700, indexIntervalBytes: 1 };

class Crash extends Error {}

/** Counts calls that change files; the one after `allowed` stops the process. */
function crashing(files: MemoryFileSpace, allowed: () => number, counted: () => void): FileSpace {
  let isDown = false;
  return new Proxy(files, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      const call = member as (...parameters: unknown[]) => unknown;
      const changes = (CHANGES as readonly PropertyKey[]).includes(name);
      return (...parameters: unknown[]): unknown => {
        // What runs after the stop (files being closed and discarded) is not there any more.
        if (changes && (isDown || allowed() <= 0)) {
          isDown = true;
          throw new Crash();
        }
        if (changes) counted();
        return call.apply(target, parameters);
      };
    },
  });
}

/** Three groups: values, tombstones that are due, aborted data, a producer to be kept. */
async function history(files?: (log: CompactedLog) => FileSpace): Promise<CompactedLog> {
  const log = new CompactedLog(CONFIG);
  const producer = { producerId: 5, producerEpoch: 1, attributes: 0x10 };
  for (let round = 0; round < 4; round++) {
    for (let key = 0; key < 4; key++) log.put([[`k${key}`, `${round}`.repeat(30)]]);
    for (let key = 0; key < 3; key++) log.put([[`u${round}-${key}`, 'u'.repeat(30)]]);
    log.put([[`gone${round}`, 'x']]);
    log.put([[`gone${round}`, null]]);
    log.put([[`k${round}`, 'aborted']], { ...producer, baseSequence: round });
    log.end(5, 1, false);
  }
  log.log.roll();
  await log.clean();
  log.put([['k0', 'newer']]);
  log.log.roll();
  log.put([['last', 'x']]);
  log.clock.advance(2_000);
  if (files) {
    const { recoveryPoint } = log.log;
    log.log.close();
    log.store = new SegmentedLogStore(files(log));
    log.open({ recoveryPoint, cleanShutdown: true });
  }
  return log;
}

/** Every record is found by its offset. */
function findAll(log: CompactedLog, where: string): void {
  for (const { offset } of log.data()) {
    const [batch] = log.read(offset, offset + 1);
    assert.ok(batch.baseOffset <= offset && offset <= batch.lastOffset, `${where}, offset ${offset}`);
  }
}

const view = (log: CompactedLog) => {
  const values = new Map<string | null, string | null>();
  for (const { key, value } of log.committed())
    if (value === null) values.delete(key);
    else values.set(key, value);
  return { values: [...values].sort(), end: log.log.logEndOffset, producers: log.log.activeProducers() };
};

/** Keeps the folder's last names that a power failure may take back: renames since it was synced. */
function watchingNames(files: MemoryFileSpace, unsynced: string[]): FileSpace {
  return new Proxy(files, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      const call = member as (...parameters: unknown[]) => unknown;
      return (...parameters: unknown[]): unknown => {
        if (name === 'rename') unsynced.push(String(parameters[1]));
        if (name === 'syncFolderNow' && parameters[0] === FOLDER) unsynced.length = 0;
        return call.apply(target, parameters);
      };
    },
  });
}

describe('a stop in the middle of a cleaning', () => {
  test('the checkpoint is not ahead of the segments, whose names are durable when a cleaning ends', async () => {
    const unsynced: string[] = [];
    const log = await history((fixture) => watchingNames(fixture.files, unsynced));
    // A power failure would leave the old segments in place, and a tombstone would go before the values that it hides.
    log.files = watchingNames(log.files, unsynced) as MemoryFileSpace;
    let groups = 0;
    const { isComplete } = await log.clean({ onGroup: () => groups++ });
    assert.ok(isComplete && groups > 1);
    assert.deepEqual(unsynced, []);
  });

  test('at every change of a file, with and without a recovery of all segments', async () => {
    const whole = await history();
    const before = view(whole);
    const groups: number[] = [];
    await whole.clean({ onGroup: ({ sources }) => groups.push(sources.length) });
    assert.ok(groups.length >= 2 && Math.max(...groups) > 1, `${groups}`);
    assert.deepEqual(view(whole), before);
    const cleaned = whole.data();
    let steps = 0;
    for (let allowed = 0; ; allowed++) {
      let left = Number.POSITIVE_INFINITY;
      const log = await history((fixture) =>
        crashing(
          fixture.files,
          () => left,
          () => left--,
        ),
      );
      left = allowed;
      let isDone = false;
      try {
        isDone = (await log.clean()).isComplete;
      } catch (error) {
        assert.ok(error instanceof Crash, String((error as Error).stack));
      }
      for (const recoveryPoint of [0, log.log.logEndOffset]) {
        const back = new CompactedLog(CONFIG);
        back.clock.advance(2_000);
        back.files = log.files.clone();
        back.store = new SegmentedLogStore(back.files);
        back.checkpoint = log.checkpoint;
        back.open({ recoveryPoint, cleanShutdown: false });
        const where = `stopped before change ${allowed}, recovered from ${recoveryPoint}`;
        assert.deepEqual(view(back), before, where);
        assert.ok(!back.names().some((name) => /cleaned|swap|deleted/.test(name)), where);
        findAll(back, where);
        await back.clean();
        findAll(back, where);
        assert.deepEqual(view(back), before, where);
        assert.deepEqual(back.data(), cleaned, where);
      }
      steps++;
      if (isDone) break;
    }
    assert.ok(steps > 50, `${steps} steps`);
  });
});
