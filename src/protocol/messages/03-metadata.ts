/**
 * Metadata: brokers, controller, topics with their partitions and leaders; may create topics on the way.
 *
 * - v0 takes an empty list for all topics; from v1 on null means all and empty means none.
 * - v4 says whether topics may be created; v5 offline replicas; v7 leader epochs; v8 authorized operations (the
 *   cluster's only to v10).
 * - v10 brings topic ids, but asking by id works from v12 on; then the name is null. v13 has an error for the whole
 *   response.
 */
import { array, bool, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const metadataRequest = request({
  apiKey: 3,
  name: 'MetadataRequest',
  versions: '0-13',
  flexible: '9+',
  listeners: ['broker'],
  fields: {
    topics: array(
      {
        topicId: uuid('10+', { ignorable: true }),
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool('4+', { default: true }),
    includeClusterAuthorizedOperations: bool('8-10'),
    includeTopicAuthorizedOperations: bool('8+'),
  },
});
export type MetadataRequest = MessageType<typeof metadataRequest>;

export const metadataResponse = response({
  apiKey: 3,
  name: 'MetadataResponse',
  versions: '0-13',
  flexible: '9+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string('1+', { nullable: true, default: null, ignorable: true }),
    }),
    clusterId: string('2+', { nullable: true, default: null, ignorable: true }),
    controllerId: int32('1+', { default: -1, ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid('10+', { ignorable: true }),
      isInternal: bool('1+', { ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32('7+', { default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array('5+', int32(), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32('8+', { default: -0x80000000 }),
    }),
    clusterAuthorizedOperations: int32('8-10', { default: -0x80000000 }),
    errorCode: int16('13+', { ignorable: true }),
  },
});
export type MetadataResponse = MessageType<typeof metadataResponse>;
