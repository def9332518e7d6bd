/** A storage worker over memory with one sender of work, a clock to turn, and syncs that end when the test says so. */
import assert from 'node:assert/strict';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { WorkerLink } from '../../src/broker/io/worker-links.ts';
import type { LogConfig } from '../../src/config/topic-config.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { type AppendDetail, readAppendDetail } from '../../src/partition/append-detail.ts';
import { StorageHost } from '../../src/partition/storage-host.ts';
import type { FromStorage, StorageReplies, StorageRequest, ToStorage } from '../../src/partition/storage-messages.ts';
import { Completion, CompletionOp, WorkOp } from '../../src/partition/work-descriptors.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { allocateRing, RingConsumer, RingProducer } from '../../src/ring/descriptor-ring.ts';
import { allocatePartitionTable, PartitionTable } from '../../src/ring/partition-table.ts';
import { allocateSignal, WakeCaller, WakeSleeper } from '../../src/ring/wake-signal.ts';
import { adoptBatchMemory } from '../../src/storage/batch-memory.ts';
import { StorageCounters, storageCounterSlots } from '../../src/telemetry/thread-counters.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from '../storage/log-fixture.ts';

const RING = 64;
const ARENA_BYTES = 1 << 20;

export interface Answer {
  readonly token: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly logStartOffset: number;
  readonly detail: AppendDetail | null;
}

interface Sync {
  finish(result?: number): void;
}

class HeldSyncs extends SegmentedLogStore {
  readonly #syncs: Sync[];

  constructor(files: MemoryFileSpace, syncs: Sync[]) {
    super(files);
    this.#syncs = syncs;
  }

  override sync(_log: number, done: (result: number) => void): void {
    this.#syncs.push({ finish: (result = 0) => done(result) });
  }
}

export class StorageFixture {
  readonly clock = new ManualClock(NOW_MS);
  readonly files = new MemoryFileSpace(() => this.clock.wallMs());
  readonly table = new PartitionTable(allocatePartitionTable(16));
  readonly counters = new StorageCounters(new Float64Array(storageCounterSlots(16)));
  /** Syncs under way, eldest first. */
  readonly syncs: Sync[] = [];
  readonly changedRows: number[] = [];
  readonly messages: FromStorage[] = [];
  readonly host: StorageHost;
  readonly link: WorkerLink;
  readonly #arena = Buffer.alloc(ARENA_BYTES);
  readonly #places = new Map<number, number>();
  readonly #replies = new Map<number, (reply: Extract<FromStorage, { type: 'reply' }>) => void>();
  #receive: (message: ToStorage) => void = () => {};
  #arenaAt = 0;
  #nextToken = 1;
  #nextId = 1;
  called = 0;
  /** Warnings of the host. */
  readonly warned: string[] = [];
  /** Errors of the host. */
  readonly failed: string[] = [];
  /** How often the host has rung its own bell. */
  rung = 0;

