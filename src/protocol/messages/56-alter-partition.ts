/**
 * AlterPartition: a partition's leader proposes a new in-sync set to the controller. v3 carries broker epochs
 * (KIP-903), so that a restarted follower is not let in by mistake.
 */
import { array, int8, int16, int32, int64, type MessageType, request, response, uuid } from '../schema.ts';

export const alterPartitionRequest = request({
  apiKey: 56,
  name: 'AlterPartitionRequest',
  versions: '2-3',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        newIsr: array('2', int32()),
        newIsrWithEpochs: array('3+', {
          brokerId: int32(),
          brokerEpoch: int64({ default: -1 }),
        }),
        leaderRecoveryState: int8(),
        partitionEpoch: int32(),
      }),
    }),
  },
});
export type AlterPartitionRequest = MessageType<typeof alterPartitionRequest>;

export const alterPartitionResponse = response({
  apiKey: 56,
  name: 'AlterPartitionResponse',
  versions: '2-3',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        leaderRecoveryState: int8({ ignorable: true }),
        partitionEpoch: int32(),
      }),
    }),
  },
});
export type AlterPartitionResponse = MessageType<typeof alterPartitionResponse>;
