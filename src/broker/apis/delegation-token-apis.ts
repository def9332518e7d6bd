/**
 * Create-, Renew-, Expire- and DescribeDelegationToken (KIP-48). A token stands for somebody, so who asks must be known:
 * on a connection without authentication the answer is DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as in Kafka. Without
 * `delegation.token.secret.key` it is DELEGATION_TOKEN_AUTH_DISABLED, from the controller.
 */
import { ANONYMOUS } from '../../controller/control-context.ts';
import { tokenPrincipals } from '../../controller/token-control.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from '../../protocol/messages/38-create-delegation-token.ts';
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from '../../protocol/messages/39-renew-delegation-token.ts';
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from '../../protocol/messages/40-expire-delegation-token.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from '../../protocol/messages/41-describe-delegation-token.ts';
import { type Api, api } from '../api-handler.ts';
import type { RequestContext } from '../broker-services.ts';
import { controllerContext } from './controller-apis.ts';

const NO_TIMESTAMP_MS = -1;
const NOT_ALLOWED = { errorCode: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, expiryTimestampMs: NO_TIMESTAMP_MS };

const isKnown = ({ principal }: RequestContext): boolean => principal !== ANONYMOUS;

export const delegationTokenApis: readonly Api[] = [
  api(createDelegationTokenRequest, createDelegationTokenResponse, (request, context, { controller }) => {
    if (isKnown(context)) return controller.createDelegationToken(request, controllerContext(context));
    return {
      ...NOT_ALLOWED,
      ...tokenPrincipals(request, controllerContext(context)),
      issueTimestampMs: NO_TIMESTAMP_MS,
      maxTimestampMs: NO_TIMESTAMP_MS,
    };
  }),
  api(renewDelegationTokenRequest, renewDelegationTokenResponse, (request, context, { controller }) =>
    isKnown(context) ? controller.renewDelegationToken(request, controllerContext(context)) : NOT_ALLOWED,
  ),
  api(expireDelegationTokenRequest, expireDelegationTokenResponse, (request, context, { controller }) =>
    isKnown(context) ? controller.expireDelegationToken(request, controllerContext(context)) : NOT_ALLOWED,
  ),
  api(describeDelegationTokenRequest, describeDelegationTokenResponse, (_, context) => {
    const { DELEGATION_TOKEN_AUTH_DISABLED, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED } = ErrorCode;
    return { errorCode: isKnown(context) ? DELEGATION_TOKEN_AUTH_DISABLED : DELEGATION_TOKEN_REQUEST_NOT_ALLOWED };
  }),
];