  constructor({ syncAcksAll = true } = {}) {
    const logger: Logger = {
      ...silentLogger,
      warn: (_, message) => this.warned.push(message),
      error: (_, message) => this.failed.push(message),
    };
    const store = new HeldSyncs(this.files, this.syncs);
    const memory = { work: allocateRing(RING), completions: allocateRing(RING) };
    const [signal, workerSignal] = [allocateSignal(), allocateSignal()];
    this.link = new WorkerLink(memory, new WakeCaller(workerSignal, { ring: () => {} }));
    this.host = new StorageHost({
      settings: {
        worker: 0,
        syncAcksAll,
        inlineSyncMaxUs: 0,
        decompressedBytesMax: 1 << 20,
        producerIdExpirationMs: 86_400_000,
        producerIdExpirationCheckMs: 600_000,
        transactionVerificationEnabled: false,
        retentionCheckMs: 300_000,
      },
      clock: this.clock,
      logger,
      store,
      table: this.table,
      counters: this.counters,
      sources: [
        {
          work: new RingConsumer(memory.work),
          completions: new RingProducer(memory.completions),
          caller: new WakeCaller(signal, { ring: () => this.called++ }),
          memory: adoptBatchMemory(store.registerMemory(this.#arena), this.#arena),
        },
      ],
      sleeper: new WakeSleeper(workerSignal),
      bell: { ring: () => this.rung++ },
      port: {
        post: (message) => {
          if (message.type === 'reply') this.#replies.get(message.id)?.(message);
          else this.messages.push(message);
        },
        onMessage: (receive) => {
          this.#receive = receive;
        },
      },
    });
  }

  request<R extends StorageRequest>(request: R): Promise<StorageReplies[R['op']]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#replies.set(id, ({ reply, error }) => {
        if (error === null) resolve(reply as StorageReplies[R['op']]);
        else reject(new Error(error));
      });
      this.#receive({ id, request });
    });
  }

  /** Opens a partition in a row; resolves with its fault. */
  async open(row: number, config: Partial<LogConfig> = {}, topicId = TOPIC_ID): Promise<string | null> {
    const [opened] = await this.openAll([row], config, topicId);
    return opened.fault;
  }

  /** The same of several, with one request. */
  openAll(
    rows: readonly number[],
    config: Partial<LogConfig> = {},
    topicId = TOPIC_ID,
  ): Promise<StorageReplies['open']> {
    const partitions = rows.map((row) => ({
      row,
      folder: `/data/t-${row}`,
      topic: 't',
      partition: row,
      topicId,
      internal: false,
      config: { ...DEFAULT_CONFIG, ...config },
      leaderEpoch: 0,
      recoveryPoint: 0,
      logStartOffset: 0,
      cleanedOffset: 0,
      cleanShutdown: true,
    }));
    return this.request({ op: 'open', partitions, isStart: false });
  }

  /** Ends a sync under way; those of the small files beside the log have then ended too. */
  async finishSync(result = 0, index = 0): Promise<void> {
    this.syncs.splice(index, 1)[0].finish(result);
    await new Promise(setImmediate);
  }

  /** Sends a batch; returns its token. Nothing happens before `host.drain()`. */
  push(row: number, acks: number, batch: Uint8Array = someBatch(), op: number = WorkOp.append, version = 9): number {
    const token = this.#nextToken++;
    this.#places.set(token, this.#arenaAt);
    this.#arena.set(batch, this.#arenaAt);
    this.link.push(op, token, row, this.#arenaAt, batch.length, acks, version, 0);
    this.#arenaAt += batch.length;
    this.link.publish();
    return token;
  }

  /** Sends a batch and lets the worker have its turn. */
  send(row: number, acks: number, batch?: Uint8Array): number {
    const token = this.push(row, acks, batch);
    this.host.drain();
    return token;
  }

  /** Everything answered since the last call; notices of changed rows go to `changedRows`. */
  answers(): Answer[] {
    const { completions } = this.link;
    const answers: Answer[] = [];
    for (let at = completions.peek(); at >= 0; at = completions.peek()) {
      const { slots } = completions;
      const token = slots[at + Completion.token];
      if (slots[at + Completion.op] === CompletionOp.rowChanged) {
        this.changedRows.push(token);
      } else {
        const detailBytes = slots[at + Completion.detailBytes];
        const place = this.#places.get(token)!;
        answers.push({
          token,
          errorCode: slots[at + Completion.errorCode],
          baseOffset: slots[at + Completion.baseOffset],
          logStartOffset: slots[at + Completion.logStartOffset],
          detail: detailBytes > 0 ? readAppendDetail(this.#arena, place, detailBytes) : null,
        });
        this.link.underWay--;
      }
      completions.advance();
    }
    completions.release();
    return answers;
  }
}

export function someBatch(value = 'v', options: Parameters<typeof buildBatch>[1] = {}): Uint8Array {
  return buildBatch([{ value, timestamp: NOW_MS }], options);
}

/** Token, error code and base offset of each. */
export const outcomes = (answers: readonly Answer[]): number[][] =>
  answers.map(({ token, errorCode, baseOffset }) => [token, errorCode, baseOffset]);

/** With row 0 open. */
export async function fixtureWith(
  config: Parameters<StorageFixture['open']>[1] = {},
  options = {},
): Promise<StorageFixture> {
  const fixture = new StorageFixture(options);
  assert.equal(await fixture.open(0, config), null);
  return fixture;
}
