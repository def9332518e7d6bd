/**
 * Incremental fetch sessions (KIP-227): a client names its partitions once, then only what changes, and is told only of
 * partitions that have something new. One cache per I/O thread; ids are congruent to the thread's index, so a client
 * that comes back through another thread gets FETCH_SESSION_ID_NOT_FOUND and starts anew, as after a restart.
 */
import type { Random } from '../../base/random.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { FetchRequest } from '../../protocol/messages/01-fetch.ts';

/** From this version on, there are sessions. */
export const FETCH_SESSION_VERSION = 7;
/** From this version on, requests name topics by id. */
export const FETCH_TOPIC_ID_VERSION = 13;
/** Epochs that are commands: open a session, close it. */
const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const NO_SESSION = 0;
/** Ids and epochs are int32. */
const ID_MAX = 2 ** 31 - 1;
const EPOCH_MAX = ID_MAX;
/** Kafka's `min.incremental.fetch.session.eviction.ms`: an idle session this old may be evicted by any newcomer. */
const EVICTION_MS = 120_000;
/** Partitions that the sessions of one I/O thread may hold together. */
const SESSION_PARTITIONS_MAX = 1_000_000;

/** One partition of a fetch, and in a session what its client was told last. */
export interface FetchPartition {
  topic: string;
  topicId: string;
  partition: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  toldHighWatermark: number;
  toldLogStartOffset: number;
  /** What responses call the topic: the bytes of its name, or of its id; made when first needed. */
  label: Uint8Array | null;
}

interface Session {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** By what requests call the topic, then by partition. */
  readonly byTopic: Map<string, Map<number, FetchPartition>>;
  /** In the order in which bytes are handed out. */
  readonly order: Set<FetchPartition>;
  /** The same as a list, null after a change. */
  list: readonly FetchPartition[] | null;
  epoch: number;
  lastUsedMs: number;
}

/** How one fetch request is to be run and answered. */
export interface FetchContext {
  /** Top-level error; then there are no partitions. */
  readonly errorCode: number;
  readonly sessionId: number;
  /** Answer only partitions that have something new. */
  readonly incremental: boolean;
  /** In the order in which bytes are handed out. */
  readonly partitions: readonly FetchPartition[];
  /** To be told of partitions that returned data: they go to the end of the order. */
  readonly session: Session | null;
}

export class FetchSessionCache {
  readonly #sessions = new Map<number, Session>();
  readonly #slotsMax: number;
  readonly #ioThread: number;
  readonly #ioThreads: number;
  readonly #random: Random;
  readonly #partitionsMax: number;
  /** Of all sessions together. */
  #partitionCount = 0;

