/** AlterClientQuotas v0-1: refused by name while quotas are not enforced; a stored quota without effect would be a lie. */
import { ErrorCode } from '../../protocol/errors.ts';
import { alterClientQuotasRequest, alterClientQuotasResponse } from '../../protocol/messages/49-alter-client-quotas.ts';
import { api } from '../api-handler.ts';

export const alterClientQuotas = api(alterClientQuotasRequest, alterClientQuotasResponse, ({ entries }) => ({
  entries: entries.map(({ entity }) => ({
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    errorMessage: 'This broker does not enforce client quotas yet, so it stores none.',
    entity,
  })),
}));
