/**
 * A .snapshot file: the producers of a partition at an offset, so that recovery need not read the whole log. The file
 * begins with an int16 version, which is not part of this schema; the CRC-32C is over what follows it.
 */
import { array, data, int16, int32, int64, type MessageType, uint32 } from '../../schema.ts';

export const producerSnapshot = data({
  name: 'ProducerSnapshot',
  versions: '1',
  flexible: 'none',
  fields: {
    crc: uint32(),
    producerEntries: array({
      producerId: int64(),
      epoch: int16(),
      lastSequence: int32(),
      lastOffset: int64(),
      offsetDelta: int32(),
      timestamp: int64(),
      coordinatorEpoch: int32(),
      currentTxnFirstOffset: int64(),
    }),
  },
});
export type ProducerSnapshot = MessageType<typeof producerSnapshot>;
