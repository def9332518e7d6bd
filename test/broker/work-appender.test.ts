// Appends of the control thread that find no room in the ring to their worker.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerLink } from '../../src/broker/io/worker-links.ts';
import { WorkAppender } from '../../src/broker/work-appender.ts';
import { Completion, CompletionOp, Work } from '../../src/partition/work-descriptors.ts';
import { ErrorCode, KafkaError } from '../../src/protocol/errors.ts';
import { allocateRing, RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';
import { SharedArena } from '../../src/ring/shared-arena.ts';
import { allocateSignal, WakeCaller } from '../../src/ring/wake-signal.ts';

/** Half of it may be under way. */
const RING = 4;

function appenderWithWorker() {
  const memory = { work: allocateRing(RING), completions: allocateRing(RING) };
  const link = new WorkerLink(memory, new WakeCaller(allocateSignal(), { ring: () => {} }));
  const arena = new SharedArena(SharedArena.allocateMemory(16, 0), 0);
  const appender = new WorkAppender([link], arena);
  const work = new RingConsumer(memory.work);
  const completions = new RingProducer(memory.completions);
  let nextOffset = 0;
  /** The worker writes everything in its ring; returns the rows. */
  const turn = (): number[] => {
    const rows: number[] = [];
    for (let at = work.peek(); at >= 0; at = work.peek()) {
      rows.push(work.slots[at + Work.row]);
      const to = completions.reserve();
      completions.slots[to + Completion.op] = CompletionOp.done;
      completions.slots[to + Completion.token] = work.slots[at + Work.token];
      completions.slots[to + Completion.errorCode] = ErrorCode.NONE;
      completions.slots[to + Completion.baseOffset] = nextOffset++;
      work.advance();
    }
    work.release();
    completions.publish();
    appender.take();
    return rows;
  };
  return { appender, turn };
}

test('appends that wait for room keep their order; those of a partition that goes meanwhile are refused', async () => {
  const { appender, turn } = appenderWithWorker();
  const batch = new Uint8Array(100);
  const [first, second, third, fourth] = [1, 2, 2, 3].map((row) => appender.append(row, batch));
  appender.refuse(2);
  // The worker empties its ring before it deletes a partition.
  assert.deepEqual(turn(), [1, 2]);
  assert.deepEqual(turn(), [3]);
  assert.deepEqual(await Promise.all([first, second, fourth]), [
    { baseOffset: 0 },
    { baseOffset: 1 },
    { baseOffset: 2 },
  ]);
  await assert.rejects(third, new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER));
});

test('a small append does not overtake a large one that waits for memory', async () => {
  const { appender, turn } = appenderWithWorker();
  const appended = [20_000, 40_000, 100].map((bytes, row) => appender.append(row, new Uint8Array(bytes)));
  assert.deepEqual(turn(), [0]);
  assert.deepEqual(turn(), [1]);
  turn();
  assert.deepEqual(
    (await Promise.all(appended)).map(({ baseOffset }) => baseOffset),
    [0, 1, 2],
  );
});

test('what is larger than all memory is refused, and keeps nobody waiting', async () => {
  const { appender, turn } = appenderWithWorker();
  await assert.rejects(appender.append(1, new Uint8Array(70_000)), new KafkaError(ErrorCode.RECORD_LIST_TOO_LARGE));
  const next = appender.append(1, new Uint8Array(100));
  assert.deepEqual(turn(), [1]);
  assert.deepEqual(await next, { baseOffset: 0 });
});
