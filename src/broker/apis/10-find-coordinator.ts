/**
 * FindCoordinator v0-6: group (0), transaction (1) and share (2) coordinators. One broker coordinates everything; the
 * internal topic behind a coordinator is created at the first question. v4+ asks for several keys at once.
 */
import { partitionForId } from '../../coordinator/runtime/partition-for-id.ts';
import { ErrorCode, errorMessage, errorName } from '../../protocol/errors.ts';
import {
  type FindCoordinatorRequest,
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices, RequestContext } from '../broker-services.ts';
import { OFFSETS_TOPIC, SHARE_TOPIC, TRANSACTION_TOPIC } from '../internal-topics.ts';

const BATCHED_VERSION = 4;
const SHARE_VERSION = 6;
const KeyType = { group: 0, transaction: 1, share: 2 } as const;
const TOPICS: ReadonlyMap<number, string> = new Map([
  [KeyType.group, OFFSETS_TOPIC],
  [KeyType.transaction, TRANSACTION_TOPIC],
  [KeyType.share, SHARE_TOPIC],
]);

interface Coordinator {
  readonly key: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string;
}

export const findCoordinator = api(
  findCoordinatorRequest,
  findCoordinatorResponse,
  async (request, context, services) => {
    if (context.apiVersion < BATCHED_VERSION) return find(request.key, request, context, services);
    const coordinators: Coordinator[] = [];
    for (const key of request.coordinatorKeys) coordinators.push(await find(key, request, context, services));
    return { coordinators };
  },
);

async function find(
  key: string,
  { keyType }: FindCoordinatorRequest,
  context: RequestContext,
  services: BrokerServices,
): Promise<Coordinator> {
  const topic = TOPICS.get(keyType);
  // Of several keys Kafka says no more than the code, unless nothing in the request makes sense.
  const message = context.apiVersion < BATCHED_VERSION ? errorMessage : () => '';
  const refuse = (errorCode: ErrorCode, why = message(errorCode)): Coordinator => ({
    key,
    nodeId: -1,
    host: '',
    port: -1,
    errorCode,
    errorMessage: why,
  });
  if (topic === undefined) return refuse(ErrorCode.INVALID_REQUEST, errorMessage(ErrorCode.INVALID_REQUEST));
  if (keyType === KeyType.share && (context.apiVersion < SHARE_VERSION || !isSharePartition(key))) {
    return refuse(ErrorCode.INVALID_REQUEST);
  }
  if (!services.image.topics.byName(topic)) {
    const errorCode = await services.autoTopics.create(topic);
    if (errorCode !== ErrorCode.NONE) return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  const partitions = services.image.topics.byName(topic)?.partitions ?? [];
  const leader = partitions.length > 0 ? partitions[partitionForId(key, partitions.length)].leader : -1;
  const endpoint = services.endpoint(leader, context);
  if (!endpoint) return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  return {
    key,
    nodeId: leader,
    host: endpoint.host,
    port: endpoint.port,
    errorCode: ErrorCode.NONE,
    // A text, not null, even of what went well; of a single key it is the name of the code.
    errorMessage: context.apiVersion < BATCHED_VERSION ? errorName(ErrorCode.NONE) : '',
  };
}

/** group:topic id:partition, of which none is empty. */
function isSharePartition(key: string): boolean {
  return /^[^:]+:[A-Za-z0-9_-]{22}:[+-]?\d+$/.test(key);
}
