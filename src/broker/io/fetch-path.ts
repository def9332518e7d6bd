/**
 * Fetch on an I/O thread, without asking anybody: offsets come from the partition table, places of bytes from the
 * storage engine (`planRead`), and the bytes leave by sendfile. A fetch that may not be answered yet is parked and looked
 * at again when a storage worker says that one of its rows has changed, or when its time is up.
 */
import type { Clock } from '../../base/clock.ts';
import { type LogStore, PLAN_STRIDE, PlanSlot, PlanStatus } from '../../native/log-store.ts';
import type { AbortedQuestion, AbortedTransaction, EpochEnd } from '../../partition/storage-messages.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { FetchRequest } from '../../protocol/messages/01-fetch.ts';
import { type PartitionTable, RowSlot, RowState } from '../../ring/partition-table.ts';
import type { IoCounters } from '../../telemetry/thread-counters.ts';
import type { ClientState } from './client-state.ts';
import { divergence } from './fetch-divergence.ts';
import { FETCH_FLEXIBLE_VERSION, writeFetchResponse } from './fetch-response.ts';
import { FETCH_TOPIC_ID_VERSION, type FetchPartition, FetchSessionCache } from './fetch-session.ts';
import { NO_ROW, PendingFetch } from './pending-fetch.ts';
import type { ResponseOutput } from './response-output.ts';
import type { TopicRoutes } from './topic-routes.ts';

export const FETCH_VERSION_MIN = 4;
export const FETCH_VERSION_MAX = 18;

/** Ranges up to here are read and sent with the header in one call; sendfile pays only above. */
const INLINE_RECORDS_BYTES_MAX = 16 * 1024;
/** Fetches kept for reuse, and the most partitions that such a one has room for. */
const POOLED_FETCHES_MAX = 64;
const POOLED_PARTITIONS_MAX = 256;

export interface FetchPathContext {
  readonly ioThread: number;
  readonly clock: Clock;
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly routes: TopicRoutes;
  readonly sessions: FetchSessionCache;
  /** Null unless metrics are exposed. */
  readonly counters: IoCounters | null;
  /** `fetch.max.bytes` */
  readonly responseBytesMax: number;
  onReady(client: ClientState): void;
  /** Aborted transactions that may touch what a partition serves, from the partition's owner. */
  readAborted(question: AbortedQuestion): Promise<readonly AbortedTransaction[]>;
  /** Where the row's log of an epoch ends, from the partition's owner. */
  readEpochEnd(row: number, leaderEpoch: number): Promise<EpochEnd>;
}

/** A consumer shows CORRUPT_MESSAGE to its user, who can go on behind it; a storage error it would retry for ever. */
function planError(status: number): ErrorCode {
  if (status === PlanStatus.outOfRange) return ErrorCode.OFFSET_OUT_OF_RANGE;
  return status === PlanStatus.damaged ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR;
}

export class FetchPath {
  readonly #context: FetchPathContext;
  /** Parked fetches by row. */
  readonly #parked = new Map<number, Set<PendingFetch>>();
  readonly #pool: PendingFetch[] = [];

  constructor(context: FetchPathContext) {
    this.#context = context;
  }

  start(client: ClientState, correlationId: number, version: number, request: FetchRequest): void {
    const context = this.#context.sessions.open(request, version, this.#context.clock.monotonicMs());
    const fetch = this.#take(context.partitions.length);
    fetch.begin(client, correlationId, version, request, context);
    client.pending.push(fetch);
    for (let at = 0; at < fetch.count; at++) this.#findRow(fetch, at);
    const old = version >= FETCH_FLEXIBLE_VERSION ? this.#ofOlderEpochs(fetch) : null;
    if (old === null) this.#begin(fetch, request.maxWaitMs);
    else this.#readEpochEnds(fetch, old, () => this.#begin(fetch, request.maxWaitMs));
  }

  #begin(fetch: PendingFetch, maxWaitMs: number): void {
    // Who does not wait gets what there is, however little.
    if (maxWaitMs <= 0) fetch.minBytes = 0;
    if (this.#evaluate(fetch)) this.#complete(fetch);
    else this.#park(fetch, maxWaitMs);
  }

  /** Partitions that were last fetched in another epoch than the leader's: the table cannot say where that one ends. */
  #ofOlderEpochs(fetch: PendingFetch): number[] | null {
    let old: number[] | null = null;
    for (let at = 0; at < fetch.count; at++) {
      const { lastFetchedEpoch } = fetch.context.partitions[at];
      if (lastFetchedEpoch < 0 || fetch.rows[at] === NO_ROW) continue;
      if (lastFetchedEpoch !== this.#context.table.get(fetch.rows[at], RowSlot.leaderEpoch)) (old ??= []).push(at);
    }
    return old;
  }

