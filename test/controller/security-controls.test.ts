import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { tokenHmac } from '../../src/controller/token-control.ts';
import { scramKey } from '../../src/metadata/security-image.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { LATEST, startedController } from './controller-setup.ts';

test('quotas: what is set, removed and refused', async () => {
  const { controller } = await startedController();
  const user = [{ entityType: 'user', entityName: 'u' as string | null }];
  const alter = async (
    entity: { entityType: string; entityName: string | null }[],
    key: string,
    value: number,
    remove = false,
  ) => {
    const request = { entries: [{ entity, ops: [{ key, value, remove }] }], validateOnly: false };
    return errorName((await controller.alterClientQuotas(request, LATEST)).entries[0].errorCode);
  };
  assert.equal(await alter(user, 'producer_byte_rate', 1024), 'NONE');
  assert.equal(await alter(user, 'request_percentage', 0.5), 'NONE');
  assert.deepEqual(Object.fromEntries(controller.image.clientQuotas.of(user)), {
    producer_byte_rate: 1024,
    request_percentage: 0.5,
  });
  assert.equal(await alter(user, 'producer_byte_rate', 0, true), 'NONE');
  assert.deepEqual(Object.fromEntries(controller.image.clientQuotas.of(user)), { request_percentage: 0.5 });
  assert.equal(await alter(user, 'producer_byte_rate', 1.5), 'INVALID_REQUEST');
  assert.equal(await alter(user, 'producer_byte_rate', 0), 'INVALID_REQUEST');
  assert.equal(await alter(user, 'producer_byte_rate', Number.NaN), 'INVALID_REQUEST');
  assert.equal(await alter(user, 'connection_creation_rate', 1), 'INVALID_REQUEST');
  assert.equal(await alter([], 'producer_byte_rate', 1), 'INVALID_REQUEST');
  assert.equal(await alter([{ entityType: 'x', entityName: 'u' }], 'producer_byte_rate', 1), 'INVALID_REQUEST');
  assert.equal(await alter([...user, ...user], 'producer_byte_rate', 1), 'INVALID_REQUEST');
  assert.equal(await alter([{ entityType: 'ip', entityName: '10.0.0.1' }], 'connection_creation_rate', 5), 'NONE');
  assert.equal(await alter([{ entityType: 'ip', entityName: null }], 'connection_creation_rate', 5), 'NONE');
  assert.equal(
    await alter([{ entityType: 'ip', entityName: 'nowhere' }], 'connection_creation_rate', 5),
    'INVALID_REQUEST',
  );
  assert.equal(
    await alter([{ entityType: 'ip', entityName: '10.0.0.1' }, ...user], 'connection_creation_rate', 5),
    'INVALID_REQUEST',
  );
});

test('SCRAM credentials: the stored keys are those of RFC 5802', async () => {
  const { controller } = await startedController();
  const salt = Buffer.from('salt');
  const saltedPassword = pbkdf2Sync('secret', salt, 4096, 32, 'sha256');
  const upsertion = { name: 'u', mechanism: 1, iterations: 4096, salt, saltedPassword };
  const { results } = await controller.alterUserScramCredentials({ deletions: [], upsertions: [upsertion] }, LATEST);
  assert.deepEqual(results, [{ user: 'u', errorCode: 0, errorMessage: null }]);
  const stored = controller.image.scramCredentials.get(scramKey(1, 'u'))!;
  const clientKey = createHmac('sha256', saltedPassword).update('Client Key').digest();
  assert.deepEqual(Buffer.from(stored.storedKey), createHash('sha256').update(clientKey).digest());
  assert.deepEqual(Buffer.from(stored.serverKey), createHmac('sha256', saltedPassword).update('Server Key').digest());
  assert.deepEqual([Buffer.from(stored.salt), stored.iterations], [salt, 4096]);
});

test('SCRAM credentials that are refused', async () => {
  const { controller } = await startedController();
  const bytes = Buffer.from('x');
  const upsert = (name: string, fields: object = {}) => ({
    name,
    mechanism: 1,
    iterations: 4096,
    salt: bytes,
    saltedPassword: bytes,
    ...fields,
  });
  const upsertions = [
    upsert('few', { iterations: 4095 }),
    upsert('many', { iterations: 16385 }),
    upsert('odd', { mechanism: 3 }),
    upsert(''),
    upsert('twice'),
    upsert('twice'),
  ];
  const { results } = await controller.alterUserScramCredentials(
    { deletions: [{ name: 'nobody', mechanism: 1 }], upsertions },
    LATEST,
  );
  assert.deepEqual(Object.fromEntries(results.map(({ user, errorCode }) => [user, errorName(errorCode)])), {
    twice: 'DUPLICATE_RESOURCE',
    nobody: 'RESOURCE_NOT_FOUND',
    few: 'UNACCEPTABLE_CREDENTIAL',
    many: 'UNACCEPTABLE_CREDENTIAL',
    odd: 'UNSUPPORTED_SASL_MECHANISM',
    '': 'UNACCEPTABLE_CREDENTIAL',
  });
  assert.equal(controller.image.scramCredentials.size, 0);
});

const acl = (fields: object = {}) => ({
  resourceType: 2,
  resourceName: 'a',
  resourcePatternType: 3,
  principal: 'User:u',
  host: '*',
  operation: 3,
  permissionType: 3,
  ...fields,
});
const filter = (fields: object = {}) => ({
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
  ...fields,
});

test('ACLs are refused while there is no authorizer', async () => {
  const { controller } = await startedController();
  const { results } = await controller.createAcls({ creations: [acl()] }, LATEST);
  assert.equal(errorName(results[0].errorCode), 'SECURITY_DISABLED');
  const { filterResults } = await controller.deleteAcls({ filters: [filter()] }, LATEST);
  assert.equal(errorName(filterResults[0].errorCode), 'SECURITY_DISABLED');
});

