// SaslHandshake and SaslAuthenticate on a listener that asks for no login: refused as Kafka does, on a connection that goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { saslHandshakeRequest, saslHandshakeResponse } from '../../src/protocol/messages/17-sasl-handshake.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { saslAuthenticateRequest, saslAuthenticateResponse } from '../../src/protocol/messages/36-sasl-authenticate.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

test('a login where none is asked for is refused by name, and the connection goes on', async () => {
  await using broker = await startTestBroker();
  const client = await RawClient.connect(broker.port);
  try {
    for (const version of [0, 1]) {
      const refusal = await client.ask(saslHandshakeRequest, saslHandshakeResponse, version, { mechanism: 'PLAIN' });
      assert.deepEqual(refusal, { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] });
    }
    for (const version of [0, 1, 2]) {
      const { errorCode, errorMessage, authBytes } = await client.ask(
        saslAuthenticateRequest,
        saslAuthenticateResponse,
        version,
        { authBytes: Buffer.from('\0user\0password') },
      );
      assert.equal(errorCode, ErrorCode.ILLEGAL_SASL_STATE);
      assert.match(errorMessage ?? '', /no authentication/);
      assert.equal(authBytes.byteLength, 0);
    }
    const { errorCode, apiKeys } = await client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    assert.equal(errorCode, 0);
    const versions = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]));
    assert.deepEqual(
      [versions.get(17), versions.get(36)],
      [
        [0, 1],
        [0, 2],
      ],
    );
  } finally {
    client.close();
  }
});
