/** What scripts/deploy and docs/deployment.md name is there: settings, metrics, paths, files; and metrics of the README. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brokerConfigDefinitionOf } from '../src/config/broker-configs.ts';
import { parseBrokerFlags } from '../src/config/broker-flags.ts';
import { loadBrokerConfig } from '../src/config/load-broker-config.ts';
import { parseProperties } from '../src/config/properties-file.ts';
import { topicConfigDefinition } from '../src/config/topic-config.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../src/protocol/messages/08-offset-commit.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../src/protocol/messages/10-find-coordinator.ts';
import { recordBatches } from '../src/protocol/records/stored-batches.ts';
import { startTestBroker } from '../src/testing/test-broker.ts';
import { RawClient } from './broker/raw-client.ts';
import { StorageClient } from './broker/storage-client.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const deploy = join(root, 'scripts/deploy');
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8');
const page = readFileSync(join(root, 'docs/deployment.md'), 'utf8');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Values of the unit by their names; of one that stands twice the last. */
const unit = new Map(
  [...read('millrace.service').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value] as const),
);

/** Metrics that are Prometheus' own, and words of its language. */
const NOT_OURS = ['up', 'job', 'rate', 'increase', 'sum', 'by', 'or', 'instance', 'consumergroup', 'topic', 'quantile'];

describe('deployment', () => {
  test('the properties file has known settings, and no warning', () => {
    const loaded = loadBrokerConfig({ propertiesFile: join(deploy, 'server.properties') });
    assert.deepEqual(loaded.warnings, []);
    assert.deepEqual(loaded.identity.logDirs, [`/var/lib/${unit.get('StateDirectory')}/data`]);
    const proposed = read('server.properties').replace(/^#(?=\S+=)/gm, '');
    for (const name of parseProperties(proposed).keys()) assert.ok(brokerConfigDefinitionOf(name), name);
  });

  test('the unit starts a broker with the file that the page speaks of, and does not restart it for its settings', () => {
    const [command, name, ...flags] = unit.get('ExecStart')!.split(' ');
    assert.equal(name, 'broker');
    assert.ok(page.includes('ln -sfn') && command.startsWith('/opt/millrace/current/'), command);
    const { propertiesFile } = parseBrokerFlags(flags);
    assert.ok(page.includes(`scripts/deploy/server.properties ${propertiesFile}`), propertiesFile);
    const code = /EXIT_CONFIG = (\d+)/.exec(readFileSync(join(root, 'src/broker/run-broker.ts'), 'utf8'))![1];
    assert.equal(unit.get('RestartPreventExitStatus'), code);
  });

  test('the page names every file, and settings that are there', () => {
    for (const name of readdirSync(deploy)) {
      if (!name.endsWith('.dockerignore')) assert.ok(page.includes(`scripts/deploy/${name}`), name);
    }
    const named = [...page.matchAll(/`([a-z]+(?:\.[a-z]+)+)`/g)].map(([, name]) => name);
    const strange = named.filter((name) => !brokerConfigDefinitionOf(name) && !topicConfigDefinition(name));
    // Of the kernel, of Kafka's features, and files.
    const others = /^(vm|net)\.|^metadata\.version$|\.(properties|service|yml)$/;
    assert.deepEqual(
      strange.filter((name) => !others.test(name)),
      [],
    );
    for (const [, variable] of read('Dockerfile').matchAll(/\b(KAFKA_[A-Z_]+)=/g)) {
      assert.ok(brokerConfigDefinitionOf(variable.slice(6).toLowerCase().replaceAll('_', '.')), variable);
    }
  });

  test('every metric in the alert rules, on the page and in the README is served', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-deploy-'));
    let damaged = (): void => {};
    const found = new Promise<void>((resolve) => (damaged = resolve));
    const broker = await startTestBroker({
      folder,
      configs: { 'millrace.metrics.listener': '127.0.0.1:0', 'millrace.scrub.interval.ms': 1_000 },
      logger: {
        debug() {},
        info() {},
        warn() {},
        error: (_, message) => message.startsWith('records are damaged') && damaged(),
      },
    });
    try {
      const client = await StorageClient.connect(broker.port);
      await client.create('t', 1, { 'segment.bytes': '1048576' });
      for (let at = 0; at < 30; at++) await client.produce('t', 'v'.repeat(40_000));
      client.close();
      const raw = await RawClient.connect(broker.port);
      const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }];
      const body = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: 't', partitions }] };
      await raw.ask(findCoordinatorRequest, findCoordinatorResponse, 4, { coordinatorKeys: ['g'] });
      const commit = async (): Promise<number> =>
        (await raw.ask(offsetCommitRequest, offsetCommitResponse, 8, body)).topics[0].partitions[0].errorCode;
      while ((await commit()) !== 0);
      raw.close();
      const file = join(folder, 't-0', '00000000000000000000.log');
      const bytes = readFileSync(file);
      const [first] = recordBatches(bytes);
      bytes[10 * first.sizeBytes + 5_000] ^= 1;
      writeFileSync(file, bytes);
      await found;
      const text = await (await fetch(`http://127.0.0.1:${broker.metricsPort}/metrics`)).text();
      const served = new Set([...text.matchAll(/^(\w+)[{ ]/gm)].map(([, name]) => name));
      const rules = [...read('alerts.yml').matchAll(/expr: (.*)/g)].map(([, rule]) => rule.replace(/"[^"]*"/g, ''));
      const names = rules.flatMap((rule) => rule.match(/\b[a-z_]+\b/g)!.filter((word) => !NOT_OURS.includes(word)));
      names.push(...[...page.matchAll(/`((?:kafka|millrace|process)_[a-z_]+)`/g)].map(([, name]) => name));
      names.push(...[...readme.matchAll(/^((?:kafka|millrace|process)_[a-z_]+)[{ ]/gm)].map(([, name]) => name));
      assert.ok(names.length > 15);
      assert.deepEqual(
        names.filter((name) => !served.has(name)),
        [],
      );
    } finally {
      await broker.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