  #readEpochEnds(fetch: PendingFetch, partitions: readonly number[], then: () => void): void {
    const ends = new Map<number, EpochEnd | null>();
    fetch.epochEnds = ends;
    const reads = partitions.map(async (at) => {
      const { lastFetchedEpoch } = fetch.context.partitions[at];
      ends.set(at, await this.#context.readEpochEnd(fetch.rows[at], lastFetchedEpoch).catch(() => null));
    });
    void Promise.all(reads).then(() => {
      if (!fetch.client.connection.closed) then();
    });
  }

  /** A storage worker says that a row has changed. */
  rowChanged(row: number): void {
    const parked = this.#parked.get(row);
    if (!parked) return;
    for (const fetch of parked) {
      if (this.#evaluate(fetch)) {
        this.#unpark(fetch);
        this.#complete(fetch);
      }
    }
    if (this.#parked.has(row)) {
      this.#context.table.wait(row, this.#context.ioThread);
      // What changed between looking and asking would be missed.
      const still = this.#parked.get(row);
      if (still && [...still].some((fetch) => this.#hasMoved(fetch))) this.rowChanged(row);
    }
  }

  /** Topics came or went: parked fetches must notice. */
  routesChanged(rows: Iterable<number>): void {
    for (const row of rows) {
      for (const fetch of [...(this.#parked.get(row) ?? [])]) {
        this.#unpark(fetch);
        for (let at = 0; at < fetch.count; at++) this.#findRow(fetch, at);
        this.#evaluate(fetch);
        this.#complete(fetch);
      }
    }
  }

  write(fetch: PendingFetch, output: ResponseOutput): void {
    const { partitions, incremental } = fetch.context;
    const tell: number[] = [];
    for (let at = 0; at < partitions.length; at++) {
      const told = FetchSessionCache.mustTell(
        partitions[at],
        fetch.errorCode[at],
        fetch.sizeBytes[at] > 0 || fetch.diverging?.has(at) === true,
        fetch.highWatermark[at],
        fetch.logStartOffset[at],
      );
      if (told || !incremental) tell.push(at);
      if (fetch.sizeBytes[at] === 0) continue;
      this.#context.counters?.recordsSent(fetch.rows[at], fetch.sizeBytes[at]);
      FetchSessionCache.moveToEnd(fetch.context, partitions[at]);
    }
    writeFetchResponse(output, fetch, tell, (_, at) => this.#writeRecords(fetch, at, output));
    this.#giveBack(fetch);
  }

  #take(partitions: number): PendingFetch {
    const pooled = this.#pool.pop();
    if (pooled && pooled.capacity >= partitions) return pooled;
    return new PendingFetch(this, partitions);
  }

  /** Only of an answered fetch: what is dropped may still be named by a read under way. */
  #giveBack(fetch: PendingFetch): void {
    fetch.client = undefined as never;
    fetch.context = undefined as never;
    if (fetch.capacity <= POOLED_PARTITIONS_MAX && this.#pool.length < POOLED_FETCHES_MAX) this.#pool.push(fetch);
  }

  /** Gives back what a fetch holds, without an answer. */
  drop(fetch: PendingFetch): void {
    this.#unpark(fetch);
    this.#releasePlans(fetch);
  }

  #writeRecords(fetch: PendingFetch, at: number, output: ResponseOutput): boolean {
    const { store } = this.#context;
    const plan = at * PLAN_STRIDE;
    const size = fetch.sizeBytes[at];
    const file = fetch.plans[plan + PlanSlot.file];
    const position = fetch.plans[plan + PlanSlot.position];
    fetch.sizeBytes[at] = 0;
    if (size > INLINE_RECORDS_BYTES_MAX) {
      output.file(file, position, size, fetch.plans[plan + PlanSlot.cached] === 1);
      return true;
    }
    output.ensure(size);
    const read = store.readPlanned(file, position, output.memory, output.at, size);
    store.release(file);
    if (read < size) {
      // A broken disk. The partition is told again when it can be read again.
      this.#setError(fetch, at, ErrorCode.KAFKA_STORAGE_ERROR);
      fetch.context.partitions[at].toldHighWatermark = -1;
      return false;
    }
    output.at += size;
    return true;
  }

  #findRow(fetch: PendingFetch, at: number): void {
    const { routes } = this.#context;
    const partition = fetch.context.partitions[at];
    const byId = fetch.version >= FETCH_TOPIC_ID_VERSION;
    const route = byId ? routes.byId(partition.topicId) : routes.byName(partition.topic);
    const row = route?.rows[partition.partition] ?? NO_ROW;
    fetch.rows[at] = row;
    if (row === NO_ROW) {
      this.#setError(fetch, at, byId && !route ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    } else if (fetch.isolationUnknown) {
      // Versions that can say so for the whole request have done it.
      fetch.rows[at] = NO_ROW;
      this.#setError(fetch, at, ErrorCode.UNKNOWN_SERVER_ERROR);
    }
  }

  #setError(fetch: PendingFetch, at: number, errorCode: number): void {
    fetch.errorCode[at] = errorCode;
    fetch.caughtUp = false;
    fetch.highWatermark[at] = -1;
    fetch.lastStableOffset[at] = -1;
    fetch.logStartOffset[at] = -1;
  }

  /** Reads everything anew; true when the fetch may be answered now (its plans are then held). */
  #evaluate(fetch: PendingFetch): boolean {
    const { partitions } = fetch.context;
    let left = Math.min(fetch.maxBytes, this.#context.responseBytesMax);
    let total = 0;
    let failed = partitions.length === 0;
    let mayExceed = true;
    fetch.caughtUp = true;
    for (let at = 0; at < partitions.length; at++) {
      if (fetch.rows[at] !== NO_ROW) this.#look(fetch, at, partitions[at]);
      if (fetch.errorCode[at] !== ErrorCode.NONE || fetch.diverging?.has(at)) {
        failed = true;
        continue;
      }
      const size = this.#plan(fetch, at, partitions[at], left, mayExceed);
      if (fetch.errorCode[at] !== ErrorCode.NONE) failed = true;
      if (size > 0) mayExceed = false;
      total += size;
      left = Math.max(left - size, 0);
    }
    if (failed || total >= fetch.minBytes) return true;
    this.#releasePlans(fetch);
    return false;
  }

  /** Takes the row's offsets over and checks epoch and range. */
  #look(fetch: PendingFetch, at: number, partition: FetchPartition): void {
    const { table } = this.#context;
    const row = fetch.rows[at];
    const state = table.get(row, RowSlot.state);
    if (state !== RowState.online) {
      const offline = state === RowState.offline;
      this.#setError(fetch, at, offline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      return;
    }
    const leaderEpoch = table.get(row, RowSlot.leaderEpoch);
    if (partition.currentLeaderEpoch >= 0 && partition.currentLeaderEpoch !== leaderEpoch) {
      const fenced = partition.currentLeaderEpoch < leaderEpoch;
      this.#setError(fetch, at, fenced ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH);
      return;
    }
    // The start is read first: offsets only grow, so start <= high watermark <= end whatever happens in between.
    const logStartOffset = table.get(row, RowSlot.logStartOffset);
    const lastStableOffset = table.get(row, RowSlot.lastStableOffset);
    const highWatermark = table.get(row, RowSlot.highWatermark);
    const logEndOffset = table.get(row, RowSlot.logEndOffset);
    if (partition.lastFetchedEpoch >= 0) {
      const end = fetch.epochEnds?.has(at) ? fetch.epochEnds.get(at)! : { leaderEpoch, endOffset: logEndOffset };
      if (!this.#findParting(fetch, at, partition, logStartOffset, end)) return;
    }
    const isCut = fetch.diverging?.has(at) === true;
    if (!isCut && (partition.fetchOffset < logStartOffset || partition.fetchOffset > logEndOffset)) {
      this.#setError(fetch, at, ErrorCode.OFFSET_OUT_OF_RANGE);
      return;
    }
    fetch.errorCode[at] = ErrorCode.NONE;
    fetch.logStartOffset[at] = logStartOffset;
    fetch.lastStableOffset[at] = lastStableOffset;
    fetch.highWatermark[at] = highWatermark;
    fetch.upperOffset[at] = fetch.readCommitted ? lastStableOffset : highWatermark;
  }

  /** Notes where its sender's log parts from this one, if it does; false with an error when that cannot be said. */
  #findParting(
    fetch: PendingFetch,
    at: number,
    partition: FetchPartition,
    start: number,
    end: EpochEnd | null,
  ): boolean {
    fetch.diverging?.delete(at);
    if (end === null) {
      this.#setError(fetch, at, ErrorCode.KAFKA_STORAGE_ERROR);
      return false;
    }
    const parting = divergence(partition.lastFetchedEpoch, partition.fetchOffset, start, end);
    if (parting === false) {
      this.#setError(fetch, at, ErrorCode.OFFSET_OUT_OF_RANGE);
      return false;
    }
    if (parting) (fetch.diverging ??= new Map()).set(at, parting);
    return true;
  }

