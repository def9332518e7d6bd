/**
 * The quorum-state file: leader, epoch and vote of this node. It is kept as JSON of these names on disk; v1 has the
 * voter's directory id in place of the voters.
 */
import { array, data, int32, int64, type MessageType, string, uuid } from '../../schema.ts';

export const quorumStateData = data({
  name: 'QuorumStateData',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string('0'),
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid('1+'),
    appliedOffset: int64('0'),
    currentVoters: array(
      '0',
      {
        voterId: int32(),
      },
      { nullable: true },
    ),
  },
});
export type QuorumStateData = MessageType<typeof quorumStateData>;
