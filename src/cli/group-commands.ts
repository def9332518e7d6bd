/** `millrace group list | describe | delete`. */
import type { Admin } from '@platformatic/kafka';
import { CliError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { type ConnectionFlags, withAdmin } from './cluster-client.ts';
import { groupCoordinator } from './cluster-request.ts';
import { allGroups, describeGroup, type GroupDescription, shareGroupOffsets } from './group-description.ts';
import { json, table } from './output.ts';
import { LATEST } from './partition-offsets.ts';

export interface GroupFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export async function listGroups(io: CliIo, flags: GroupFlags): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    const groups = [...(await allGroups(admin)).values()];
    const rows = groups.map(({ group, type, state, protocol }) => [group, type, state, protocol]);
    await io.out(flags.json ? json(groups) : table(['GROUP', 'TYPE', 'STATE', 'PROTOCOL'], rows));
  });
}

export async function deleteGroups(io: CliIo, flags: ConnectionFlags, ids: string[]): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    for (const id of ids) {
      await admin.deleteGroups({ groups: [id] });
      await io.out(`${id}: deleted\n`);
    }
  });
}

interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly end: bigint;
  readonly lag: bigint;
  /** Who has the partition; '' when nobody has. */
  readonly memberId: string;
}

export async function describeGroups(io: CliIo, flags: GroupFlags, ids: string[]): Promise<void> {
  await withAdmin(flags, io, async (admin) => {
    const types = await allGroups(admin);
    const described: (GroupDescription & { offsets: GroupOffset[] })[] = [];
    for (const id of ids) {
      const type = types.get(id)?.type;
      if (type === undefined) throw new CliError(`there is no group ${id}`, 'see the groups with: millrace group list');
      const coordinator = await groupCoordinator(admin, id);
      const group = await describeGroup(admin, coordinator, id, type);
      const committed =
        type.toLowerCase() === 'share'
          ? await shareGroupOffsets(admin, coordinator, id)
          : await committedOffsets(admin, id);
      described.push({ ...group, offsets: await withEnds(admin, group, committed) });
    }
    if (flags.json) await io.out(json(described));
    else for (const { offsets, ...group } of described) await io.out(groupText(group, offsets));
  });
}

type Committed = Pick<GroupOffset, 'topic' | 'partition' | 'offset'>;

async function committedOffsets(admin: Admin, id: string): Promise<Committed[]> {
  const [group] = await admin.listConsumerGroupOffsets({ groups: [id] });
  return group.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, committedOffset }) => ({
      topic: name,
      partition: partitionIndex,
      offset: committedOffset,
    })),
  );
}

async function withEnds(
  admin: Admin,
  { members }: GroupDescription,
  committed: readonly Committed[],
): Promise<GroupOffset[]> {
  const owners = new Map<string, string>();
  for (const { memberId, partitions } of members) {
    for (const { topic, partitions: numbers } of partitions) {
      for (const partition of numbers) owners.set(`${topic}:${partition}`, memberId);
    }
  }
  const known = committed.filter(({ offset }) => offset >= 0n);
  const topics = [...Map.groupBy(known, ({ topic }) => topic)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition }) => ({ partitionIndex: partition, timestamp: LATEST })),
  }));
  const ends = new Map<string, bigint>();
  for (const { name, partitions } of topics.length > 0 ? await admin.listOffsets({ topics }) : []) {
    for (const { partitionIndex, offset } of partitions) ends.set(`${name}:${partitionIndex}`, offset);
  }
  return known
    .map(({ topic, partition, offset }) => {
      const end = ends.get(`${topic}:${partition}`) ?? offset;
      const memberId = owners.get(`${topic}:${partition}`) ?? '';
      return { topic, partition, offset, end, lag: end > offset ? end - offset : 0n, memberId };
    })
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
}

function groupText(
  { group, type, state, assignor, members }: GroupDescription,
  offsets: readonly GroupOffset[],
): string {
  const head = `${group}  ${type}  ${state}${assignor ? `  assignor ${assignor}` : ''}\n`;
  const memberRows = members.map(({ memberId, clientId, host, partitions }) => [
    memberId,
    clientId,
    host,
    partitions.map(({ topic, partitions: numbers }) => `${topic}:${numbers.join(',')}`).join(' ') || '-',
  ]);
  const offsetRows = offsets.map(({ topic, partition, offset, end, lag, memberId }) => [
    topic,
    partition,
    offset,
    end,
    lag,
    memberId || '-',
  ]);
  return (
    head +
    (memberRows.length > 0 ? table(['MEMBER', 'CLIENT', 'HOST', 'PARTITIONS'], memberRows) : '') +
    (offsetRows.length > 0 ? table(['TOPIC', 'PARTITION', 'OFFSET', 'END', 'LAG', 'MEMBER'], offsetRows) : '')
  );
}