  constructor(
    slotsMax: number,
    ioThread: number,
    ioThreads: number,
    random: Random,
    partitionsMax = SESSION_PARTITIONS_MAX,
  ) {
    this.#partitionsMax = partitionsMax;
    this.#slotsMax = slotsMax;
    this.#ioThread = ioThread;
    this.#ioThreads = ioThreads;
    this.#random = random;
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(request: FetchRequest, version: number, nowMs: number): FetchContext {
    const { sessionId, sessionEpoch } = request;
    // An unknown isolation level: Kafka has no error of its own for it.
    if (request.isolationLevel >>> 1 !== 0 && version >= FETCH_SESSION_VERSION) {
      return { ...refuse(ErrorCode.UNKNOWN_SERVER_ERROR), sessionId };
    }
    if (sessionEpoch !== INITIAL_EPOCH && sessionEpoch !== FINAL_EPOCH) {
      return this.#incremental(request, version, nowMs);
    }
    if (sessionId !== NO_SESSION) this.#end(this.#sessions.get(sessionId));
    const partitions = listPartitions(request);
    const session =
      sessionEpoch === INITIAL_EPOCH && version >= FETCH_SESSION_VERSION
        ? this.#create(partitions, version, nowMs)
        : null;
    return { errorCode: ErrorCode.NONE, sessionId: session?.id ?? NO_SESSION, incremental: false, partitions, session };
  }

  /** Whether a response must name this partition; remembers what is told. */
  static mustTell(
    partition: FetchPartition,
    errorCode: number,
    hasRecords: boolean,
    highWatermark: number,
    logStartOffset: number,
  ): boolean {
    const changed =
      hasRecords ||
      errorCode !== ErrorCode.NONE ||
      partition.toldHighWatermark !== highWatermark ||
      partition.toldLogStartOffset !== logStartOffset;
    // After an error the partition is told again, whatever its offsets.
    partition.toldHighWatermark = errorCode === ErrorCode.NONE ? highWatermark : -1;
    partition.toldLogStartOffset = logStartOffset;
    return changed;
  }

  /** Fairness: a partition that returned data is served last next time. */
  static moveToEnd(context: FetchContext, partition: FetchPartition): void {
    const { session } = context;
    if (!session || session.order.size === 1 || !session.order.delete(partition)) return;
    session.order.add(partition);
    session.list = null;
  }

  #incremental(request: FetchRequest, version: number, nowMs: number): FetchContext {
    const session = this.#sessions.get(request.sessionId);
    if (!session) return refuse(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== request.sessionEpoch) return refuse(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    if (session.usesTopicIds !== version >= FETCH_TOPIC_ID_VERSION)
      return refuse(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    const countBefore = session.order.size;
    for (const { topic, topicId, partitions } of request.topics) {
      for (const changed of partitions) {
        const known = session.byTopic.get(topic || topicId)?.get(changed.partition);
        if (known) takeOver(known, changed);
        else addPartition(session, newPartition(topic, topicId, changed));
      }
    }
    for (const forgotten of request.forgottenTopicsData) {
      const topic = session.usesTopicIds ? forgotten.topicId : forgotten.topic;
      for (const partition of forgotten.partitions) removePartition(session, topic, partition);
    }
    this.#partitionCount += session.order.size - countBefore;
    if (this.#partitionCount > this.#partitionsMax) {
      // The client names its partitions anew, and is then served without a session.
      this.#end(session);
      return refuse(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    }
    session.lastUsedMs = nowMs;
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1;
    const partitions = (session.list ??= [...session.order]);
    if (partitions.length === 0) {
      this.#end(session);
      return { errorCode: ErrorCode.NONE, sessionId: NO_SESSION, incremental: false, partitions, session: null };
    }
    return { errorCode: ErrorCode.NONE, sessionId: session.id, incremental: true, partitions, session };
  }

  /** Null when the cache is full of sessions that may not be evicted: the client then fetches without one. */
  #create(partitions: readonly FetchPartition[], version: number, nowMs: number): Session | null {
    if (this.#slotsMax === 0) return null;
    if (this.#partitionCount + partitions.length > this.#partitionsMax) return null;
    if (this.#sessions.size >= this.#slotsMax && !this.#evict(nowMs)) return null;
    let id: number;
    do {
      id = this.#random.below(Math.floor(ID_MAX / this.#ioThreads)) * this.#ioThreads + this.#ioThread;
    } while (id === NO_SESSION || this.#sessions.has(id));
    const usesTopicIds = version >= FETCH_TOPIC_ID_VERSION;
    const parts = { byTopic: new Map(), order: new Set<FetchPartition>(), list: null };
    const session: Session = { id, usesTopicIds, ...parts, epoch: 1, lastUsedMs: nowMs };
    for (const partition of partitions) addPartition(session, partition);
    this.#sessions.set(id, session);
    this.#partitionCount += session.order.size;
    return session;
  }

  /** Makes one place: of sessions idle for EVICTION_MS the longest idle. */
  #evict(nowMs: number): boolean {
    let oldest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (!oldest || session.lastUsedMs < oldest.lastUsedMs) oldest = session;
    }
    if (!oldest || nowMs - oldest.lastUsedMs <= EVICTION_MS) return false;
    this.#end(oldest);
    return true;
  }

  #end(session: Session | undefined): void {
    if (!session) return;
    this.#sessions.delete(session.id);
    this.#partitionCount -= session.order.size;
  }
}

function refuse(errorCode: number): FetchContext {
  return { errorCode, sessionId: NO_SESSION, incremental: false, partitions: [], session: null };
}

/** One that the session does not have yet. */
function addPartition(session: Session, added: FetchPartition): void {
  partitionsOf(session.byTopic, added.topic || added.topicId).set(added.partition, added);
  session.order.add(added);
  session.list = null;
}

function removePartition(session: Session, topic: string, partition: number): void {
  const ofTopic = session.byTopic.get(topic);
  const known = ofTopic?.get(partition);
  if (!ofTopic || !known) return;
  ofTopic.delete(partition);
  if (ofTopic.size === 0) session.byTopic.delete(topic);
  session.order.delete(known);
  session.list = null;
}

type RequestedPartition = FetchRequest['topics'][number]['partitions'][number];

function newPartition(topic: string, topicId: string, requested: RequestedPartition): FetchPartition {
  return {
    topic,
    topicId,
    partition: requested.partition,
    fetchOffset: requested.fetchOffset,
    maxBytes: requested.partitionMaxBytes,
    currentLeaderEpoch: requested.currentLeaderEpoch,
    lastFetchedEpoch: requested.lastFetchedEpoch,
    toldHighWatermark: -1,
    toldLogStartOffset: -1,
    label: null,
  };
}

function takeOver(known: FetchPartition, requested: RequestedPartition): void {
  known.fetchOffset = requested.fetchOffset;
  known.maxBytes = requested.partitionMaxBytes;
  known.currentLeaderEpoch = requested.currentLeaderEpoch;
  known.lastFetchedEpoch = requested.lastFetchedEpoch;
}

function partitionsOf(byTopic: Session['byTopic'], key: string): Map<number, FetchPartition> {
  let ofTopic = byTopic.get(key);
  if (!ofTopic) byTopic.set(key, (ofTopic = new Map()));
  return ofTopic;
}

/** A partition that is named again keeps its place and takes over what is asked last, as in Kafka. */
function listPartitions({ topics }: FetchRequest): FetchPartition[] {
  const list: FetchPartition[] = [];
  const byTopic: Session['byTopic'] = new Map();
  for (const { topic, topicId, partitions } of topics) {
    const ofTopic = partitionsOf(byTopic, topic || topicId);
    for (const requested of partitions) {
      const known = ofTopic.get(requested.partition);
      if (known) {
        takeOver(known, requested);
        continue;
      }
      const added = newPartition(topic, topicId, requested);
      ofTopic.set(requested.partition, added);
      list.push(added);
    }
  }
  return list;
}
