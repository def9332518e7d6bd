/**
 * Produce on an I/O thread: read the request, hand each partition's batch to the storage worker that owns it, gather
 * the completions, answer. The bytes stay where the kernel put them (or where the first copy out of the read buffer
 * put them) until every partition is done.
 */

import { type AppendDetail, readAppendDetail } from '../../partition/append-detail.ts';
import { Completion, CompletionOp, WorkOp } from '../../partition/work-descriptors.ts';
import { ApiKey } from '../../protocol/api-keys.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { BATCH_HEADER_BYTES, BatchAttribute, BatchHeaderAt } from '../../protocol/records/batch-header.ts';
import { type PartitionTable, RowSlot, RowState } from '../../ring/partition-table.ts';
import type { SharedArena } from '../../ring/shared-arena.ts';
import type { ClientState, PendingRequest } from './client-state.ts';
import type { VerifyQuestion } from './io-messages.ts';
import { PRODUCE_TOPIC_ID_VERSION, ProduceRequest } from './produce-request.ts';
import { writeProduceResponse } from './produce-response.ts';
import { ProduceVerification } from './produce-verification.ts';
import type { ResponseOutput } from './response-output.ts';
import type { TopicRoutes } from './topic-routes.ts';
import type { WorkerLink } from './worker-links.ts';

/** The byte with all that is asked here; the one before it is kept for later use. */
const ATTRIBUTES_AT = BatchHeaderAt.attributes + 1;
/** Producer id and epoch. */
const PRODUCER_AT = BatchHeaderAt.producerId;
const PRODUCER_END = BatchHeaderAt.baseSequence;
const CODEC_MASK = BatchAttribute.compressionMask;
const TRANSACTIONAL = BatchAttribute.transactional;
/** `CompressionType.zstd`, without the codecs that stand beside it. */
const ZSTD = 4;
/** Clients of older versions cannot read zstd (KIP-110). */
const ZSTD_VERSION = 7;
/** Kafka's admin tools may write internal topics under this client id. */
const ADMIN_CLIENT_ID = '__admin_client';

/** No word of a coordinator stands with the batch. */
const UNVERIFIED = 0;
/** Refusals of coordinators that mean something else than elsewhere. */
const UNVERIFIED_DETAIL: { readonly [errorCode: number]: AppendDetail } = {
  [ErrorCode.INVALID_TXN_STATE]: { message: 'the partition was not added to the transaction', records: [] },
  [ErrorCode.NOT_ENOUGH_REPLICAS]: { message: 'the transaction cannot be verified now', records: [] },
};

/** A request begins when there is room for this part of what may be under way; larger ones go on as room comes. */
const PORTION_DIVISOR = 2;
/** Requests that held more partitions are not kept for reuse. */
const POOLED_PARTITIONS_MAX = 4_096;

export const PRODUCE_VERSION_MIN = 3;
export const PRODUCE_VERSION_MAX = 13;

export interface ProducePathContext {
  readonly arena: SharedArena;
  readonly routes: TopicRoutes;
  readonly table: PartitionTable;
  readonly links: readonly WorkerLink[];
  /** A client's oldest request may be ready. */
  onReady(client: ClientState): void;
  /** Room in the rings or in the arena: refused frames may be offered again. */
  onRoom(): void;
  /** Asks the producer's coordinator, by way of the control thread; the answer comes later, in a turn of its own. */
  askCoordinator(question: VerifyQuestion, onAnswer: (errorCodes: readonly number[]) => void): void;
}

class PendingProduce implements PendingRequest {
  readonly isProduce = true;
  readonly apiKey = ApiKey.Produce;
  readonly caughtUp = false;
  startedMs = 0;
  readonly request = new ProduceRequest();
  client!: ClientState;
  /** What refuses all partitions, and the first one that is not on its way yet. */
  refusal: number = ErrorCode.NONE;
  next = 0;
  readonly #path: ProducePath;

  constructor(path: ProducePath) {
    this.#path = path;
  }

  get ready(): boolean {
    return this.request.ready;
  }

  get failed(): boolean {
    return this.request.failed;
  }

  finish(output: ResponseOutput, client: ClientState): void {
    if (this.request.acks !== 0) writeProduceResponse(output, this.request);
    // The client has no other way to learn of an error.
    else if (this.request.failed) client.closeReason = 'a produce request with acks=0 failed';
    this.#path.recycle(this);
  }

  abandon(): void {
    if (this.ready) this.#path.recycle(this);
  }
}

export class ProducePath {
  readonly #context: ProducePathContext;
  readonly #pool: PendingProduce[] = [];
  /** By token: the request and which of its partitions. */
  readonly #tokenRequest: (PendingProduce | null)[] = [];
  readonly #tokenPartition: number[] = [];
  readonly #freeTokens: number[] = [];
  readonly #verification: ProduceVerification<PendingProduce>;
  /** Requests with so many partitions that they go to the workers in portions; in order. */
  #unfinished: PendingProduce[] = [];

