/** What README.md says of settings and of the command line is so. Metrics: deploy.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { brokerConfigDefinitionOf } from '../src/config/broker-configs.ts';
import { MILLRACE_CONFIGS } from '../src/config/broker-configs-millrace.ts';
import { topicConfigDefinition } from '../src/config/topic-config.ts';
import { millrace } from './cli/terminal.ts';

const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

type Default = boolean | number | string | null;

const UNITS: Readonly<Record<string, number>> = { MiB: 2 ** 20, s: 1000, days: 86_400_000 };
/** Words for a default that is no value. */
const WORDS: Readonly<Record<string, Default>> = { on: true, true: true, off: '', drawn: null };

/** A default as the table writes it, in the unit of the setting. */
function defaultOf(written: string): Default {
  const word = written.replaceAll('`', '');
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  const [, number, unit] = /^([\d,]+)(?: (\w+))?$/.exec(word) ?? [];
  if (number === undefined) return word;
  return Number(number.replaceAll(',', '')) * (unit ? UNITS[unit] : 1);
}

/** Defaults by name, as rows of several settings give them in their order. */
function documented(): Map<string, Default> {
  const found = new Map<string, Default>();
  for (const [, names, defaults] of page.matchAll(/^\| (`millrace\.[^|]+) \| ([^|]+) \|/gm)) {
    const values = defaults.startsWith('by cores') ? [0, 0] : defaults.split(', ').map(defaultOf);
    for (const [at, name] of names.split(', ').entries()) found.set(name.replaceAll('`', ''), values[at]);
  }
  return found;
}

describe('the README', () => {
  test('has every setting that Kafka does not have, with its default', () => {
    const there = new Map(MILLRACE_CONFIGS.map(({ name, defaultValue }) => [name as string, defaultValue]));
    assert.deepEqual(
      [...documented()].sort(([a], [b]) => (a < b ? -1 : 1)),
      [...there].sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });

  test('names settings that are there', () => {
    const named = [...page.matchAll(/`([a-z]+(?:\.[a-z]+)+)[`=]/g), ...page.matchAll(/--override ([a-z.]+)=/g)];
    const strange = named
      .map(([, name]) => name)
      .filter((name) => !brokerConfigDefinitionOf(name) && !topicConfigDefinition(name));
    // Of the test broker.
    assert.deepEqual(strange, ['broker.ca']);
  });

  test('names commands and options that are there', async () => {
    const commands = [...page.matchAll(/bin\/millrace ([a-z][^`\n]*)/g)].map(([, words]) => words.split(' '));
    for (const [, command, actions] of page.matchAll(/`(topic|group) ([a-z|]+)`/g))
      commands.push(...actions.split('|').map((action) => [command, action]));
    assert.ok(commands.length > 8);
    for (const words of commands) {
      const path = words[0] === 'topic' || words[0] === 'group' ? words.slice(0, 2) : words.slice(0, 1);
      const { out } = await millrace([...path, '--help']);
      assert.match(out, new RegExp(`^Usage: millrace ${path.join(' ')}`));
      for (const option of words.filter((word) => word.startsWith('--'))) assert.ok(out.includes(option), option);
    }
  });
});
