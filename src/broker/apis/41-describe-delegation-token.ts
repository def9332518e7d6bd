/** DescribeDelegationToken v1-3: tokens need an authenticated connection, which no listener offers yet. */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from '../../protocol/messages/41-describe-delegation-token.ts';
import { api } from '../api-handler.ts';

export const describeDelegationToken = api(describeDelegationTokenRequest, describeDelegationTokenResponse, () => ({
  errorCode: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
  tokens: [],
}));
