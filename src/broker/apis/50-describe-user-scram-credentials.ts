/**
 * DescribeUserScramCredentials v0: which users have SCRAM credentials, by mechanism and iterations; never their keys.
 * Users that are asked for by name and have none are answered RESOURCE_NOT_FOUND. Without an error the message is empty and
 * not null, as in Kafka.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type DescribeUserScramCredentialsResponse,
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../../protocol/messages/50-describe-user-scram-credentials.ts';
import { api } from '../api-handler.ts';

type Result = DescribeUserScramCredentialsResponse['results'][number];

export const describeUserScramCredentials = api(
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
  ({ users }, _, { image }) => {
    const byUser = new Map<string, Result['credentialInfos']>();
    for (const { name, mechanism, iterations } of image.scramCredentials.values()) {
      byUser.set(name, [...(byUser.get(name) ?? []), { mechanism, iterations }]);
    }
    const asked = users && users.length > 0 ? users.map(({ name }) => name) : [...byUser.keys()];
    return { results: [...new Set(asked)].map((user) => describeUser(user, asked, byUser.get(user))) };
  },
);

function describeUser(user: string, asked: readonly string[], infos: Result['credentialInfos'] | undefined): Result {
  const fault = (errorCode: number, errorMessage: string): Result => ({
    user,
    errorCode,
    errorMessage,
    credentialInfos: [],
  });
  if (asked.indexOf(user) !== asked.lastIndexOf(user)) {
    return fault(ErrorCode.DUPLICATE_RESOURCE, 'The user stands in the request twice.');
  }
  if (!infos) return fault(ErrorCode.RESOURCE_NOT_FOUND, `The user ${user} has no SCRAM credentials.`);
  const credentialInfos = infos.toSorted((one, other) => one.mechanism - other.mechanism);
  return { user, errorCode: ErrorCode.NONE, errorMessage: '', credentialInfos };
}
