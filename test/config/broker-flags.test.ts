import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBrokerFlags } from '../../src/config/broker-flags.ts';

test("Kafka's start script and our shorthands", () => {
  assert.deepEqual(parseBrokerFlags(['server.properties', '--override', 'log.dirs=/a,/b', '--override=node.id=2']), {
    propertiesFile: 'server.properties',
    overrides: ['log.dirs=/a,/b', 'node.id=2'],
    help: false,
  });
  assert.deepEqual(parseBrokerFlags(['--port', '19092', '--data=/d', 'num.partitions=3']).overrides, [
    'listeners=PLAINTEXT://:19092',
    'log.dirs=/d',
    'num.partitions=3',
  ]);
  assert.equal(parseBrokerFlags(['-h']).help, true);
  assert.equal(parseBrokerFlags([]).propertiesFile, undefined);
});

test('what makes no sense is refused', () => {
  assert.throws(() => parseBrokerFlags(['--frob']), /unknown option --frob/);
  assert.throws(() => parseBrokerFlags(['--override']), /--override needs a value/);
  assert.throws(() => parseBrokerFlags(['a.properties', 'b.properties']), /two properties files/);
});
