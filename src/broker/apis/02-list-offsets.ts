/**
 * ListOffsets v1-11. Latest and earliest come from the partition table; timestamps are searched by the partition's
 * owner. -1 latest, -2 earliest, -3 greatest timestamp (v7+), -4 earliest local (v8+), -5 latest tiered (v9+), -6
 * earliest not yet tiered (v11+); without tiered storage -4 is -2, and -5 and -6 find nothing. A partition that is named
 * twice is refused, and answered once.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../protocol/messages/02-list-offsets.ts';
import { RowSlot } from '../../ring/partition-table.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices, RequestContext } from '../broker-services.ts';
import type { StorageLinks } from '../storage-links.ts';

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;
/** Timestamps that stand for something, and the version from which each may be asked for. */
const SPECIAL: ReadonlyMap<number, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);
const LEADER_EPOCH_VERSION = 4;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
/** A consumer; anything else is a replica or the tools' debugging reader, which see the log's end. */
const CONSUMER_REPLICA_ID = -1;

type Asked = ListOffsetsRequest['topics'][number]['partitions'][number];
type Found = Partial<ListOffsetsResponse['topics'][number]['partitions'][number]>;

/** Leader epochs of the first records of partitions: all that one request asks for go to a worker in one message. */
class StartEpochs {
  readonly #storage: StorageLinks;
  /** By row. */
  readonly #offsets = new Map<number, number>();
  #found: Promise<ReadonlyMap<number, number>> | undefined;

  constructor(storage: StorageLinks) {
    this.#storage = storage;
  }

  /** -1 where it is not known. To be called for all in one turn. */
  async of(row: number, offset: number): Promise<number> {
    this.#offsets.set(row, offset);
    this.#found ??= Promise.resolve().then(() => this.#find());
    return (await this.#found).get(row) ?? -1;
  }

  async #find(): Promise<ReadonlyMap<number, number>> {
    const offsets = this.#offsets;
    const replies = await this.#storage.requestRows([...offsets.keys()], (rows) => ({
      op: 'epochsForOffsets',
      rows,
      offsets: rows.map((row) => offsets.get(row)!),
    }));
    const found = new Map<number, number>();
    for (const { rows, leaderEpochs } of replies)
      for (const [at, row] of rows.entries()) found.set(row, leaderEpochs[at]);
    return found;
  }
}

export const listOffsets = api(listOffsetsRequest, listOffsetsResponse, async (request, context, services) => {
  const startEpochs = new StartEpochs(services.storage);
  const wanted = new Map<string, Map<number, Asked | null>>();
  for (const { name, partitions } of request.topics) {
    const ofTopic = wanted.get(name) ?? new Map<number, Asked | null>();
    if (partitions.length > 0) wanted.set(name, ofTopic);
    for (const asked of partitions) {
      ofTopic.set(asked.partitionIndex, ofTopic.has(asked.partitionIndex) ? null : asked);
    }
  }
  const topics = [...wanted].map(async ([name, ofTopic]) => ({
    name,
    partitions: await Promise.all(
      [...ofTopic].map(async ([partitionIndex, asked]): Promise<Found> => {
        if (asked === null) return { partitionIndex, errorCode: ErrorCode.INVALID_REQUEST };
        const { leaderEpoch = -1, ...found } = await find(name, asked, request, context, services, startEpochs);
        return { partitionIndex, ...found, leaderEpoch: context.apiVersion >= LEADER_EPOCH_VERSION ? leaderEpoch : -1 };
      }),
    ),
  }));
  return { topics: await Promise.all(topics) };
});

async function find(
  name: string,
  asked: Asked,
  request: ListOffsetsRequest,
  context: RequestContext,
  services: BrokerServices,
  startEpochs: StartEpochs,
): Promise<Found> {
  const { table, storage, partitions } = services;
  const { timestamp } = asked;
  const { isolationLevel } = request;
  // Kafka's answer: it has no error of its own for this.
  if (isolationLevel !== READ_UNCOMMITTED && isolationLevel !== READ_COMMITTED) {
    return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR };
  }
  if (timestamp < 0 && (SPECIAL.get(timestamp) ?? Number.POSITIVE_INFINITY) > context.apiVersion) {
    return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
  }
  const located = partitions.locate(name, asked.partitionIndex, asked.currentLeaderEpoch);
  if (located.errorCode !== ErrorCode.NONE) return { errorCode: located.errorCode };
  const { row } = located;
  const leaderEpoch = table.get(row, RowSlot.leaderEpoch);
  const upperSlot =
    request.replicaId !== CONSUMER_REPLICA_ID
      ? RowSlot.logEndOffset
      : isolationLevel === READ_COMMITTED
        ? RowSlot.lastStableOffset
        : RowSlot.highWatermark;
  const upperOffset = table.get(row, upperSlot);
  switch (timestamp) {
    case LATEST:
      return { offset: upperOffset, leaderEpoch };
    case EARLIEST:
    case EARLIEST_LOCAL: {
      const offset = table.get(row, RowSlot.logStartOffset);
      const epoch = await startEpochs.of(row, offset);
      // Before the first record, the epoch is that in which it would be written.
      const isEmpty = epoch === -1 && offset === table.get(row, RowSlot.logEndOffset);
      return { offset, leaderEpoch: isEmpty ? leaderEpoch : epoch };
    }
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return { offset: -1, leaderEpoch: -1 };
    case MAX_TIMESTAMP:
      return storage.request(row, { op: 'maxTimestamp', row, upperOffset });
    default:
      return storage.request(row, { op: 'offsetForTimestamp', row, timestamp, upperOffset });
  }
}
