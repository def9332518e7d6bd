/**
 * `quorum-state`: who leads the quorum of the metadata log, in which epoch, and whom this node voted for. One line of
 * JSON. Pure; control thread.
 *
 *   kraft.version 0 (voters in the settings): {"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,
 *                                              "appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}
 *   kraft.version 1 (voters in the log):      {"leaderId":1,"leaderEpoch":2,"votedId":-1,
 *                                              "votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}
 */
import { ZERO_UUID } from '../base/uuid.ts';

export interface QuorumState {
  /** -1 when it is not known. */
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly votedId: number;
  readonly votedDirectoryId: string;
  /** Null when the voters are in the log. */
  readonly voters: readonly number[] | null;
}

export function formatQuorumState(state: QuorumState): string {
  const { leaderId, leaderEpoch, votedId, votedDirectoryId, voters } = state;
  if (voters === null) return JSON.stringify({ leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: 1 });
  const currentVoters = voters.map((voterId) => ({ voterId }));
  return JSON.stringify({
    clusterId: '',
    leaderId,
    leaderEpoch,
    votedId,
    appliedOffset: 0,
    currentVoters,
    data_version: 0,
  });
}

/** Throws a RangeError when the text is not a quorum state of a known version. */
export function parseQuorumState(text: string): QuorumState {
  const fields = parseObject(text);
  const version = fields.data_version;
  if (version !== 0 && version !== 1)
    throw new RangeError(`quorum-state: data_version ${String(version)} is not known`);
  const voters = version === 1 ? null : voterIds(fields.currentVoters);
  const votedDirectoryId = typeof fields.votedDirectoryId === 'string' ? fields.votedDirectoryId : ZERO_UUID;
  return {
    leaderId: wholeNumber(fields, 'leaderId'),
    leaderEpoch: wholeNumber(fields, 'leaderEpoch'),
    votedId: wholeNumber(fields, 'votedId'),
    votedDirectoryId,
    voters,
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Falls through to the same answer as for any other text that is no object.
  }
  throw new RangeError('quorum-state: not a JSON object');
}

function wholeNumber(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (Number.isInteger(value)) return value as number;
  throw new RangeError(`quorum-state: ${name} is not a whole number`);
}

function voterIds(voters: unknown): number[] {
  if (!Array.isArray(voters)) return [];
  return voters.map((voter: unknown) => wholeNumber(voter as Record<string, unknown>, 'voterId'));
}
