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
import {
  type ApiError,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
} from './control-context.ts';

/** Hash by the mechanism's number on the wire. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [1, 'sha256'],
  [2, 'sha512'],
]);
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 16_384;

type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number];
type Deletion = AlterUserScramCredentialsRequest['deletions'][number];

/** One change per user and request. */
export function alterUserScramCredentials(
  request: AlterUserScramCredentialsRequest,
  context: ControlContext,
): ControlResult<AlterUserScramCredentialsResponse> {
  const { deletions, upsertions } = request;
  const records: MetadataRecord[] = [];
  const results: AlterUserScramCredentialsResponse['results'] = [];
  const answer = (user: string, { code, message }: ApiError) => {
    results.push({ user, errorCode: code, errorMessage: message });
  };
  const duplicates = duplicatesOf([...deletions, ...upsertions].map(({ name }) => name));
  for (const name of duplicates) {
    answer(name, apiError(ErrorCode.DUPLICATE_RESOURCE, 'A user can be changed once in a request.'));
  }
  for (const deletion of deletions) {
    if (duplicates.has(deletion.name)) continue;
    const error = userFault(deletion, context) ?? absenceFault(deletion, context) ?? NO_ERROR;
    if (error === NO_ERROR) records.push(metadataRecord('RemoveUserScramCredentialRecord', deletion));
    answer(deletion.name, error);
  }
  for (const upsertion of upsertions) {
    if (duplicates.has(upsertion.name)) continue;
    const error = userFault(upsertion, context) ?? iterationsFault(upsertion) ?? NO_ERROR;
    if (error === NO_ERROR) records.push(credentialRecord(upsertion));
    answer(upsertion.name, error);
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
