import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorName } from '../../src/protocol/errors.ts';
import { LATEST, registration, type Setup, startedController } from './controller-setup.ts';

const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;

async function update(
  { controller }: Setup,
  feature: string,
  maxVersionLevel: number,
  upgradeType = UPGRADE,
  apiVersion = 2,
) {
  const featureUpdates = [{ feature, maxVersionLevel, allowDowngrade: upgradeType !== UPGRADE, upgradeType }];
  const request = { timeoutMs: 0, featureUpdates, validateOnly: false };
  return controller.updateFeatures(request, { ...LATEST, apiVersion });
}

test('a fresh directory has the levels of the current release', async () => {
  const { controller } = await startedController();
  assert.deepEqual(Object.fromEntries(controller.image.features), {
    'metadata.version': 30,
    'eligible.leader.replicas.version': 1,
    'group.version': 1,
    'share.version': 1,
    'streams.version': 1,
    'transaction.version': 2,
  });
});

test('levels go down only when it is asked for, and up only as an upgrade', async () => {
  const setup = await startedController();
  const error = async (...parameters: [string, number, number?]) =>
    errorName((await update(setup, ...parameters)).errorCode);
  assert.equal(await error('transaction.version', 1), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('transaction.version', 1, SAFE_DOWNGRADE), 'NONE');
  assert.equal(setup.controller.image.features.get('transaction.version'), 1);
  assert.equal(await error('transaction.version', 2, SAFE_DOWNGRADE), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('transaction.version', 2), 'NONE');
  assert.equal(await error('transaction.version', 9), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('transaction.version', -1, SAFE_DOWNGRADE), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('no.such', 1), 'INVALID_UPDATE_VERSION');
  for (const unknown of [0, 4]) assert.equal(await error('transaction.version', 1, unknown), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('kraft.version', 1), 'INVALID_UPDATE_VERSION');
  assert.equal(await error('group.version', 0, SAFE_DOWNGRADE), 'NONE');
  assert.equal(setup.controller.image.features.has('group.version'), false);
});

test('a level that one of the brokers does not support is refused', async () => {
  const setup = await startedController();
  await update(setup, 'transaction.version', 1, SAFE_DOWNGRADE);
  const other = registration(setup, { brokerId: 2, logDirs: ['AE96oQ02S4qcPRBw-YYm4w'] });
  const features = other.features.map((feature) =>
    feature.name === 'transaction.version' ? { ...feature, maxSupportedVersion: 1 } : feature,
  );
  assert.equal(errorName((await setup.controller.registerBroker({ ...other, features })).errorCode), 'NONE');
  const { errorCode, errorMessage } = await update(setup, 'transaction.version', 2);
  assert.equal(errorName(errorCode), 'INVALID_UPDATE_VERSION');
  assert.match(errorMessage!, /Broker 2 supports levels 0 to 1/);
});

test('kraft.version may be told the level that it has; no record says so', async () => {
  const setup = await startedController();
  const error = async (level: number, type: number) =>
    errorName((await update(setup, 'kraft.version', level, type)).errorCode);
  const before = setup.controller.image.lastOffset;
  assert.equal(await error(0, SAFE_DOWNGRADE), 'NONE');
  assert.equal(await error(0, UPGRADE), 'NONE');
  assert.equal(await error(1, SAFE_DOWNGRADE), 'INVALID_UPDATE_VERSION');
  assert.equal(await error(2, UPGRADE), 'INVALID_UPDATE_VERSION');
  assert.equal(setup.controller.image.lastOffset, before);
  // As a downgrade of everything to an older release asks for it.
  const featureUpdates = [
    { feature: 'kraft.version', maxVersionLevel: 0, allowDowngrade: true, upgradeType: SAFE_DOWNGRADE },
    { feature: 'transaction.version', maxVersionLevel: 0, allowDowngrade: true, upgradeType: SAFE_DOWNGRADE },
  ];
  const { results } = await setup.controller.updateFeatures(
    { timeoutMs: 0, featureUpdates, validateOnly: false },
    { ...LATEST, apiVersion: 1 },
  );
  assert.deepEqual(
    results.map(({ errorCode }) => errorCode),
    [0, 0],
  );
  assert.equal(setup.controller.image.features.has('transaction.version'), false);
  assert.equal(setup.controller.image.features.has('kraft.version'), false);
});

test('each feature of an update that was carried out is told so', async () => {
  const { results } = await update(await startedController(), 'group.version', 1, UPGRADE, 1);
  assert.deepEqual(results, [{ feature: 'group.version', errorCode: 0, errorMessage: 'NONE' }]);
});

test('metadata.version goes down only where no metadata would be lost', async () => {
  const setup = await startedController();
  const error = async (level: number, type?: number) =>
    errorName((await update(setup, 'metadata.version', level, type)).errorCode);
  assert.equal(await error(31), 'NONE');
  assert.equal(await error(30, SAFE_DOWNGRADE), 'NONE');
  assert.equal(await error(29, SAFE_DOWNGRADE), 'INVALID_UPDATE_VERSION');
  assert.equal(setup.controller.image.metadataVersion, 30);
});

test('all updates of a request or none', async () => {
  const { controller } = await startedController();
  const featureUpdates = [
    { feature: 'transaction.version', maxVersionLevel: 1, allowDowngrade: true, upgradeType: SAFE_DOWNGRADE },
    { feature: 'group.version', maxVersionLevel: 7, allowDowngrade: false, upgradeType: UPGRADE },
  ];
  const request = { timeoutMs: 0, featureUpdates, validateOnly: false };
  for (const apiVersion of [1, 2]) {
    const { errorCode, errorMessage, results } = await controller.updateFeatures(request, { ...LATEST, apiVersion });
    assert.equal(errorName(errorCode), 'INVALID_UPDATE_VERSION');
    assert.match(errorMessage!, /group\.version/);
    assert.deepEqual(results, []);
  }
  assert.equal(controller.image.features.get('transaction.version'), 2);
  const dry = await controller.updateFeatures(
    { ...request, featureUpdates: [featureUpdates[0]], validateOnly: true },
    LATEST,
  );
  assert.equal(dry.errorCode, 0);
  assert.equal(controller.image.features.get('transaction.version'), 2);
});

test('turning ELR on makes the minimum of in-sync replicas a setting of the cluster', async () => {
  const setup = await startedController();
  const { image } = setup.controller;
  const elr = 'eligible.leader.replicas.version';
  const set = async (resourceName: string, value: string | null) => {
    const configs = [{ name: 'min.insync.replicas', configOperation: value === null ? 1 : 0, value }];
    const resources = [{ resourceType: 4, resourceName, configs }];
    const request = { resources, validateOnly: false };
    return errorName((await setup.controller.incrementalAlterConfigs(request, LATEST)).responses[0].errorCode);
  };
  assert.equal(await set('1', '2'), 'INVALID_CONFIG');
  assert.equal(await set('', null), 'INVALID_CONFIG');
  await update(setup, elr, 0, SAFE_DOWNGRADE);
  assert.equal(await set('', null), 'NONE');
  assert.equal(await set('1', '2'), 'NONE');
  await update(setup, 'transaction.version', 1, SAFE_DOWNGRADE);
  assert.equal(image.configs.broker(1).get('min.insync.replicas'), '2', 'another feature leaves it alone');
  await update(setup, elr, 1);
  assert.equal(image.configs.broker().get('min.insync.replicas'), '1');
  assert.equal(image.configs.broker(1).has('min.insync.replicas'), false);
});
