import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChangeSet } from '../../src/metadata/change-set.ts';
import { imageRecords } from '../../src/metadata/image-records.ts';
import { readBatches } from '../../src/metadata/metadata-batch.ts';
import { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { MetadataReplayer } from '../../src/metadata/metadata-replayer.ts';
import { imageContent } from '../metadata/image-content.ts';
import { creatable, createRequest, LATEST, openController, type Setup, startBroker } from './controller-setup.ts';

/** Random administration of one broker: whatever is done, the log alone must give the image back. */

const NAMES = ['a', 'b', 'a.b', 'a_b', 'c'];
const name = fc.constantFrom(...NAMES);

type Step = (state: State) => Promise<unknown>;

interface State {
  setup: Setup;
  brokerEpoch: number;
  mirror: Mirror;
  seed: number;
}

/** What a listener knows that only ever applied deltas. */
class Mirror {
  readonly topics = new Map<string, unknown>();
  readonly configs = new Map<string, unknown>();
  readonly brokers = new Map<number, unknown>();
  readonly quotas = new Map<string, unknown>();
  readonly features = new Map<string, unknown>();

  readonly apply = (delta: MetadataDelta): void => {
    const take = <K, T>(known: Map<K, unknown>, changes: ChangeSet<K, T>): void => {
      for (const [key, { after }] of changes) {
        if (after === null) known.delete(key);
        else known.set(key, after);
      }
    };
    take(this.topics, delta.topics);
    take(this.configs, delta.configs);
    take(this.brokers, delta.brokers);
    take(this.quotas, delta.clientQuotas);
    take(this.features, delta.features);
  };

  agreesWith(image: MetadataImage): void {
    assert.deepEqual(new Set(this.topics.values()), new Set(image.topics.values()));
    assert.deepEqual(new Set(this.configs.values()), new Set(image.configs.resources()));
    assert.deepEqual(new Set(this.brokers.values()), new Set(image.cluster.brokers()));
    assert.deepEqual(new Set(this.quotas.values()), new Set(image.clientQuotas.entities()));
    assert.deepEqual(this.features, new Map(image.features));
  }
}

const create = fc
  .record({ name, partitions: fc.integer({ min: -2, max: 4 }), retention: fc.option(fc.constantFrom('1', '2', 'x')) })
  .map(
    ({ name: topic, partitions, retention }): Step =>
      ({ setup }) => {
        const configs = retention === null ? [] : [{ name: 'retention.ms', value: retention }];
        return setup.controller.createTopics(
          createRequest([creatable(topic, { numPartitions: partitions, configs })]),
          LATEST,
        );
      },
  );

const remove = name.map(
  (topic): Step =>
    ({ setup }) =>
      setup.controller.deleteTopics({ topics: [], topicNames: [topic], timeoutMs: 5000 }, LATEST),
);

const grow = fc.tuple(name, fc.integer({ min: 1, max: 8 })).map(
  ([topic, count]): Step =>
    ({ setup }) => {
      const topics = [{ name: topic, count, assignments: null }];
      return setup.controller.createPartitions({ topics, timeoutMs: 5000, validateOnly: false }, LATEST);
    },
);

const configure = fc
  .record({
    type: fc.constantFrom(2, 4, 16, 32),
    name,
    operation: fc.integer({ min: 0, max: 3 }),
    value: fc.constantFrom('1', 'compact', '60000'),
  })
  .map(
    ({ type, name: resource, operation, value }): Step =>
      ({ setup }) => {
        const settings: Record<number, string> = {
          2: operation > 1 ? 'cleanup.policy' : 'retention.ms',
          4: 'log.cleaner.threads',
          16: 'interval.ms',
          32: 'consumer.session.timeout.ms',
        };
        const configs = [{ name: settings[type], configOperation: operation, value: operation === 1 ? null : value }];
        const resources = [{ resourceType: type, resourceName: type === 4 ? '' : resource, configs }];
        return setup.controller.incrementalAlterConfigs({ resources, validateOnly: false }, LATEST);
      },
  );

const quota = fc
  .record({
    user: fc.option(name),
    key: fc.constantFrom('producer_byte_rate', 'request_percentage'),
    value: fc.integer({ min: 0, max: 3 }),
    remove: fc.boolean(),
  })
  .map(
    ({ user, key, value, remove: removed }): Step =>
      ({ setup }) => {
        const entries = [
          { entity: [{ entityType: 'user', entityName: user }], ops: [{ key, value, remove: removed }] },
        ];
        return setup.controller.alterClientQuotas({ entries, validateOnly: false }, LATEST);
      },
  );

const credential = fc.tuple(name, fc.boolean()).map(
  ([user, removed]): Step =>
    ({ setup }) => {
      const deletions = removed ? [{ name: user, mechanism: 1 }] : [];
      const upsertions = removed
        ? []
        : [{ name: user, mechanism: 1, iterations: 4096, salt: Buffer.from(user), saltedPassword: Buffer.from('x') }];
      return setup.controller.alterUserScramCredentials({ deletions, upsertions }, LATEST);
    },
);

const feature = fc.integer({ min: 0, max: 2 }).map(
  (level): Step =>
    ({ setup }) => {
      const current = setup.controller.image.features.get('transaction.version') ?? 0;
      const upgradeType = level < current ? 2 : 1;
      const featureUpdates = [
        { feature: 'transaction.version', maxVersionLevel: level, allowDowngrade: false, upgradeType },
      ];
      return setup.controller.updateFeatures({ timeoutMs: 5000, featureUpdates, validateOnly: false }, LATEST);
    },
);

const allocate = fc.constant<Step>(({ setup, brokerEpoch }) =>
  setup.controller.allocateProducerIds({ brokerId: 1, brokerEpoch }),
);
const snapshot = fc.constant<Step>(({ setup }) => setup.controller.snapshot());

const restart = fc.boolean().map(
  (clean): Step =>
    async (state) => {
      const before = imageContent(state.setup.controller.image);
      if (clean) await state.setup.controller.close();
      state.seed++;
      state.setup = await openController({ files: state.setup.files.clone(), seed: state.seed });
      assert.deepEqual(imageContent(state.setup.controller.image), before, 'what replay gives is what there was');
      state.mirror = new Mirror();
      await state.setup.controller.subscribe(state.mirror.apply);
      const previousBrokerEpoch = clean ? state.brokerEpoch : -1;
      const incarnationId = Buffer.from(`incarnation${state.seed}`.padEnd(16).slice(0, 16)).toString('base64url');
      state.brokerEpoch = await startBroker(state.setup, { incarnationId, previousBrokerEpoch });
    },
);

const step = fc.oneof(
  { weight: 4, arbitrary: create },
  remove,
  grow,
  { weight: 3, arbitrary: configure },
  quota,
  credential,
  feature,
  allocate,
  snapshot,
  restart,
);

test('the log alone gives the image back, and deltas add up to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const setup = await openController();
      const state: State = { setup, brokerEpoch: 0, mirror: new Mirror(), seed: 1 };
      await setup.controller.subscribe(state.mirror.apply);
      state.brokerEpoch = await startBroker(setup);
      for (const run of steps) await run(state);
      const { image } = state.setup.controller;
      state.mirror.agreesWith(image);
      const expected = imageContent(image);

      const replayed = new MetadataReplayer(new MetadataImage());
      for (const piece of state.setup.directory.log.read(0)) {
        for (const batch of readBatches(piece)) replayed.replay(batch.records, batch.lastOffset, batch.epoch);
      }
      assert.deepEqual(imageContent(replayed.image), expected, 'full replay');

      const reopened = await openController({ files: state.setup.files.clone(), seed: 99 });
      assert.deepEqual(imageContent(reopened.controller.image), expected, 'newest snapshot and the tail');

      const copy = new MetadataImage();
      for (const record of imageRecords(image)) copy.replay(record, new MetadataDelta());
      assert.deepEqual(imageContent(copy), expected, 'records of a snapshot');
    }),
    { numRuns: 60 },
  );
});
