/**
 * Reads partitions of a topic without a group: fetches from each leader in turn and yields records. Of read_committed
 * it filters what was aborted itself, because the client library's filter lets transactions through whose end has not
 * been fetched yet.
 */
import type { Consumer } from '@platformatic/kafka';
import { systemClock } from '../base/clock.ts';
import { CliError } from './cli-error.ts';
import type { ReadRecord } from './record-format.ts';

export interface ReadPlan {
  readonly topic: string;
  /** First offset to read, by partition. */
  readonly from: ReadonlyMap<number, bigint>;
  /** Offsets at which reading ends, by partition; without it reading goes on. */
  readonly until?: ReadonlyMap<number, bigint>;
  readonly readCommitted: boolean;
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type FetchPartition = FetchResponse['responses'][number]['partitions'][number];
type Batch = NonNullable<FetchPartition['records']>[number];

const FETCH_WAIT_MS = 500;
const FETCH_BYTES_MAX = 52_428_800;
const PARTITION_BYTES_MAX = 1_048_576;
/** Tries after a failed fetch; leaders may move meanwhile. */
const FAILURES_MAX = 20;
const FAILURE_PAUSE_MS = 250;
const CONTROL_BATCH = 0x20;
const TRANSACTIONAL_BATCH = 0x10;
const ABORT_MARKER = 0;

export async function* readTopic(consumer: Consumer, plan: ReadPlan, stop: AbortSignal): AsyncGenerator<ReadRecord[]> {
  const positions = new Map(plan.from);
  const finish = (): void => {
    for (const [partition, end] of plan.until ?? []) {
      if ((positions.get(partition) ?? 0n) >= end) positions.delete(partition);
    }
  };
  finish();
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const running = new Map<number, Promise<Fetched>>();
  let failures = 0;
  while (positions.size > 0 && !stop.aborted) {
    await startFetches(consumer, plan, positions, running);
    const fetched = await Promise.race([stopped, ...running.values()]);
    if (fetched === undefined) return;
    running.delete(fetched.node);
    if (fetched.error !== undefined) {
      if (++failures > FAILURES_MAX || !mayPass(fetched.error)) throw fetched.error;
      consumer.clearMetadata();
      await Promise.race([stopped, pause(FAILURE_PAUSE_MS)]);
      continue;
    }
    failures = 0;
    const records: ReadRecord[] = [];
    for (const partition of fetched.response!.responses.flatMap(({ partitions }) => partitions)) {
      const position = positions.get(partition.partitionIndex);
      if (position === undefined) continue;
      const end = plan.until?.get(partition.partitionIndex);
      positions.set(partition.partitionIndex, takeRecords(plan, partition, position, end, records));
    }
    finish();
    if (records.length > 0) yield records;
  }
}

interface Fetched {
  readonly node: number;
  readonly response?: FetchResponse;
  readonly error?: unknown;
}

/** Keeps one fetch in flight to each leader. */
async function startFetches(
  consumer: Consumer,
  plan: ReadPlan,
  positions: ReadonlyMap<number, bigint>,
  running: Map<number, Promise<Fetched>>,
): Promise<void> {
  const metadata = await consumer.metadata({ topics: [plan.topic] });
  const topic = metadata.topics.get(plan.topic)!;
  const byLeader = Map.groupBy(positions, ([partition]) => topic.partitions[partition].leader);
  for (const [node, list] of byLeader) {
    if (running.has(node)) continue;
    const partitions = list.map(([partition, fetchOffset]) => ({
      partition,
      fetchOffset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES_MAX,
    }));
    const options = {
      node,
      topics: [{ topicId: topic.id, partitions }],
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      maxWaitTime: FETCH_WAIT_MS,
      isolationLevel: plan.readCommitted ? 1 : 0,
    };
    const settled = (outcome: Omit<Fetched, 'node'>): Fetched => ({ node, ...outcome });
    const fetching =
      node < 0
        ? Promise.reject(new CliError('a partition has no leader', 'wait for its broker'))
        : consumer.fetch(options);
    running.set(
      node,
      fetching.then(
        (response) => settled({ response }),
        (error: unknown) => settled({ error }),
      ),
    );
  }
}

/** Adds the records from `position` on and returns the position behind them. */
function takeRecords(
  { topic, readCommitted }: ReadPlan,
  { partitionIndex, records: batches, abortedTransactions }: FetchPartition,
  position: bigint,
  end: bigint | undefined,
  into: ReadRecord[],
): bigint {
  const skipped = readCommitted ? abortedBatches(batches ?? [], abortedTransactions ?? []) : new Set<Batch>();
  for (const batch of batches ?? []) {
    const next = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (next <= position) continue;
    if ((batch.attributes & CONTROL_BATCH) === 0 && !skipped.has(batch)) {
      for (const record of batch.records) {
        const offset = batch.firstOffset + BigInt(record.offsetDelta);
        if (offset < position || (end !== undefined && offset >= end)) continue;
        into.push({
          topic,
          partition: partitionIndex,
          offset,
          timestamp: batch.firstTimestamp + record.timestampDelta,
          key: record.key,
          value: record.value,
          headers: record.headers.map(([name, value]) => [name ?? Buffer.alloc(0), value]),
        });
      }
    }
    position = next;
  }
  return position;
}

/** Batches of transactions that were aborted, by the list that came with them and the markers among them. */
export function abortedBatches(
  batches: readonly Batch[],
  aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[],
): Set<Batch> {
  const waiting = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  const found = new Set<Batch>();
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (waiting.length > 0 && waiting[0].firstOffset <= last) open.add(waiting.shift()!.producerId);
    if ((batch.attributes & CONTROL_BATCH) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === ABORT_MARKER) open.delete(batch.producerId);
    } else if ((batch.attributes & TRANSACTIONAL_BATCH) !== 0 && open.has(batch.producerId)) {
      found.add(batch);
    }
  }
  return found;
}

/** Whether an error may go away by itself: a moved leader, a lost connection. */
function mayPass(error: unknown): boolean {
  const failure = error as {
    canRetry?: boolean;
    hasStaleMetadata?: boolean;
    errors?: readonly unknown[];
    cause?: unknown;
  };
  if (typeof failure !== 'object' || failure === null) return false;
  if (failure.canRetry || failure.hasStaleMetadata) return true;
  return [...(failure.errors ?? []), failure.cause].some(mayPass);
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    systemClock.schedule(delayMs, resolve);
  });
}
