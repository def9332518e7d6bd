/**
 * The work of one storage worker: it owns its partitions, takes batches out of the senders' rings, and answers when they
 * are written or durable. It runs on a worker thread (`broker-thread.ts`) or on the broker's only thread; it cannot tell
 * which.
 *
 * One turn: every ring is emptied, batches are checked and collected by partition; each touched partition writes its
 * batches with one call; offsets are published; then completions leave, each sender being woken once.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { LogStore } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { RingConsumer, RingProducer } from '../ring/descriptor-ring.ts';
import { type PartitionTable, RowSlot, RowState } from '../ring/partition-table.ts';
import type { Doorbell, WakeCaller, WakeSleeper } from '../ring/wake-signal.ts';
import type { BatchMemory } from '../storage/batch-memory.ts';
import type { StorageCounters } from '../telemetry/thread-counters.ts';
import type { Partition, PartitionContext } from './partition.ts';
import type { StorageHostSettings } from './storage-host-settings.ts';
import type { StoragePort } from './storage-messages.ts';
import { StorageRequests } from './storage-requests.ts';
import { Completion, CompletionOp, Work } from './work-descriptors.ts';

/** One sender of work as the worker sees it. */
interface WorkSource {
  readonly work: RingConsumer;
  readonly completions: RingProducer;
  readonly caller: WakeCaller;
  /** Memory that its descriptors point into. */
  readonly memory: BatchMemory;
}

export interface StorageHostContext {
  readonly settings: StorageHostSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly sources: readonly WorkSource[];
  readonly sleeper: WakeSleeper;
  /** Has `drain` called again when the thread has done what else there is to do. */
  readonly bell: Doorbell;
  readonly port: StoragePort;
  /** Null unless metrics are exposed. */
  readonly counters: StorageCounters | null;
}

/** Batches taken before what was collected is written. */
const TURN_MAX = 1_024;
/** Turns before syncs that have ended, requests and timers get theirs; senders that never pause would keep them waiting. */
const TURNS_MAX = 64;
const NO_DETAIL = 0;
/** How long notices wait for a sender whose ring is full of others. */
const LATE_TELLING_MS = 1;

export class StorageHost {
  readonly #context: StorageHostContext;
  readonly #partitions: (Partition | undefined)[] = [];
  /** Partitions with something to write: the first `#touchedCount`. */
  readonly #touched: Partition[] = [];
  #touchedCount = 0;
  /** Rows whose waiters could not be told because a completion ring was full: sender -> rows. */
  readonly #untold: Set<number>[];
  readonly #writeTouched = (): void => {
    for (let at = 0; at < this.#touchedCount; at++) this.#touched[at].write();
    this.#touchedCount = 0;
  };
  #lateTelling: Timer | null = null;
  readonly #timers: Timer[] = [];

  constructor(context: StorageHostContext) {
    this.#context = context;
    this.#untold = context.sources.map(() => new Set());
    new StorageRequests({
      ...context,
      partitions: this.#partitions,
      partitionContext: this.#partitionContext(),
      drain: () => this.#drainSent(),
    }).listen();
    const { settings } = context;
    this.#every(settings.retentionCheckMs, () => this.#checkRetention());
    this.#every(settings.producerIdExpirationCheckMs, () => this.#expireProducers());
  }

