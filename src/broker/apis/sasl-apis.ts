/**
 * SaslHandshake v0-1 and SaslAuthenticate v0-2 on connections that need no login, which is every one here: as in Kafka
 * the answer is ILLEGAL_SASL_STATE, and the connection goes on. A client that was set to log in learns from it that the
 * listener does not ask for that; without the APIs it would see an old broker, and so would those that guess a broker's
 * release from ApiVersions.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import { saslHandshakeRequest, saslHandshakeResponse } from '../../protocol/messages/17-sasl-handshake.ts';
import { saslAuthenticateRequest, saslAuthenticateResponse } from '../../protocol/messages/36-sasl-authenticate.ts';
import { type Api, api } from '../api-handler.ts';

export const saslApis: readonly Api[] = [
  api(saslHandshakeRequest, saslHandshakeResponse, () => ({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] })),
  api(saslAuthenticateRequest, saslAuthenticateResponse, () => ({
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    errorMessage: 'This listener asks for no authentication.',
    authBytes: new Uint8Array(0),
  })),
];
