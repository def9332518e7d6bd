/** `millrace settings`: what can be set, from the tables of `src/config`; needs no broker. */
import { BROKER_CONFIGS } from '../config/broker-configs.ts';
import { CLIENT_METRICS_CONFIGS } from '../config/client-metrics-configs.ts';
import { type ConfigDefinition, configStatus } from '../config/config-definition.ts';
import { canonicalText } from '../config/config-value.ts';
import { GROUP_CONFIGS } from '../config/group-configs.ts';
import { TOPIC_CONFIGS } from '../config/topic-configs.ts';
import { CliError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import type { ConnectionFlags } from './cluster-client.ts';
import { json } from './output.ts';

export interface SettingsFlags extends ConnectionFlags {
  readonly of: 'broker' | 'topic' | 'group' | 'client-metrics';
  readonly json?: boolean;
}

const TABLES: Readonly<Record<SettingsFlags['of'], readonly ConfigDefinition[]>> = {
  broker: BROKER_CONFIGS,
  topic: TOPIC_CONFIGS,
  group: GROUP_CONFIGS,
  'client-metrics': CLIENT_METRICS_CONFIGS,
};

export async function listSettings(io: CliIo, flags: SettingsFlags, text = ''): Promise<void> {
  const found = TABLES[flags.of]
    .filter(({ name, internal }) => !internal && name.includes(text))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (found.length === 0) {
    throw new CliError(`no setting of a ${flags.of} has ${text} in its name`, 'see all with: millrace settings');
  }
  if (flags.json) await io.out(json(found.map(described)));
  else for (const definition of found) await io.out(shown(definition));
}

function described(definition: ConfigDefinition): object {
  const { name, type, min, max, oneOf, dynamic, synonym, kafkaDefault, why, accepted, documentation } = definition;
  return {
    name,
    type,
    default: canonicalText(definition, definition.defaultValue),
    status: configStatus(definition),
    dynamic: dynamic ?? null,
    documentation,
    ...{ min, max, oneOf, synonym, kafkaDefault, why, accepted },
  };
}

function shown(definition: ConfigDefinition): string {
  const { name, type, min, max, oneOf, dynamic, kafkaDefault, why, accepted, documentation } = definition;
  const fallback = canonicalText(definition, definition.defaultValue);
  const facts = [
    type,
    ...(oneOf ? [oneOf.join(' | ')] : []),
    ...(min === undefined ? [] : [`from ${min}`]),
    ...(max === undefined ? [] : [`to ${max}`]),
    fallback === null ? 'no default' : `default ${fallback === '' ? '(empty)' : fallback}`,
    ...(dynamic === undefined
      ? []
      : [`can be changed while running, for ${dynamic === 'broker' ? 'one broker' : 'all brokers'}`]),
  ];
  const lines = [
    `${name}  (${facts.join(', ')})`,
    `  ${documentation}`,
    ...(kafkaDefault === undefined
      ? []
      : [`  Kafka has ${kafkaDefault === null ? 'no default' : `default ${kafkaDefault}`}. ${why}`]),
    ...(accepted === undefined ? [] : [`  Without effect: ${accepted}`]),
  ];
  return `${lines.join('\n')}\n`;
}