  /** Takes in work until every ring is empty, or for long enough; the thread's doorbell calls it. */
  drain(): void {
    const { sleeper, bell } = this.#context;
    for (let turn = 0; ; turn++) {
      if (turn === TURNS_MAX) {
        // Nobody else will ring: the word says that this thread is awake.
        bell.ring();
        break;
      }
      if (this.#turn() > 0) continue;
      sleeper.announce();
      if (!this.#hasWork()) break;
      sleeper.cancel();
    }
    this.#publish();
  }

  /** Takes in all work that was sent before: no ring holds more. */
  #drainSent(): void {
    const turns = Math.ceil(this.#context.sources[0].work.capacity / TURN_MAX);
    for (let turn = 0; turn < turns && this.#turn() > 0; turn++);
    this.#publish();
  }

  /** Takes some work out of each ring and writes it; returns how much it was. */
  #turn(): number {
    const { sources } = this.#context;
    let taken = 0;
    for (let index = 0; index < sources.length; index++) taken += this.#take(index, sources[index]);
    if (taken === 0) return 0;
    this.#context.store.together(this.#writeTouched);
    this.#publish();
    return taken;
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#lateTelling?.cancel();
  }

  #hasWork(): boolean {
    for (const { work } of this.#context.sources) if (work.peek() >= 0) return true;
    return false;
  }

  #take(index: number, source: WorkSource): number {
    const { work } = source;
    let taken = 0;
    for (; taken < TURN_MAX; taken++) {
      const at = work.peek();
      if (at < 0) break;
      const { slots } = work;
      const partition = this.#partitions[slots[at + Work.row]];
      if (!partition) {
        const { done } = CompletionOp;
        this.#complete(index, done, slots[at + Work.token], ErrorCode.NOT_LEADER_OR_FOLLOWER, -1, -1, -1, NO_DETAIL);
      } else if (partition.stage(index, source.memory, slots, at)) {
        this.#touched[this.#touchedCount++] = partition;
      }
      work.advance();
    }
    if (taken > 0) work.release();
    return taken;
  }

  #partitionContext(): PartitionContext {
    const { settings, clock, logger, store, table, port, counters } = this.#context;
    return {
      settings,
      clock,
      logger,
      store,
      table,
      counters,
      complete: (sender, op, token, errorCode, baseOffset, logAppendTimeMs, logStartOffset, detailBytes) =>
        this.#complete(sender, op, token, errorCode, baseOffset, logAppendTimeMs, logStartOffset, detailBytes),
      rowChanged: (row) => this.#tellWaiters(row),
      publish: () => this.#publish(),
      onOffline: (row, fault, ofDirectory) => {
        table.set(row, RowSlot.state, RowState.offline);
        port.post({ type: 'offline', row, fault, ofDirectory });
      },
    };
  }

  #complete(
    sender: number,
    op: number,
    token: number,
    errorCode: number,
    baseOffset: number,
    logAppendTimeMs: number,
    logStartOffset: number,
    detailBytes: number,
  ): void {
    const ring = this.#context.sources[sender].completions;
    const at = ring.reserve();
    // Senders bound what is under way to half of the ring, and notices leave that half free.
    if (at < 0) throw new Error('completion ring overflow');
    const { slots } = ring;
    slots[at + Completion.op] = op;
    slots[at + Completion.token] = token;
    slots[at + Completion.errorCode] = errorCode;
    slots[at + Completion.baseOffset] = baseOffset;
    slots[at + Completion.logAppendTimeMs] = logAppendTimeMs;
    slots[at + Completion.logStartOffset] = logStartOffset;
    slots[at + Completion.detailBytes] = detailBytes;
  }

  #tellWaiters(row: number): void {
    let mask = this.#context.table.takeWaiters(row);
    for (let sender = 0; mask !== 0; sender++, mask >>>= 1) {
      if (mask & 1) this.#tell(sender, row);
    }
  }

  #tell(sender: number, row: number): void {
    const ring = this.#context.sources[sender].completions;
    if (ring.free <= ring.capacity / 2) {
      this.#untold[sender].add(row);
      return;
    }
    const at = ring.reserve();
    ring.slots[at + Completion.op] = CompletionOp.rowChanged;
    ring.slots[at + Completion.token] = row;
  }

  /** Shows every sender its completions, waking those that sleep. */
  #publish(): void {
    const { sources } = this.#context;
    for (let sender = 0; sender < sources.length; sender++) {
      const { completions, caller } = sources[sender];
      const untold = this.#untold[sender];
      if (untold.size > 0) {
        const rows = [...untold];
        untold.clear();
        for (const row of rows) this.#tell(sender, row);
        if (untold.size > 0) this.#tellSoon();
      }
      if (completions.publish()) caller.call();
    }
  }

  /** No work may come that would show the sender the rest. */
  #tellSoon(): void {
    this.#lateTelling ??= this.#context.clock.schedule(LATE_TELLING_MS, () => {
      this.#lateTelling = null;
      this.#publish();
    });
  }

  #checkRetention(): void {
    for (const partition of this.#partitions) partition?.checkRetention();
    this.#publish();
  }

  #expireProducers(): void {
    for (const partition of this.#partitions) partition?.expireProducers();
  }

  #every(intervalMs: number, run: () => void): void {
    const at = this.#timers.length;
    const again = (): void => {
      run();
      this.#timers[at] = this.#context.clock.schedule(intervalMs, again);
    };
    this.#timers[at] = this.#context.clock.schedule(intervalMs, again);
  }
}
