// SCRAM credentials and delegation tokens, asked over a socket on which nobody is known.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { errorName } from '../../src/protocol/errors.ts';
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from '../../src/protocol/messages/38-create-delegation-token.ts';
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from '../../src/protocol/messages/39-renew-delegation-token.ts';
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from '../../src/protocol/messages/40-expire-delegation-token.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from '../../src/protocol/messages/41-describe-delegation-token.ts';
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from '../../src/protocol/messages/50-describe-user-scram-credentials.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../src/protocol/messages/51-alter-user-scram-credentials.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { RawClient } from './raw-client.ts';

const SHA_256 = 1;
const SHA_512 = 2;
let broker: TestBroker;
let client: RawClient;

before(async () => {
  broker = await startTestBroker();
  client = await RawClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
});

async function describeUsers(users: string[] | null): Promise<Record<string, unknown>> {
  const { results } = await client.ask(describeUserScramCredentialsRequest, describeUserScramCredentialsResponse, 0, {
    users: users?.map((name) => ({ name })) ?? null,
  });
  return Object.fromEntries(
    results.map(({ user, errorCode, credentialInfos }) => [
      user,
      errorCode === 0
        ? credentialInfos.map(({ mechanism, iterations }) => [mechanism, iterations])
        : errorName(errorCode),
    ]),
  );
}

test('SCRAM credentials are stored, described without their keys, and taken away', async () => {
  assert.deepEqual(await describeUsers(null), {});
  const upsertion = (name: string, mechanism: number) => ({
    name,
    mechanism,
    iterations: 4096 * mechanism,
    salt: Buffer.from('salt'),
    saltedPassword: Buffer.alloc(32, 7),
  });
  const altered = await client.ask(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse, 0, {
    upsertions: [upsertion('anna', SHA_512), upsertion('bob', SHA_256)],
  });
  assert.deepEqual(
    altered.results.map(({ user, errorCode }) => [user, errorCode]),
    [
      ['anna', 0],
      ['bob', 0],
    ],
  );
  await client.ask(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse, 0, {
    upsertions: [upsertion('anna', SHA_256)],
  });
  const anna = [
    [SHA_256, 4096],
    [SHA_512, 8192],
  ];
  assert.deepEqual(await describeUsers(null), { anna, bob: [[SHA_256, 4096]] });
  assert.deepEqual(await describeUsers([]), { anna, bob: [[SHA_256, 4096]] });
  assert.deepEqual(await describeUsers(['anna', 'carl', 'bob', 'bob']), {
    anna,
    carl: 'RESOURCE_NOT_FOUND',
    bob: 'DUPLICATE_RESOURCE',
  });
  await client.ask(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse, 0, {
    deletions: [{ name: 'bob', mechanism: SHA_256 }],
  });
  assert.deepEqual(await describeUsers(null), { anna });
});

test('a description of credentials without an error has an empty message', async () => {
  const { results } = await client.ask(describeUserScramCredentialsRequest, describeUserScramCredentialsResponse, 0, {
    users: null,
  });
  assert.deepEqual([results.length, ...results.map(({ errorMessage }) => errorMessage)], [1, '']);
});

test('the refusal of a delegation token names its owner and who asked, by the version', async () => {
  const ask = async (version: number, body: object) => {
    const answer = await client.ask(createDelegationTokenRequest, createDelegationTokenResponse, version, body);
    const { principalType, principalName, tokenRequesterPrincipalType, tokenRequesterPrincipalName } = answer;
    return [principalType, principalName, tokenRequesterPrincipalType, tokenRequesterPrincipalName];
  };
  assert.deepEqual(await ask(2, {}), ['User', 'ANONYMOUS', '', '']);
  const owner = { ownerPrincipalType: 'User', ownerPrincipalName: 'anna' };
  assert.deepEqual(await ask(3, owner), ['User', 'anna', 'User', 'ANONYMOUS']);
});

test('nobody who is unknown gets or changes a delegation token', async () => {
  const hmac = Buffer.alloc(64);
  const answers = [
    await client.ask(createDelegationTokenRequest, createDelegationTokenResponse, 3, {}),
    await client.ask(renewDelegationTokenRequest, renewDelegationTokenResponse, 2, { hmac }),
    await client.ask(expireDelegationTokenRequest, expireDelegationTokenResponse, 2, { hmac }),
    await client.ask(describeDelegationTokenRequest, describeDelegationTokenResponse, 3, { owners: null }),
  ];
  for (const { errorCode } of answers) assert.equal(errorName(errorCode), 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED');
});
