/**
 * Create-, Renew- and ExpireDelegationToken (KIP-48). Pure; control thread. The record of a token does not hold its
 * HMAC: whoever has the secret key computes it from the id.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomUuid } from '../base/uuid.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import type { DelegationToken } from '../metadata/security-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from '../protocol/messages/38-create-delegation-token.ts';
import type {
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse,
} from '../protocol/messages/39-renew-delegation-token.ts';
import type {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from '../protocol/messages/40-expire-delegation-token.ts';
import type { ControlContext, ControllerRequestContext, ControlResult } from './control-context.ts';

const USER = 'User';
/** In answers without a time. */
const NO_TIMESTAMP_MS = -1;

/** The HMAC-SHA-512 of the token's id under `delegation.token.secret.key`; clients show it as their password. */
export function tokenHmac(tokenId: string, secretKey: string): Buffer {
  return createHmac('sha512', secretKey).update(tokenId).digest();
}

/** Versions before have no place for who asks. */
const REQUESTER_VERSION = 3;

/** Who would own the token and who asks for it: every answer names them, a refusal too. */
export function tokenPrincipals(
  request: CreateDelegationTokenRequest,
  { apiVersion, principal }: ControllerRequestContext,
) {
  const requester = splitPrincipal(principal);
  const owner = request.ownerPrincipalName
    ? { type: request.ownerPrincipalType ?? USER, name: request.ownerPrincipalName }
    : requester;
  return {
    principalType: owner.type,
    principalName: owner.name,
    tokenRequesterPrincipalType: apiVersion < REQUESTER_VERSION ? '' : requester.type,
    tokenRequesterPrincipalName: apiVersion < REQUESTER_VERSION ? '' : requester.name,
  };
}

export function createDelegationToken(
  request: CreateDelegationTokenRequest,
  context: ControlContext,
): ControlResult<CreateDelegationTokenResponse> {
  const principals = tokenPrincipals(request, context.request);
  const response: CreateDelegationTokenResponse = {
    errorCode: disabledFault(context),
    ...principals,
    issueTimestampMs: NO_TIMESTAMP_MS,
    expiryTimestampMs: NO_TIMESTAMP_MS,
    maxTimestampMs: NO_TIMESTAMP_MS,
    tokenId: '',
    hmac: new Uint8Array(0),
    throttleTimeMs: 0,
  };
  if (response.errorCode !== ErrorCode.NONE) return { records: [], response };
  if (request.renewers.some(({ principalType }) => principalType !== USER)) {
    return { records: [], response: { ...response, errorCode: ErrorCode.INVALID_PRINCIPAL_TYPE } };
  }
  const { secretKey, maxLifetimeMs, renewLifetimeMs } = context.settings.delegationTokens!;
  const { nowMs } = context;
  const lifetimeMs = request.maxLifetimeMs > 0 ? Math.min(request.maxLifetimeMs, maxLifetimeMs) : maxLifetimeMs;
  const maxTimestamp = nowMs + lifetimeMs;
  const expirationTimestamp = Math.min(maxTimestamp, nowMs + renewLifetimeMs);
  const tokenId = randomUuid(context.random);
  const record = metadataRecord('DelegationTokenRecord', {
    owner: `${principals.principalType}:${principals.principalName}`,
    requester: context.request.principal,
    renewers: request.renewers.map(({ principalType, principalName }) => `${principalType}:${principalName}`),
    issueTimestamp: nowMs,
    maxTimestamp,
    expirationTimestamp,
    tokenId,
  });
  const times = { issueTimestampMs: nowMs, expiryTimestampMs: expirationTimestamp, maxTimestampMs: maxTimestamp };
  return { records: [record], response: { ...response, ...times, tokenId, hmac: tokenHmac(tokenId, secretKey) } };
}

export function renewDelegationToken(
  request: RenewDelegationTokenRequest,
  context: ControlContext,
): ControlResult<RenewDelegationTokenResponse> {
  const token = usableToken(request.hmac, context);
  if (typeof token === 'number') return answer([], token);
  const { renewLifetimeMs } = context.settings.delegationTokens!;
  const periodMs = request.renewPeriodMs > 0 ? Math.min(request.renewPeriodMs, renewLifetimeMs) : renewLifetimeMs;
  if (expired(token, context)) return answer([], ErrorCode.DELEGATION_TOKEN_EXPIRED);
  return prolonged(token, periodMs, context);
}

/** A negative period ends the token at once. */
export function expireDelegationToken(
  request: ExpireDelegationTokenRequest,
  context: ControlContext,
): ControlResult<ExpireDelegationTokenResponse> {
  const token = usableToken(request.hmac, context);
  if (typeof token === 'number') return answer([], token);
  if (request.expiryTimePeriodMs < 0) {
    const record = metadataRecord('RemoveDelegationTokenRecord', { tokenId: token.tokenId });
    return answer([record], ErrorCode.NONE, context.nowMs);
  }
  if (expired(token, context)) return answer([], ErrorCode.DELEGATION_TOKEN_EXPIRED);
  return prolonged(token, request.expiryTimePeriodMs, context);
}

/** Records that remove the tokens whose time is over; asked for by the clock, not by a request. */
export function expiredTokens(context: ControlContext): ControlResult<void> {
  const over = [...context.image.delegationTokens.values()].filter((token) => expired(token, context));
  const records = over.map(({ tokenId }) => metadataRecord('RemoveDelegationTokenRecord', { tokenId }));
  return { records, response: undefined };
}

function disabledFault({ settings, image }: ControlContext): number {
  if (!settings.delegationTokens) return ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED;
  return permittedAt.delegationTokens(image.metadataVersion) ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_VERSION;
}

/** The token of the HMAC, or the error code for who asks. */
function usableToken(hmac: Uint8Array, context: ControlContext): DelegationToken | number {
  const fault = disabledFault(context);
  if (fault !== ErrorCode.NONE) return fault;
  const { secretKey } = context.settings.delegationTokens!;
  for (const token of context.image.delegationTokens.values()) {
    const own = tokenHmac(token.tokenId, secretKey);
    if (hmac.length !== own.length || !timingSafeEqual(own, hmac)) continue;
    const { principal } = context.request;
    const permitted = token.owner === principal || token.renewers.includes(principal);
    return permitted ? token : ErrorCode.DELEGATION_TOKEN_OWNER_MISMATCH;
  }
  return ErrorCode.DELEGATION_TOKEN_NOT_FOUND;
}

function expired({ maxTimestamp, expirationTimestamp }: DelegationToken, { nowMs }: ControlContext): boolean {
  return maxTimestamp < nowMs || expirationTimestamp < nowMs;
}

function prolonged(
  token: DelegationToken,
  periodMs: number,
  context: ControlContext,
): ControlResult<RenewDelegationTokenResponse> {
  const expirationTimestamp = Math.min(token.maxTimestamp, context.nowMs + periodMs);
  const record = metadataRecord('DelegationTokenRecord', { ...token, expirationTimestamp });
  return answer([record], ErrorCode.NONE, expirationTimestamp);
}

function answer(
  records: readonly MetadataRecord[],
  errorCode: number,
  expiryTimestampMs = NO_TIMESTAMP_MS,
): ControlResult<RenewDelegationTokenResponse> {
  return { records, response: { errorCode, expiryTimestampMs, throttleTimeMs: 0 } };
}

function splitPrincipal(principal: string): { type: string; name: string } {
  const colon = principal.indexOf(':');
  return colon < 0
    ? { type: USER, name: principal }
    : { type: principal.slice(0, colon), name: principal.slice(colon + 1) };
}
