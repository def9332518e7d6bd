/**
 * AssignReplicasToDirs: a broker tells the controller in which log directory replicas lie (KIP-858).
 */
import { array, int16, int32, int64, type MessageType, request, response, uuid } from '../schema.ts';

export const assignReplicasToDirsRequest = request({
  apiKey: 73,
  name: 'AssignReplicasToDirsRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsRequest = MessageType<typeof assignReplicasToDirsRequest>;

export const assignReplicasToDirsResponse = response({
  apiKey: 73,
  name: 'AssignReplicasToDirsResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
});
export type AssignReplicasToDirsResponse = MessageType<typeof assignReplicasToDirsResponse>;
