/**
 * A classic group (type 2): generation, protocol and members. Value v1 adds the rebalance time-out, v2 the time of the
 * last state, v3 static members, v4 is flexible.
 */
import {
  array,
  bytes,
  coordinatorKey,
  coordinatorValue,
  int32,
  int64,
  type MessageType,
  string,
} from '../../schema.ts';

export const groupMetadataKey = coordinatorKey({
  apiKey: 2,
  name: 'GroupMetadataKey',
  versions: '0',
  flexible: 'none',
  fields: {
    group: string(),
  },
});
export type GroupMetadataKey = MessageType<typeof groupMetadataKey>;

const memberMetadata = {
  memberId: string(),
  groupInstanceId: string('3+', { nullable: true, default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
};

export const groupMetadataValue = coordinatorValue({
  apiKey: 2,
  name: 'GroupMetadataValue',
  versions: '0-4',
  flexible: '4+',
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: true }),
    leader: string({ nullable: true }),
    currentStateTimestamp: int64('2+', { default: -1, ignorable: true }),
    members: array(memberMetadata),
  },
});
export type GroupMetadataValue = MessageType<typeof groupMetadataValue>;
