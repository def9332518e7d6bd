/**
 * AlterUserScramCredentials (KIP-554): clients send a salted password, what is stored are the two keys made from it.
 * Pure; control thread.
 */
import { createHash, createHmac } from 'node:crypto';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import { scramKey } from '../metadata/security-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../protocol/messages/51-alter-user-scram-credentials.ts';
import { type ApiError, apiError, type ControlContext, type ControlResult, NO_ERROR } from './control-context.ts';

/** Hash by the mechanism's number on the wire. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [1, 'sha256'],
  [2, 'sha512'],
]);
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 16_384;
const ONE_CHANGE = 'A user can be changed once in a request.';

type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number];
type Deletion = AlterUserScramCredentialsRequest['deletions'][number];

/** One change per user and request: a second one fails both, unless the first was at fault itself. */
export function alterUserScramCredentials(
  request: AlterUserScramCredentialsRequest,
  context: ControlContext,
): ControlResult<AlterUserScramCredentialsResponse> {
  const { deletions, upsertions } = request;
  const records: MetadataRecord[] = [];
  const results: AlterUserScramCredentialsResponse['results'] = [];
  const changes = new Map<string, MetadataRecord | ApiError>();
  const note = (user: string, change: () => MetadataRecord | ApiError): void => {
    const earlier = changes.get(user);
    if (earlier && 'code' in earlier) return;
    changes.set(user, earlier ? apiError(ErrorCode.DUPLICATE_RESOURCE, ONE_CHANGE) : change());
  };
  for (const deletion of deletions) {
    note(deletion.name, () => {
      const error = userFault(deletion, context) ?? absenceFault(deletion, context);
      return error ?? metadataRecord('RemoveUserScramCredentialRecord', deletion);
    });
  }
  for (const upsertion of upsertions) {
    note(
      upsertion.name,
      () => userFault(upsertion, context) ?? iterationsFault(upsertion) ?? credentialRecord(upsertion),
    );
  }
  for (const [user, change] of changes) {
    const isError = 'code' in change;
    if (!isError) records.push(change);
    const { code, message } = isError ? change : NO_ERROR;
    results.push({ user, errorCode: code, errorMessage: message });
  }
  return { records, response: { throttleTimeMs: 0, results } };
}

function userFault({ name, mechanism }: Deletion, context: ControlContext): ApiError | null {
  if (!permittedAt.scram(context.image.metadataVersion)) {
    return apiError(ErrorCode.UNSUPPORTED_VERSION, 'SCRAM needs a higher metadata.version.');
  }
  if (name === '') return apiError(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'The user name is empty.');
  if (HASHES.has(mechanism)) return null;
  return apiError(ErrorCode.UNSUPPORTED_SASL_MECHANISM, `SCRAM mechanism ${mechanism} is not known.`);
}

function absenceFault({ name, mechanism }: Deletion, context: ControlContext): ApiError | null {
  if (context.image.scramCredentials.get(scramKey(mechanism, name))) return null;
  return apiError(ErrorCode.RESOURCE_NOT_FOUND, 'The user has no such credential.');
}

function iterationsFault({ iterations }: Upsertion): ApiError | null {
  if (iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX) return null;
  return apiError(
    ErrorCode.UNACCEPTABLE_CREDENTIAL,
    `${iterations} iterations are too ${iterations < ITERATIONS_MIN ? 'few' : 'many'}: ${ITERATIONS_MIN} to ${ITERATIONS_MAX} are allowed.`,
  );
}

/** The keys of RFC 5802. */
function credentialRecord({ name, mechanism, iterations, salt, saltedPassword }: Upsertion): MetadataRecord {
  const hash = HASHES.get(mechanism)!;
  const clientKey = createHmac(hash, saltedPassword).update('Client Key').digest();
  const storedKey = createHash(hash).update(clientKey).digest();
  const serverKey = createHmac(hash, saltedPassword).update('Server Key').digest();
  return metadataRecord('UserScramCredentialRecord', { name, mechanism, salt, storedKey, serverKey, iterations });
}