test('ACLs are created once, found by filters and removed', async () => {
  const { controller } = await startedController({ settings: { aclsEnabled: true } });
  const wanted = [
    acl(),
    acl(),
    acl({ resourcePatternType: 4 }),
    acl({ resourceName: '*' }),
    acl({ resourceName: 'b' }),
  ];
  const { results } = await controller.createAcls({ creations: wanted }, LATEST);
  assert.ok(results.every(({ errorCode }) => errorCode === 0));
  assert.equal(controller.image.acls.size, 4, 'one that exists is not written again');
  const remove = async (fields: object) => {
    const { filterResults } = await controller.deleteAcls({ filters: [filter(fields)] }, LATEST);
    return filterResults[0].matchingAcls
      .map(({ resourceName, patternType }) => `${resourceName} ${patternType}`)
      .toSorted();
  };
  assert.deepEqual(await remove({ principalFilter: 'User:other' }), []);
  assert.deepEqual(await remove({ patternTypeFilter: 3, resourceNameFilter: 'b' }), ['b 3']);
  assert.deepEqual(
    await remove({ patternTypeFilter: 2, resourceNameFilter: 'abc' }),
    ['* 3', 'a 4'],
    'all that apply to abc',
  );
  assert.deepEqual(await remove({}), ['a 3']);
  assert.equal(controller.image.acls.size, 0);
});

test('ACLs that make no sense', async () => {
  const { controller } = await startedController({ settings: { aclsEnabled: true } });
  const bad = [
    { resourceType: 1 },
    { resourceType: 9 },
    { resourcePatternType: 2 },
    { operation: 1 },
    { permissionType: 1 },
    { resourceName: '' },
    { resourceType: 4 },
    { principal: 'u' },
  ];
  const { results } = await controller.createAcls({ creations: bad.map((fields) => acl(fields)) }, LATEST);
  assert.deepEqual(
    results.map(({ errorCode }) => errorName(errorCode)),
    bad.map(() => 'INVALID_REQUEST'),
  );
  const { filterResults } = await controller.deleteAcls({ filters: [filter({ operation: 0 })] }, LATEST);
  assert.equal(errorName(filterResults[0].errorCode), 'INVALID_REQUEST');
});

test('delegation tokens from creation to expiry', async () => {
  const secretKey = 'k';
  const settings = { delegationTokens: { secretKey, maxLifetimeMs: 10_000, renewLifetimeMs: 1000 } };
  const { controller, clock } = await startedController({ settings });
  const renewers = [{ principalType: 'User', principalName: 'renewer' }];
  const request = { ownerPrincipalType: null, ownerPrincipalName: null, renewers, maxLifetimeMs: 2500 };
  const created = await controller.createDelegationToken(request, LATEST);
  const start = clock.wallMs();
  assert.deepEqual(
    [created.errorCode, created.expiryTimestampMs - start, created.maxTimestampMs - start],
    [0, 1000, 2500],
  );
  assert.deepEqual(Buffer.from(created.hmac), tokenHmac(created.tokenId, secretKey));
  const { hmac } = created;
  const renew = async (principal: string, bytes: Uint8Array = hmac) => {
    const { errorCode, expiryTimestampMs } = await controller.renewDelegationToken(
      { hmac: bytes, renewPeriodMs: 5000 },
      { ...LATEST, principal },
    );
    return errorCode === 0 ? expiryTimestampMs - start : errorName(errorCode);
  };
  clock.advance(900);
  assert.equal(await renew('User:renewer'), 1900);
  assert.equal(await renew('User:stranger'), 'DELEGATION_TOKEN_OWNER_MISMATCH');
  assert.equal(await renew('User:tester', Buffer.alloc(64)), 'DELEGATION_TOKEN_NOT_FOUND');
  clock.advance(900);
  assert.equal(await renew('User:tester'), 2500, 'never beyond the greatest lifetime');
  clock.advance(1000);
  assert.equal(await renew('User:tester'), 'DELEGATION_TOKEN_EXPIRED');
  await controller.removeExpiredTokens();
  assert.equal(controller.image.delegationTokens.size, 0);
});

test('a token is ended by its owner, and there are none without a secret key', async () => {
  const settings = { delegationTokens: { secretKey: 'k', maxLifetimeMs: 10_000, renewLifetimeMs: 1000 } };
  const { controller } = await startedController({ settings });
  const request = { ownerPrincipalType: 'User', ownerPrincipalName: 'owner', renewers: [], maxLifetimeMs: -1 };
  const { hmac, principalName, tokenRequesterPrincipalName } = await controller.createDelegationToken(request, LATEST);
  assert.deepEqual([principalName, tokenRequesterPrincipalName], ['owner', 'tester']);
  const expire = (expiryTimePeriodMs: number) =>
    controller.expireDelegationToken({ hmac, expiryTimePeriodMs }, { ...LATEST, principal: 'User:owner' });
  assert.equal((await expire(500)).errorCode, 0);
  assert.equal((await expire(-1)).errorCode, 0);
  assert.equal(errorName((await expire(-1)).errorCode), 'DELEGATION_TOKEN_NOT_FOUND');
  const renewers = [{ principalType: 'Group', principalName: 'x' }];
  assert.equal(
    errorName((await controller.createDelegationToken({ ...request, renewers }, LATEST)).errorCode),
    'INVALID_PRINCIPAL_TYPE',
  );
  const without = await startedController();
  const refused = await without.controller.createDelegationToken(request, LATEST);
  assert.equal(errorName(refused.errorCode), 'DELEGATION_TOKEN_AUTH_DISABLED');
});
