/** Partitions in memory, a clock to turn, and the fetch path of an I/O thread over them. */
import type { Socket } from 'node:net';
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { ClientState } from '../../../src/broker/io/client-state.ts';
import { FetchPath } from '../../../src/broker/io/fetch-path.ts';
import { FetchSessionCache } from '../../../src/broker/io/fetch-session.ts';
import { ResponseOutput } from '../../../src/broker/io/response-output.ts';
import { TopicRoutes } from '../../../src/broker/io/topic-routes.ts';
import type { LogStore } from '../../../src/native/log-store.ts';
import { PlanStatus } from '../../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../../src/native/segmented-log-store.ts';
import type { Connection } from '../../../src/network/connection.ts';
import { NodeResponseSender } from '../../../src/network/node-response-sender.ts';
import type { AbortedTransaction } from '../../../src/partition/storage-messages.ts';
import { decode, encode } from '../../../src/protocol/codec.ts';
import {
  type FetchRequest,
  type FetchResponse,
  fetchRequest,
  fetchResponse,
} from '../../../src/protocol/messages/01-fetch.ts';
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts';
import { parseResponseHeader } from '../../../src/protocol/request-header.ts';
import { allocatePartitionTable, PartitionTable, RowSlot, RowState } from '../../../src/ring/partition-table.ts';
import { Log } from '../../../src/storage/log.ts';
import { IoCounters, ioCounterSlots } from '../../../src/telemetry/thread-counters.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from '../../storage/log-fixture.ts';

const PARTITIONS = 4;
export const OTHER_ID = 'zzzzzzzzzzzzzzzzzzzzzQ';

/** A request as far as a test cares; the rest has the defaults of the protocol. */
export type Asked = Parameters<typeof encode<(typeof fetchRequest)['fields']>>[1];

export class FetchFixture {
  readonly clock = new ManualClock(NOW_MS);
  readonly table: PartitionTable;
  readonly routes = new TopicRoutes();
  readonly sessions: FetchSessionCache;
  readonly counters: IoCounters;
  readonly path: FetchPath;
  readonly logs: Log[] = [];
  /** Clients whose fetch may be answered. */
  readonly ready = new Set<ClientState>();
  aborted: AbortedTransaction[] | Error = [];
  /** Plans that are held. */
  holds = 0;
  /** Planned bytes cannot be read any more. */
  readFails = false;
  readonly #store: LogStore;