  /** Bytes that the partition adds to the response; its plan is held when there are any. */
  #plan(fetch: PendingFetch, at: number, partition: FetchPartition, left: number, mayExceed: boolean): number {
    const { store, table } = this.#context;
    const limit = Math.min(left, partition.maxBytes);
    if (partition.fetchOffset >= fetch.upperOffset[at]) return 0;
    if (limit < 0) {
      // Kafka has no error of its own for this.
      this.#setError(fetch, at, ErrorCode.UNKNOWN_SERVER_ERROR);
      return 0;
    }
    if (limit === 0 && !mayExceed) return 0;
    const plan = at * PLAN_STRIDE;
    const log = table.get(fetch.rows[at], RowSlot.log);
    const status = store.planRead(log, partition.fetchOffset, limit, fetch.upperOffset[at], fetch.plans, plan);
    if (status !== PlanStatus.ok) {
      if (status === PlanStatus.atEnd) return 0;
      this.#setError(fetch, at, planError(status));
      return 0;
    }
    let size = fetch.plans[plan + PlanSlot.sizeBytes];
    const first = fetch.plans[plan + PlanSlot.firstBatchBytes];
    // The first partition with data may exceed every limit by its first batch, so that its reader can go on.
    if (size < first) size = mayExceed ? first : 0;
    if (size >= limit) fetch.caughtUp = false;
    if (size === 0) store.release(fetch.plans[plan + PlanSlot.file]);
    fetch.sizeBytes[at] = size;
    return size;
  }

  #releasePlans(fetch: PendingFetch): void {
    for (let at = 0; at < fetch.count; at++) {
      if (fetch.sizeBytes[at] > 0) this.#context.store.release(fetch.plans[at * PLAN_STRIDE + PlanSlot.file]);
      fetch.sizeBytes[at] = 0;
    }
  }

  #park(fetch: PendingFetch, maxWaitMs: number): void {
    const { clock, table, ioThread } = this.#context;
    for (let at = 0; at < fetch.count; at++) {
      const row = fetch.rows[at];
      if (row === NO_ROW) continue;
      let parked = this.#parked.get(row);
      if (!parked) this.#parked.set(row, (parked = new Set()));
      parked.add(fetch);
      table.wait(row, ioThread);
    }
    fetch.timer = clock.schedule(maxWaitMs, () => {
      this.#unpark(fetch);
      // What there is goes out, however little.
      fetch.minBytes = 0;
      this.#evaluate(fetch);
      this.#complete(fetch);
    });
    // Appended between looking and asking: nobody will tell.
    if (this.#hasMoved(fetch) && this.#evaluate(fetch)) {
      this.#unpark(fetch);
      this.#complete(fetch);
    }
  }

  #hasMoved(fetch: PendingFetch): boolean {
    const { table } = this.#context;
    const slot = fetch.readCommitted ? RowSlot.lastStableOffset : RowSlot.highWatermark;
    for (let at = 0; at < fetch.count; at++) {
      const row = fetch.rows[at];
      if (row !== NO_ROW && table.get(row, slot) !== fetch.upperOffset[at]) return true;
    }
    return false;
  }

  #unpark(fetch: PendingFetch): void {
    fetch.timer?.cancel();
    fetch.timer = null;
    for (let at = 0; at < fetch.count; at++) {
      const row = fetch.rows[at];
      const parked = this.#parked.get(row);
      if (parked?.delete(fetch) && parked.size === 0) this.#parked.delete(row);
    }
  }

  #complete(fetch: PendingFetch): void {
    const wanted = fetch.readCommitted ? this.#partitionsWithAborts(fetch) : [];
    if (wanted.length === 0) {
      fetch.ready = true;
      this.#context.onReady(fetch.client);
      return;
    }
    const { partitions } = fetch.context;
    const reads = wanted.map(async (at) => {
      const plan = at * PLAN_STRIDE;
      const position = fetch.plans[plan + PlanSlot.position];
      const question = {
        row: fetch.rows[at],
        fetchOffset: partitions[at].fetchOffset,
        upperOffset: fetch.upperOffset[at],
        segmentBaseOffset: fetch.plans[plan + PlanSlot.segmentBaseOffset],
        position,
        end: position + fetch.sizeBytes[at],
      };
      fetch.setAborted(at, await this.#context.readAborted(question));
    });
    Promise.allSettled(reads).then((results) => {
      for (const [i, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const at = wanted[i];
        if (fetch.sizeBytes[at] > 0) this.#context.store.release(fetch.plans[at * PLAN_STRIDE + PlanSlot.file]);
        fetch.sizeBytes[at] = 0;
        this.#setError(fetch, at, ErrorCode.KAFKA_STORAGE_ERROR);
      }
      fetch.ready = true;
      if (fetch.client.connection.closed) this.#releasePlans(fetch);
      else this.#context.onReady(fetch.client);
    });
  }

  /** Partitions that serve data which an aborted transaction may touch. */
  #partitionsWithAborts(fetch: PendingFetch): number[] {
    const { table } = this.#context;
    const list: number[] = [];
    for (let at = 0; at < fetch.count; at++) {
      if (fetch.sizeBytes[at] === 0) continue;
      const lastAborted = table.get(fetch.rows[at], RowSlot.lastAbortedOffset);
      if (lastAborted >= fetch.context.partitions[at].fetchOffset) list.push(at);
    }
    return list;
  }
}
