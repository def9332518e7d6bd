/**
 * Value of control record 2: the first record of each epoch of a KRaft log. v1 has directory ids (KIP-853).
 */
import { array, data, int16, int32, type MessageType, uuid } from '../../schema.ts';

const voter = {
  voterId: int32(),
  voterDirectoryId: uuid('1+'),
};

export const leaderChangeMessage = data({
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: array(voter),
    grantingVoters: array(voter),
  },
});
export type LeaderChangeMessage = MessageType<typeof leaderChangeMessage>;
