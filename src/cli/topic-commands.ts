/** `millrace topic list | create | describe | alter | delete`. */
import type { Admin, ConfigDescription } from '@platformatic/kafka';
import { usageError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { type ConnectionFlags, withAdmin } from './cluster-client.ts';
import { json, table } from './output.ts';
import { EARLIEST, existingTopic, LATEST } from './partition-offsets.ts';

const TOPIC_RESOURCE = 2;
const DYNAMIC_TOPIC_CONFIG = 1;
const SET = 0;
const DELETE = 1;

export interface ListFlags extends ConnectionFlags {
  readonly internal?: boolean;
  readonly json?: boolean;
}

export async function listTopics(io: CliIo, flags: ListFlags): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    const names = (await admin.listTopics({ includeInternals: flags.internal ?? false })).sort();
    const { topics } = await admin.metadata({ topics: names });
    const rows = names.map((name) => {
      const partitions = topics.get(name)?.partitions ?? [];
      return { name, partitions: partitions.length, replicas: partitions[0]?.replicas.length ?? 0 };
    });
    const text = flags.json
      ? json(rows)
      : table(
          ['TOPIC', 'PARTITIONS', 'REPLICAS'],
          rows.map(({ name, partitions, replicas }) => [name, partitions, replicas]),
        );
    await io.out(text);
  });
}

export interface CreateFlags extends ConnectionFlags {
  readonly partitions?: number;
  readonly replicas?: number;
  readonly config: readonly string[];
  readonly ifNotExists?: boolean;
  readonly json?: boolean;
}

export async function createTopics(io: CliIo, flags: CreateFlags, names: string[]): Promise<void> {
  const configs = flags.config.map(parseSetting);
  await withAdmin(flags, io, async (admin) => {
    const created: { name: string; id: string; partitions: number; replicas: number }[] = [];
    // One by one, so that a refusal says which topic it means.
    for (const name of names) {
      const counts = { partitions: flags.partitions ?? -1, replicas: flags.replicas ?? -1 };
      try {
        const [topic] = await admin.createTopics({ topics: [name], configs, ...counts });
        created.push({ name, id: kafkaUuid(topic.id), partitions: topic.partitions, replicas: topic.replicas });
        if (!flags.json) await io.out(`${name}: created with ${plural(topic.partitions, 'partition')}\n`);
      } catch (error) {
        if (!flags.ifNotExists || !hasApiError(error, 'TOPIC_ALREADY_EXISTS')) throw error;
      }
    }
    if (flags.json) await io.out(json(created));
  });
}

export async function deleteTopics(io: CliIo, flags: ConnectionFlags, names: string[]): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    for (const name of names) {
      await admin.deleteTopics({ topics: [name] });
      await io.out(`${name}: deleted\n`);
    }
  });
}

export interface AlterFlags extends ConnectionFlags {
  readonly partitions?: number;
  readonly config: readonly string[];
  readonly unset: readonly string[];
}

export async function alterTopic(io: CliIo, flags: AlterFlags, name: string): Promise<void> {
  const changes = [
    ...flags.config.map(parseSetting).map((setting) => ({ ...setting, configOperation: SET })),
    ...flags.unset.map((setting) => ({ name: setting, value: null, configOperation: DELETE })),
  ];
  if (changes.length === 0 && flags.partitions === undefined) {
    throw usageError('nothing to change', 'give --partitions, --config or --unset');
  }
  await withAdmin(flags, io, async (admin) => {
    if (flags.partitions !== undefined) {
      await admin.createPartitions({ topics: [{ name, count: flags.partitions, assignments: null }] } as never);
    }
    if (changes.length > 0) {
      const resource = { resourceType: TOPIC_RESOURCE, resourceName: name, configs: changes };
      await admin.incrementalAlterConfigs({ resources: [resource] } as never);
    }
    await io.out(`${name}: changed\n`);
  });
}

export interface DescribeFlags extends ConnectionFlags {
  readonly allConfigs?: boolean;
  readonly json?: boolean;
}

interface TopicDescription {
  readonly name: string;
  readonly id: string;
  readonly partitions: readonly PartitionDescription[];
  readonly configs: readonly { readonly name: string; readonly value: string | null; readonly isDefault: boolean }[];
}

interface PartitionDescription {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly startOffset: bigint;
  readonly endOffset: bigint;
}

export async function describeTopics(io: CliIo, flags: DescribeFlags, names: string[]): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    const described: TopicDescription[] = [];
    for (const name of names) described.push(await describeTopic(admin, name, flags.allConfigs ?? false));
    if (flags.json) await io.out(json(described));
    else for (const topic of described) await io.out(describedText(topic));
  });
}

async function describeTopic(admin: Admin, name: string, allConfigs: boolean): Promise<TopicDescription> {
  const topic = await existingTopic(admin, name);
  const [first, last] = [
    await listOffsets(admin, name, topic.partitions.length, EARLIEST),
    await listOffsets(admin, name, topic.partitions.length, LATEST),
  ];
  const [{ configs }]: ConfigDescription[] = await admin.describeConfigs({
    resources: [{ resourceType: TOPIC_RESOURCE, resourceName: name }],
  } as never);
  return {
    name,
    id: kafkaUuid(topic.id),
    partitions: topic.partitions.map(({ leader, leaderEpoch, replicas, isr }, partition) => ({
      partition,
      leader,
      leaderEpoch,
      replicas,
      isr,
      startOffset: first.get(partition) ?? -1n,
      endOffset: last.get(partition) ?? -1n,
    })),
    configs: configs
      .map((config) => ({
        name: config.name,
        value: config.value ?? null,
        isDefault: config.configSource !== DYNAMIC_TOPIC_CONFIG,
      }))
      .filter(({ isDefault }) => allConfigs || !isDefault)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

async function listOffsets(admin: Admin, name: string, count: number, timestamp: bigint): Promise<Map<number, bigint>> {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
  const [topic] = await admin.listOffsets({ topics: [{ name, partitions }] });
  return new Map(topic.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
}

function describedText({ name, id, partitions, configs }: TopicDescription): string {
  const rows = partitions.map((p) => [
    p.partition,
    p.leader,
    p.leaderEpoch,
    p.replicas.join(','),
    p.isr.join(','),
    p.startOffset,
    p.endOffset,
  ]);
  const settings = configs.map(
    (config) => `  ${config.name}=${config.value ?? ''}${config.isDefault ? '  (default)' : ''}\n`,
  );
  return `${name}  ${id}  ${plural(partitions.length, 'partition')}\n${settings.join('')}${table(
    ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'ISR', 'START', 'END'],
    rows,
  )}`;
}

/** The client library writes topic ids as other UUIDs are written; Kafka's tools write base64url. */
function kafkaUuid(text: string): string {
  return Buffer.from(text.replaceAll('-', ''), 'hex').toString('base64url');
}

function parseSetting(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`${text} is not a setting`, 'write -c name=value, as in -c retention.ms=3600000');
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1) };
}

function hasApiError(error: unknown, apiId: string): boolean {
  const find = (error as { findBy?: (property: string, value: unknown) => unknown }).findBy;
  return find !== undefined && find.call(error, 'apiId', apiId) !== null;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
