// Every client library against one broker: each sends every shape of record with every codec, a group of it reads them
// while members join and leave, and at the end each reads what all the others sent. Then the broker's files are checked.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { CLIENTS, type ClientSpec, type Codec, type GroupProtocol, Member, send } from './clients.ts';
import { runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { type ConsumedRecord, Ledger, makeRecords, PARTITIONS } from './records.ts';
import { checkStorage } from './storage-check.ts';
import { chosenTarget, Target, targetMissing } from './target.ts';

/** Enough that every shape meets every partition. */
const RECORDS_PER_CODEC = 80;
const RECORDS_PER_PHASE = 40;

let target: Target | undefined;
let admin: Admin;
/** What each client sent, for the others to read. */
const sent = new Map<string, { by: ClientSpec; ledger: Ledger }>();

before(async () => {
  if (await targetMissing(chosenTarget())) return;
  target = await Target.start();
  admin = new Admin({ clientId: 'interop-admin', bootstrapBrokers: [target.bootstrap] });
});

after(async () => {
  await admin?.close();
  await target?.kill();
  target?.remove();
});

for (const spec of CLIENTS) {
  leg(spec.name, spec.needs, async () => {
    for (const protocol of spec.protocols) await groupRound(spec, protocol, target!.bootstrap);
  });
}

/** One group over a topic of its own: it starts, a second member joins, the first one leaves, the second one leaves. */
async function groupRound(spec: ClientSpec, protocol: GroupProtocol, bootstrap: string): Promise<void> {
  const topic = `from-${spec.name}-${protocol}`;
  const group = `${spec.name}-${protocol}`;
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
  const ledger = new Ledger(spec.limits);
  const sendSome = (codec: Codec, count: number, seed: number): Promise<void> =>
    send(spec, { bootstrap, topic, codec, records: makeRecords(count, seed, spec.limits), ledger });
  // Each codec once; how a group is led makes no difference to a batch.
  const codecs = protocol === spec.protocols[0] ? spec.codecs : (['lz4'] as const);
  for (const [seed, codec] of codecs.entries()) await sendSome(codec, RECORDS_PER_CODEC, seed);

  const first = await Member.start(spec, { bootstrap, group, topics: [topic], protocol });
  const members = [first];
  const all = (): number =>
    new Set(members.flatMap((m) => m.records.filter((r) => ledger.has(r)).map((r) => `${r.p}@${r.o}`))).size;
  try {
    await Member.until('the first member has read everything', members, () => all() === ledger.count);
    const second = await Member.start(spec, { bootstrap, group, topics: [topic], protocol });
    members.push(second);
    const shared = (): boolean =>
      first.assigned.length > 0 &&
      second.assigned.length > 0 &&
      new Set([...first.assigned, ...second.assigned]).size === PARTITIONS &&
      first.assigned.length + second.assigned.length === PARTITIONS;
    await Member.until('two members share the partitions', members, shared);
    await sendSome('none', RECORDS_PER_PHASE, 100);
    await Member.until('both members have read the second part', members, () => all() === ledger.count);
    await first.leave();
    await Member.until('the second member has all partitions', [second], () => second.assigned.length === PARTITIONS);
    await sendSome('none', RECORDS_PER_PHASE, 200);
    await Member.until('the second member has read the third part', [second], () => all() === ledger.count);
    await second.leave();
  } finally {
    for (const member of members) member.kill();
  }
  for (const member of members) checkRecords(spec, member.records, ledger);
  ledger.checkComplete(members.flatMap((member) => member.records));
  await checkCommits(group, topic, ledger);
  sent.set(topic, { by: spec, ledger });
}

for (const spec of CLIENTS) {
  leg(`${spec.name} transactions`, spec.needs, async () => {
    const topic = `from-${spec.name}-transactions`;
    await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
    const ledger = new Ledger(spec.limits);
    // Each time another process with the same transactional id, which fences its predecessor.
    for (const [seed, codec] of (['none', 'lz4'] as const).entries()) {
      const records = makeRecords(RECORDS_PER_PHASE, seed, spec.limits);
      await send(spec, { bootstrap: target!.bootstrap, topic, codec, records, ledger, transact: true });
    }
    await readAll(spec, `${spec.name}-transactions`, new Map([[topic, ledger]]));
    sent.set(topic, { by: spec, ledger });
  });
}

/** A new member of a new group reads these topics from their beginning. */
async function readAll(spec: ClientSpec, group: string, ledgers: ReadonlyMap<string, Ledger>): Promise<void> {
  const wanted = [...ledgers.values()].reduce((sum, { count }) => sum + count, 0);
  const member = await Member.start(spec, { bootstrap: target!.bootstrap, group, topics: [...ledgers.keys()] });
  try {
    const known = (record: ConsumedRecord): boolean => ledgers.get(record.topic)!.has(record);
    const seen = (): number => new Set(member.records.filter(known).map((r) => `${r.topic}-${r.p}@${r.o}`)).size;
    await Member.until('everything is read', [member], () => member.records.length >= wanted && seen() === wanted);
    await member.leave();
  } finally {
    member.kill();
  }
  for (const [topic, ledger] of ledgers) {
    const read = member.records.filter((record) => record.topic === topic);
    checkRecords(spec, read, ledger);
    ledger.checkComplete(read);
  }
}

function checkRecords(reader: ClientSpec, records: readonly ConsumedRecord[], ledger: Ledger): void {
  for (const record of records) {
    if (reader.limits.readCommitted === false && !ledger.has(record)) continue; // an aborted one
    ledger.check(record, reader.limits);
  }
}

/**
 * The group's commits must stand behind the last record of every partition, or further: behind the transaction markers
 * and aborted records that follow it.
 */
async function checkCommits(group: string, topic: string, ledger: Ledger): Promise<void> {
  const [commits] = await admin.listConsumerGroupOffsets({ groups: [group] });
  const partitions = commits?.topics.find(({ name }) => name === topic)?.partitions ?? [];
  for (const [partition, endOffset] of ledger.endOffsets()) {
    const committed = partitions.find((p) => `${topic}-${p.partitionIndex}` === partition)?.committedOffset ?? -1;
    assert.ok(
      Number(committed) >= endOffset,
      `${group} committed ${committed} of ${partition}, whose end is ${endOffset}`,
    );
  }
}

for (const spec of CLIENTS) {
  leg(`${spec.name} reads what the others sent`, spec.needs, async () => {
    const readable = [...sent].filter(([, { by }]) => spec.limits.framedSnappy !== false || by.bareSnappy);
    await readAll(spec, `${spec.name}-reads-all`, new Map(readable.map(([topic, { ledger }]) => [topic, ledger])));
  });
}

leg('java share group', ['kafka', 'java'], async () => {
  const [java] = CLIENTS.filter(({ name }) => name === 'java');
  const [topic, group] = ['shared', 'java-share'];
  const { bootstrap } = target!;
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
  const alter = ['--bootstrap-server', bootstrap, '--alter', '--entity-type', 'groups', '--entity-name', group];
  await runTool('kafka.admin.ConfigCommand', [...alter, '--add-config', 'share.auto.offset.reset=earliest']);
  const ledger = new Ledger();
  await send(java!, { bootstrap, topic, codec: 'lz4', records: makeRecords(RECORDS_PER_CODEC, 1), ledger });
  const members = [
    await Member.start(java!, { bootstrap, group, topics: [topic], share: true }),
    await Member.start(java!, { bootstrap, group, topics: [topic], share: true }),
  ];
  const all = (): ConsumedRecord[] => members.flatMap(({ records }) => records);
  try {
    await Member.until('the members have read everything', members, () => all().length >= ledger.count);
    for (const member of members) await member.leave();
  } finally {
    for (const member of members) member.kill();
  }
  checkRecords(java!, all(), ledger);
  ledger.checkComplete(all());
  // Each was acknowledged by the one that read it, so nobody read it again.
  assert.equal(all().length, ledger.count);
});

leg('files on disk', ['kafka'], async () => {
  await target!.stop();
  await checkStorage(target!.dataDir);
});