  constructor({ responseBytesMax = 1 << 26, sessionSlots = 10, partitions = PARTITIONS } = {}) {
    this.table = new PartitionTable(allocatePartitionTable(partitions));
    this.counters = new IoCounters(new Float64Array(ioCounterSlots(partitions)));
    const inner = new SegmentedLogStore(new MemoryFileSpace(() => this.clock.wallMs()));
    this.#store = Object.assign(Object.create(inner) as SegmentedLogStore, {
      planRead: (...call: Parameters<LogStore['planRead']>) => {
        const status = inner.planRead(...call);
        if (status === PlanStatus.ok) this.holds++;
        return status;
      },
      release: (file: number) => {
        this.holds--;
        inner.release(file);
      },
      readPlanned: (...call: Parameters<LogStore['readPlanned']>) => (this.readFails ? -5 : inner.readPlanned(...call)),
    });
    for (let partition = 0; partition < partitions; partition++) this.#open(inner, partition);
    const rows = Int32Array.from({ length: partitions }, (_, row) => row);
    this.routes.set({ name: 't', id: TOPIC_ID, internal: false, rows });
    this.sessions = new FetchSessionCache(sessionSlots, 0, 1, seededRandom(1));
    this.path = new FetchPath({
      ioThread: 0,
      clock: this.clock,
      store: this.#store,
      table: this.table,
      routes: this.routes,
      sessions: this.sessions,
      counters: this.counters,
      responseBytesMax,
      onReady: (client) => this.ready.add(client),
      readEpochEnd: async (row, leaderEpoch) => {
        const { epoch, endOffset } = this.logs[row].endOffsetForEpoch(leaderEpoch);
        return { leaderEpoch: epoch, endOffset };
      },
      readAborted: async () => {
        if (this.aborted instanceof Error) throw this.aborted;
        return this.aborted;
      },
    });
  }

  /** Appends a batch of a value of `valueBytes`, tells those that wait. Returns the size of the batch. */
  append(partition: number, valueBytes: number): number {
    const batch = buildBatch([{ value: Buffer.alloc(valueBytes, 'v'), timestamp: NOW_MS }]);
    const log = this.logs[partition];
    log.append(batch, 0);
    log.setHighWatermark(log.logEndOffset);
    this.publish(partition);
    return batch.length;
  }

  publish(partition: number): void {
    const { logStartOffset, highWatermark, lastStableOffset, logEndOffset } = this.logs[partition];
    this.table.set(partition, RowSlot.logEndOffset, logEndOffset);
    this.table.set(partition, RowSlot.highWatermark, highWatermark);
    this.table.set(partition, RowSlot.lastStableOffset, lastStableOffset);
    this.table.set(partition, RowSlot.logStartOffset, logStartOffset);
    if (this.table.takeWaiters(partition) & 1) this.path.rowChanged(partition);
  }

  newClient(): ClientState {
    return new ClientState({ closed: false, sender: { pendingBytes: 0 } } as unknown as Connection);
  }

  start(asked: Asked, version = 12, client = this.newClient()): ClientState {
    const body = encode(fetchRequest, asked, version);
    this.path.start(client, 7, version, decode(fetchRequest, body, 0, version) as FetchRequest);
    return client;
  }

  /** The decoded response to the client's fetch, which must be ready. */
  answer(client: ClientState, version = 12): FetchResponse {
    const pending = client.pending.shift();
    if (!pending.ready) throw new Error('the fetch still waits');
    this.ready.delete(client);
    const memory = { bytes: Buffer.alloc(32), id: 0 };
    const output = new ResponseOutput(memory, (min) => {
      memory.bytes = Buffer.alloc(min);
      return memory;
    });
    pending.finish(output, client);
    const written: Buffer[] = [];
    const socket = { writableLength: 0, write: (bytes: Buffer) => written.push(bytes) } as unknown as Socket;
    const queued = output.flush(
      new NodeResponseSender(
        socket,
        this.#store,
        () => memory.bytes,
        () => {},
      ),
    );
    if (queued < 0) throw new Error(`sending failed: ${queued}`);
    const frame = Buffer.concat(written);
    if (frame.readInt32BE(0) !== frame.length - 4) throw new Error('the frame has another size');
    const header = parseResponseHeader(frame.subarray(4), 1, version);
    if (header.correlationId !== 7) throw new Error('the response is another’s');
    return decode(fetchResponse, frame.subarray(4), header.bodyOffset, version) as FetchResponse;
  }

  /** Starts a fetch that can be answered at once. */
  fetch(asked: Asked, version = 12): FetchResponse {
    return this.answer(this.start(asked, version), version);
  }

  #open(store: LogStore, partition: number): void {
    const log = Log.open(store, `/data/t-${partition}`, {
      topic: 't',
      partition,
      topicId: TOPIC_ID,
      config: DEFAULT_CONFIG,
      validation: { decompressedBytesMax: 1 << 27 },
      producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      recoveryPoint: 0,
      logStartOffset: 0,
      cleanShutdown: true,
      leaderEpoch: 3,
    });
    this.logs.push(log);
    this.table.set(partition, RowSlot.log, log.handle);
    this.table.set(partition, RowSlot.state, RowState.online);
    this.table.set(partition, RowSlot.leaderEpoch, 3);
    this.table.set(partition, RowSlot.lastAbortedOffset, -1);
    this.publish(partition);
  }
}

/** Partitions of topic `t` from these offsets on. */
export function partitionsAt(
  offsets: readonly number[],
  extra: { partitionMaxBytes?: number; currentLeaderEpoch?: number } = {},
) {
  return offsets.map((fetchOffset, partition) => ({
    partition,
    fetchOffset,
    partitionMaxBytes: 1 << 20,
    currentLeaderEpoch: -1,
    ...extra,
  }));
}
