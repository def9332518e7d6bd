import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NOT_YET } from '../../src/config/accepted-reasons.ts';
import { BROKER_CONFIGS } from '../../src/config/broker-configs.ts';
import type { ConfigDefinition } from '../../src/config/config-definition.ts';
import { GROUP_CONFIGS } from '../../src/config/group-configs.ts';
import { TOPIC_CONFIGS } from '../../src/config/topic-configs.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** Everything that may read a setting of the broker: all sources but the tables themselves, and the command line's own. */
const readers = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(
    (path) =>
      path.endsWith('.ts') &&
      !/^(cli\/|config\/(broker-configs-|accepted-reasons|dynamic-broker-rules|missing-protection))/.test(path),
  )
  .map((path) => readFileSync(`${source}${path}`, 'utf8'))
  .join('\n');
const synonyms = new Set(([...TOPIC_CONFIGS, ...GROUP_CONFIGS] as ConfigDefinition[]).map(({ synonym }) => synonym));

const isRead = (name: string): boolean => synonyms.has(name) || readers.includes(`'${name}'`);

test('a setting that counts as supported is read somewhere', () => {
  const unread = (BROKER_CONFIGS as readonly ConfigDefinition[])
    .filter(({ name, accepted }) => accepted === undefined && !isRead(name))
    .map(({ name }) => name);
  assert.deepEqual(unread, [], 'mark them "accepted: NOT_YET" in src/config/broker-configs-*.ts');
});

test('a setting that is read no longer counts as without effect', () => {
  const read = (BROKER_CONFIGS as readonly ConfigDefinition[])
    .filter(({ name, accepted }) => accepted === NOT_YET && isRead(name))
    .map(({ name }) => name);
  assert.deepEqual(read, [], 'take "accepted: NOT_YET" away from them in src/config/broker-configs-*.ts');
});
