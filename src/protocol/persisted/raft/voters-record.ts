/**
 * Value of control record 6: the voters of a KRaft quorum (KIP-853).
 */
import { array, data, int16, int32, type MessageType, string, struct, uint16, uuid } from '../../schema.ts';

export const votersRecord = data({
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
});
export type VotersRecord = MessageType<typeof votersRecord>;
