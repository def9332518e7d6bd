import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestErrors } from '../../../src/broker/telemetry/request-errors.ts';
import { ApiKey } from '../../../src/protocol/api-keys.ts';
import { ErrorCode } from '../../../src/protocol/errors.ts';

test('errors are counted by API and code, the one below zero too', () => {
  const errors = new RequestErrors();
  errors.note(ApiKey.Metadata, {});
  errors.note(ApiKey.Heartbeat, { errorCode: ErrorCode.NONE });
  for (const apiKey of [ApiKey.Heartbeat, ApiKey.Heartbeat, ApiKey.Produce])
    errors.note(apiKey, { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR });
  errors.note(ApiKey.Heartbeat, { errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  assert.deepEqual(
    errors.family().samples.map(({ labels, value }) => [labels.request, labels.error, value]),
    [
      ['Heartbeat', 'UNKNOWN_SERVER_ERROR', 2],
      ['Produce', 'UNKNOWN_SERVER_ERROR', 1],
      ['Heartbeat', 'UNKNOWN_MEMBER_ID', 1],
    ],
  );
});
