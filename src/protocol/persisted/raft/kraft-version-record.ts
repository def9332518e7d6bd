/**
 * Value of control record 5: the KRaft protocol level; 1 allows changes of the voters (KIP-853).
 */
import { data, int16, type MessageType } from '../../schema.ts';

export const kRaftVersionRecord = data({
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
});
export type KRaftVersionRecord = MessageType<typeof kRaftVersionRecord>;
