/**
 * Metadata v0-13. Topics that do not exist are created on the way when both sides allow it; Kafka answers such a request
 * with an error and lets the client ask again, here the answer waits for the creation. One that fails is answered as
 * Kafka does, without its reason: the topic is unknown. The brokers named are those
 * that have the listener the request came in on; the controller named is a random live one, as with KRaft.
 */
import { ZERO_UUID } from '../../base/uuid.ts';
import { isInternalTopic, topicNameFault } from '../../metadata/topic-name.ts';
import type { TopicImage } from '../../metadata/topics-image.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type MetadataRequest,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '../../protocol/messages/03-metadata.ts';
import { api } from '../api-handler.ts';
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from '../authorized-operations.ts';
import type { BrokerServices, RequestContext } from '../broker-services.ts';

/** From here on topics can be asked for by id. Two versions before have the field and may not use it. */
const TOPIC_ID_VERSION = 12;

type TopicAnswer = Partial<MetadataResponse['topics'][number]>;

export const metadata = api(metadataRequest, metadataResponse, answerMetadata);

async function answerMetadata(
  request: MetadataRequest,
  context: RequestContext,
  services: BrokerServices,
): Promise<Partial<Omit<MetadataResponse, 'topics'>> & { topics: TopicAnswer[] }> {
  const refusal = refusalOf(request.topics ?? [], context.apiVersion);
  if (refusal !== ErrorCode.NONE) return refuse(request, refusal);
  const operations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED;
  const topics: TopicAnswer[] = [];
  const all = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  if (all) {
    for (const topic of services.image.topics.values()) topics.push(describe(topic, operations, context, services));
  } else {
    for (const asked of onceEach(request.topics ?? [])) {
      topics.push(await find(asked, request.allowAutoTopicCreation, operations, context, services));
    }
  }
  const brokers = activeBrokers(context, services);
  return {
    brokers,
    clusterId: services.clusterId,
    controllerId: brokers.length > 0 ? brokers[services.random.below(brokers.length)].nodeId : -1,
    topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
  };
}

type AskedTopic = NonNullable<MetadataRequest['topics']>[number];

/** Why all topics are refused for the sake of one: an id in a version too early, or neither id nor name. */
function refusalOf(topics: readonly AskedTopic[], apiVersion: number): ErrorCode {
  const nameless = topics.some(({ name }) => name === null);
  const byId = topics.some(hasId);
  if (apiVersion < TOPIC_ID_VERSION) return nameless || byId ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE;
  // The code of Kafka, where this is an exception that nobody expects.
  return nameless && !byId ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode.NONE;
}

/** Nothing else is told. */
function refuse({ topics }: MetadataRequest, errorCode: ErrorCode) {
  return {
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: (topics ?? []).map(({ name, topicId }) => ({ name: name ?? '', topicId, errorCode })),
    clusterAuthorizedOperations: OPERATIONS_NOT_ASKED,
    errorCode,
  };
}

function hasId({ topicId }: AskedTopic): boolean {
  return topicId !== ZERO_UUID;
}

function activeBrokers(context: RequestContext, services: BrokerServices): MetadataResponse['brokers'] {
  const brokers: MetadataResponse['brokers'] = [];
  for (const { id, rack } of services.image.cluster.brokers()) {
    if (!services.image.cluster.isActive(id)) continue;
    const endpoint = services.endpoint(id, context);
    if (endpoint) brokers.push({ nodeId: id, host: endpoint.host, port: endpoint.port, rack });
  }
  return brokers;
}

/** Each topic is described once, however often it is named. Where one has an id, only those with ids are. */
function onceEach(topics: readonly AskedTopic[]): Iterable<AskedTopic> {
  const byId = topics.filter(hasId);
  if (byId.length > 0) return new Map(byId.map((topic) => [topic.topicId, topic])).values();
  return new Map(topics.map((topic) => [topic.name, topic])).values();
}

async function find(
  asked: AskedTopic,
  mayCreate: boolean,
  operations: number,
  context: RequestContext,
  services: BrokerServices,
): Promise<TopicAnswer> {
  const { name, topicId } = asked;
  const { topics } = services.image;
  if (name === null || hasId(asked)) {
    const topic = topics.get(topicId);
    if (topic) return describe(topic, operations, context, services);
    return { name: null, topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  }
  const topic = topics.byName(name);
  if (topic) return describe(topic, operations, context, services);
  const refused = { name, isInternal: isInternalTopic(name), topicAuthorizedOperations: operations };
  if (topicNameFault(name) !== null) return { ...refused, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION };
  if (!mayCreate || !services.config().boolean('auto.create.topics.enable')) {
    return { ...refused, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  }
  await services.autoTopics.create(name);
  const created = topics.byName(name);
  if (created) return describe(created, operations, context, services);
  return { ...refused, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
}

function describe(
  topic: TopicImage,
  operations: number,
  context: RequestContext,
  services: BrokerServices,
): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((_, index) => describePartition(topic, index, context, services)),
    topicAuthorizedOperations: operations,
  };
}

/** A partition as metadata responses show it: which replicas are down, and an error where it has no usable leader. */
export function describePartition(
  topic: TopicImage,
  partitionIndex: number,
  context: RequestContext,
  services: BrokerServices,
): MetadataResponse['topics'][number]['partitions'][number] {
  const { leader, leaderEpoch, replicas, isr } = topic.partitions[partitionIndex];
  const offline = (id: number): boolean =>
    !services.image.cluster.isActive(id) || services.partitions.isOffline(topic.name, partitionIndex, id);
  const reachable = leader >= 0 && services.endpoint(leader, context) !== undefined;
  let errorCode: number = ErrorCode.NONE;
  if (leader < 0 || offline(leader)) errorCode = ErrorCode.LEADER_NOT_AVAILABLE;
  else if (!reachable) errorCode = ErrorCode.LISTENER_NOT_FOUND;
  return {
    errorCode,
    partitionIndex,
    leaderId: errorCode === ErrorCode.NONE ? leader : -1,
    leaderEpoch,
    replicaNodes: [...replicas],
    isrNodes: [...isr],
    offlineReplicas: replicas.filter(offline),
  };
}
