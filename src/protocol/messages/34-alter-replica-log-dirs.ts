/**
 * AlterReplicaLogDirs: moves replicas between the log directories of one broker.
 */
import { array, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const alterReplicaLogDirsRequest = request({
  apiKey: 34,
  name: 'AlterReplicaLogDirsRequest',
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    dirs: array({
      path: string(),
      topics: array({
        name: string(),
        partitions: array(int32()),
      }),
    }),
  },
});
export type AlterReplicaLogDirsRequest = MessageType<typeof alterReplicaLogDirsRequest>;

export const alterReplicaLogDirsResponse = response({
  apiKey: 34,
  name: 'AlterReplicaLogDirsResponse',
  versions: '1-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
export type AlterReplicaLogDirsResponse = MessageType<typeof alterReplicaLogDirsResponse>;
