import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKER_CONFIGS, brokerConfigDefinition } from '../../src/config/broker-configs.ts';
import { CLIENT_METRICS_CONFIGS } from '../../src/config/client-metrics-configs.ts';
import type { ConfigDefinition } from '../../src/config/config-definition.ts';
import { canonicalText, isProblem, parseConfigValue } from '../../src/config/config-value.ts';
import { GROUP_CONFIGS } from '../../src/config/group-configs.ts';
import { TOPIC_CONFIGS } from '../../src/config/topic-configs.ts';

const TABLES: Readonly<Record<string, readonly ConfigDefinition[]>> = {
  broker: BROKER_CONFIGS,
  topic: TOPIC_CONFIGS,
  group: GROUP_CONFIGS,
  'client metrics': CLIENT_METRICS_CONFIGS,
};

for (const [table, definitions] of Object.entries(TABLES)) {
  test(`${table}: names are unique and documented`, () => {
    const names = definitions.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
    for (const { name, documentation, accepted } of definitions) {
      assert.match(documentation, /^\S.*\.$/s, name);
      if (accepted !== undefined) assert.match(accepted, /^\S.*\.$/s, name);
    }
  });

  test(`${table}: every default passes its own check`, () => {
    for (const definition of definitions) {
      const text = canonicalText(definition, definition.defaultValue);
      if (text === null) continue;
      const parsed = parseConfigValue(definition, text);
      assert.ok(!isProblem(parsed), `${definition.name}: ${JSON.stringify(parsed)}`);
      assert.deepEqual(parsed, { value: definition.defaultValue, text }, definition.name);
    }
  });

  test(`${table}: a default that differs from Kafka's says why`, () => {
    for (const { name, kafkaDefault, why } of definitions) {
      assert.equal(kafkaDefault === undefined, why === undefined, name);
    }
  });
}

test('every synonym of a topic or group setting is a broker setting', () => {
  for (const { name, synonym, type } of [...TOPIC_CONFIGS, ...GROUP_CONFIGS] as readonly ConfigDefinition[]) {
    if (synonym === undefined) continue;
    const broker = brokerConfigDefinition(synonym);
    assert.ok(broker, `${name}: ${synonym}`);
    // log.index.interval.bytes and the like have the same type; nothing else could give a default.
    assert.equal(broker.type, type, name);
  }
});

test("settings of our own begin with millrace., and Kafka's do not", () => {
  const own = BROKER_CONFIGS.filter(({ name }) => name.startsWith('millrace.'));
  assert.equal(own.length, 24);
});