  constructor(context: ProducePathContext) {
    this.#context = context;
    this.#verification = new ProduceVerification({
      bytes: context.arena.bytes,
      ask: (question, onAnswer) => context.askCoordinator(question, onAnswer),
      submit: (pending, at, guard) => this.#submitVerified(pending, at, guard),
      refuse: (pending, at, errorCode) => {
        pending.request.setResult(at, errorCode, -1, -1, -1);
        pending.request.detail[at] = UNVERIFIED_DETAIL[errorCode] ?? null;
        this.#finishPartition(pending);
      },
    });
  }

  /**
   * Takes a request whose header has been read; `bytes[bodyAt, end)` is its body. False when rings or arena have no
   * room for it now. Throws a ProtocolError.
   */
  start(
    client: ClientState,
    header: { correlationId: number; apiVersion: number; clientId: string | null },
    bytes: Buffer,
    bodyAt: number,
    end: number,
    block: number,
  ): boolean {
    const { arena, routes } = this.#context;
    const pending = this.#pool.pop() ?? new PendingProduce(this);
    const { request } = pending;
    try {
      request.read(bytes, bodyAt, end, header.apiVersion, routes);
    } catch (error) {
      this.#pool.push(pending);
      throw error;
    }
    if (!this.#hasRoom(request)) {
      this.#pool.push(pending);
      return false;
    }
    request.block = block;
    if (block < 0) {
      const copy = arena.allocate(end - bodyAt);
      if (copy < 0) {
        this.#pool.push(pending);
        return false;
      }
      bytes.copy(arena.bytes, copy, bodyAt, end);
      request.moved(copy - bodyAt);
      request.block = copy;
    }
    request.correlationId = header.correlationId;
    request.clientId = header.clientId ?? '';
    pending.client = client;
    client.pending.push(pending);
    this.#dispatch(pending);
    if (request.ready) this.#context.onReady(client);
    return true;
  }

  /** Takes one completion of a storage worker. */
  complete(slots: Float64Array, at: number): void {
    const token = slots[at + Completion.token];
    const pending = this.#tokenRequest[token]!;
    const partition = this.#tokenPartition[token];
    const { request } = pending;
    this.#tokenRequest[token] = null;
    this.#freeTokens.push(token);
    if (slots[at + Completion.op] === CompletionOp.needsVerification) {
      this.#verification.add(pending, partition, slots[at + Completion.baseOffset]);
      return;
    }
    const detailBytes = slots[at + Completion.detailBytes];
    if (detailBytes > 0)
      request.detail[partition] = readAppendDetail(
        this.#context.arena.bytes,
        request.recordsAt[partition],
        detailBytes,
      );
    request.setResult(
      partition,
      slots[at + Completion.errorCode],
      slots[at + Completion.baseOffset],
      slots[at + Completion.logAppendTimeMs],
      slots[at + Completion.logStartOffset],
    );
    this.#finishPartition(pending);
  }

  /** There may be room in the rings again. */
  retry(): void {
    this.#verification.retry();
    while (this.#unfinished.length > 0 && this.#submitRest(this.#unfinished[0])) {
      this.#finishPartition(this.#unfinished.shift()!);
    }
  }

  #finishPartition(pending: PendingProduce): void {
    pending.request.outstanding--;
    if (!pending.request.ready) return;
    if (pending.client.connection.closed) this.recycle(pending);
    else this.#context.onReady(pending.client);
  }

  recycle(pending: PendingProduce): void {
    const { request } = pending;
    if (request.block >= 0) this.#context.arena.free(request.block);
    request.block = -1;
    pending.client = undefined as never;
    if (request.index.length <= POOLED_PARTITIONS_MAX) this.#pool.push(pending);
    this.#context.onRoom();
  }

  #hasRoom(request: ProduceRequest): boolean {
    const { links } = this.#context;
    // Counting per worker would cost more than it gives: every worker has room for the whole request.
    for (const link of links) {
      if (!link.hasRoomFor(Math.min(request.partitionCount, link.capacity / PORTION_DIVISOR))) return false;
    }
    return true;
  }

  #dispatch(pending: PendingProduce): void {
    const { request, client } = pending;
    pending.refusal = this.#requestError(request);
    pending.next = 0;
    // Counts as a partition until all are on their way.
    request.outstanding = 1;
    if (this.#submitRest(pending)) {
      request.outstanding--;
      return;
    }
    this.#unfinished.push(pending);
    client.verifying = true;
  }

  /** Hands the partitions from `next` on to their workers; false when there is no room for one. */
  #submitRest(pending: PendingProduce): boolean {
    const { request } = pending;
    const { links, routes } = this.#context;
    const isLarge = request.partitionCount > links[0].capacity / PORTION_DIVISOR;
    for (const { route: routeThen, firstPartition, endPartition } of request.topics) {
      if (endPartition <= pending.next) continue;
      // The topic may have gone since the request was read, and its rows may be another's.
      const route = pending.next > 0 && routeThen ? routes.byId(routeThen.id) : routeThen;
      const refused = route?.internal === true && request.clientId !== ADMIN_CLIENT_ID;
      for (let at = Math.max(firstPartition, pending.next); at < endPartition; at++) {
        let error = pending.refusal;
        const row = route?.rows[request.index[at]] ?? -1;
        // Kafka finds out what exists before it looks at acks.
        const mayBeUnknown = error === ErrorCode.NONE || error === ErrorCode.INVALID_REQUIRED_ACKS;
        if (mayBeUnknown && row < 0) error = this.#unknownPartition(request, route !== undefined);
        if (error === ErrorCode.NONE && refused) error = ErrorCode.INVALID_TOPIC_EXCEPTION;
        if (error === ErrorCode.NONE) error = this.#rowError(row);
        if (error === ErrorCode.NONE) error = this.#gate(request, at);
        if (error !== ErrorCode.NONE) {
          request.errorCode[at] = error;
          continue;
        }
        if (isLarge && !links[row % links.length].hasRoomFor(1)) {
          pending.next = at;
          return false;
        }
        request.outstanding++;
        this.#submit(pending, at, row, UNVERIFIED);
      }
    }
    return true;
  }

  #submit(pending: PendingProduce, at: number, row: number, guard: number): void {
    const { request } = pending;
    const { links } = this.#context;
    const token = this.#freeTokens.pop() ?? this.#tokenRequest.length;
    this.#tokenRequest[token] = pending;
    this.#tokenPartition[token] = at;
    const { recordsAt, recordsBytes, acks, version } = request;
    links[row % links.length].push(WorkOp.append, token, row, recordsAt[at], recordsBytes[at], acks, version, guard);
  }

  /** False when there is no room. The topic may have gone while its batch waited, and its row may be another's. */
  #submitVerified(pending: PendingProduce, at: number, guard: number): boolean {
    const { links, routes } = this.#context;
    const { request } = pending;
    const topic = request.topics.find(({ endPartition }) => at < endPartition);
    const row = routes.byId(topic?.route?.id ?? '')?.rows[request.index[at]] ?? -1;
    if (row < 0) {
      request.setResult(at, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1, -1);
      this.#finishPartition(pending);
      return true;
    }
    if (!links[row % links.length].hasRoomFor(1)) return false;
    this.#submit(pending, at, row, guard);
    return true;
  }

  /** What refuses all partitions of the request. */
  #requestError(request: ProduceRequest): number {
    const { acks } = request;
    if (acks !== -1 && acks !== 1 && acks !== 0) return ErrorCode.INVALID_REQUIRED_ACKS;
    const { bytes } = this.#context.arena;
    let first = -1;
    for (let at = 0; at < request.partitionCount; at++) {
      const batch = request.recordsAt[at];
      if (request.recordsBytes[at] < BATCH_HEADER_BYTES) continue;
      if ((bytes[batch + ATTRIBUTES_AT] & TRANSACTIONAL) === 0) continue;
      if (!request.transactional) return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      if (first < 0) first = batch;
      const [from, to] = [batch + PRODUCER_AT, batch + PRODUCER_END];
      const isSame = bytes.compare(bytes, from, to, first + PRODUCER_AT, first + PRODUCER_END) === 0;
      if (!isSame) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    }
    return ErrorCode.NONE;
  }

  #unknownPartition(request: ProduceRequest, topicKnown: boolean): number {
    return request.version >= PRODUCE_TOPIC_ID_VERSION && !topicKnown
      ? ErrorCode.UNKNOWN_TOPIC_ID
      : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }

  #rowError(row: number): number {
    const state = this.#context.table.get(row, RowSlot.state);
    if (state === RowState.online) return ErrorCode.NONE;
    return state === RowState.offline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NOT_LEADER_OR_FOLLOWER;
  }

  /** What must be known of the request's version; everything else about a batch is checked by its partition's owner. */
  #gate(request: ProduceRequest, at: number): number {
    if (request.version >= ZSTD_VERSION || request.recordsBytes[at] < BATCH_HEADER_BYTES) return ErrorCode.NONE;
    const attributes = this.#context.arena.bytes[request.recordsAt[at] + ATTRIBUTES_AT];
    return (attributes & CODEC_MASK) === ZSTD ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE : ErrorCode.NONE;
  }
}
