/**
 * StreamsGroupHeartbeat: membership of Kafka Streams clients (KIP-1071): topology, tasks, endpoints.
 *
 * - Fields that did not change since the last heartbeat are null (or -1), in both directions.
 * - v1 makes `acceptableRecoveryLag` an int64, asks for topology descriptions (KIP-1331) and knows the status
 *   MISSING_CLIENT_TAGS.
 */
import {
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  type MessageType,
  request,
  response,
  string,
  struct,
  uint16,
} from '../schema.ts';

const keyValue = {
  key: string(),
  value: string(),
};

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
};

const endpoint = {
  host: string(),
  port: uint16(),
};

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
};

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
};

export const streamsGroupHeartbeatRequest = request({
  apiKey: 88,
  name: 'StreamsGroupHeartbeatRequest',
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullable: true, default: null }),
    rackId: string({ nullable: true, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      {
        epoch: int32(),
        subtopologies: array({
          subtopologyId: string(),
          sourceTopics: array(string()),
          sourceTopicRegex: array(string()),
          stateChangelogTopics: array(topicInfo),
          repartitionSinkTopics: array(string()),
          repartitionSourceTopics: array(topicInfo),
          copartitionGroups: array({
            sourceTopics: array(int16()),
            sourceTopicRegex: array(int16()),
            repartitionSourceTopics: array(int16()),
          }),
        }),
      },
      { nullable: true, default: null },
    ),
    activeTasks: array(taskIds, { nullable: true, default: null }),
    standbyTasks: array(taskIds, { nullable: true, default: null }),
    warmupTasks: array(taskIds, { nullable: true, default: null }),
    processId: string({ nullable: true, default: null }),
    userEndpoint: struct(endpoint, { nullable: true, default: null }),
    clientTags: array(keyValue, { nullable: true, default: null }),
    taskOffsets: array(taskOffset, { nullable: true, default: null }),
    taskEndOffsets: array(taskOffset, { nullable: true, default: null }),
    shutdownApplication: bool(),
  },
});
export type StreamsGroupHeartbeatRequest = MessageType<typeof streamsGroupHeartbeatRequest>;

const status = {
  statusCode: int8(),
  statusDetail: string(),
};

const topicPartition = {
  topic: string(),
  partitions: array(int32()),
};

export const streamsGroupHeartbeatResponse = response({
  apiKey: 88,
  name: 'StreamsGroupHeartbeatResponse',
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLagLegacy: int32('0'),
    taskOffsetIntervalMs: int32(),
    acceptableRecoveryLag: int64('1+', { default: -1, ignorable: true }),
    status: array(status, { nullable: true }),
    activeTasks: array(taskIds, { nullable: true, default: null }),
    standbyTasks: array(taskIds, { nullable: true, default: null }),
    warmupTasks: array(taskIds, { nullable: true, default: null }),
    topologyDescriptionRequired: bool('1+'),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      {
        userEndpoint: struct(endpoint),
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      },
      { nullable: true, default: null },
    ),
  },
});
export type StreamsGroupHeartbeatResponse = MessageType<typeof streamsGroupHeartbeatResponse>;
