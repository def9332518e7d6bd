import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { ControllerUnavailableError } from '../../src/controller/controller.ts';
import {
  type ControlRecord,
  encodeControlBatch,
  encodeRecordBatch,
  MetadataBatchTooLargeError,
} from '../../src/metadata/metadata-batch.ts';
import type { MetadataDelta } from '../../src/metadata/metadata-delta.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { MetadataLogFullError } from '../../src/metadata/metadata-log.ts';
import { metadataRecord } from '../../src/metadata/metadata-records.ts';
import { Errno } from '../../src/native/file-space.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { imageContent } from '../metadata/image-content.ts';
import {
  creatable,
  createRequest,
  FOLDER,
  heartbeat,
  LATEST,
  LOG_FOLDER,
  openController,
  registration,
  startBroker,
  startedController,
} from './controller-setup.ts';

const create = (...names: string[]) => createRequest(names.map((name) => creatable(name)));

test('an empty folder is formatted, with the files that Kafka expects', async () => {
  const { files, directory, controller } = await openController();
  const names = (folder: string) => {
    const entries = files.list(folder);
    assert.ok(Array.isArray(entries));
    return entries.map(({ name }) => name);
  };
  assert.deepEqual(names(FOLDER), ['__cluster_metadata-0', 'bootstrap.checkpoint', 'meta.properties']);
  for (const name of ['00000000000000000000.log', 'leader-epoch-checkpoint', 'partition.metadata', 'quorum-state']) {
    assert.ok(names(LOG_FOLDER).includes(name), name);
  }
  const text = (path: string) => Buffer.from(files.readFile(path) as Uint8Array).toString();
  assert.match(text(`${FOLDER}/meta.properties`), new RegExp(`cluster.id=${directory.clusterId}\n`));
  assert.equal(text(`${LOG_FOLDER}/leader-epoch-checkpoint`), '0\n1\n1 0\n');
  assert.match(text(`${LOG_FOLDER}/quorum-state`), /"leaderId":1,"leaderEpoch":1/);
  assert.deepEqual([controller.epoch, controller.image.lastOffset], [1, 9]);
  assert.equal(controller.image.configs.broker().get('min.insync.replicas'), '1');
});

test('a metadata log without its meta.properties is refused, not taken for that of a new cluster', async () => {
  const { files, controller, directory } = await startedController();
  await controller.createTopics(create('a'), LATEST);
  await controller.close();
  const path = `${FOLDER}/meta.properties`;
  files.unlink(path);
  await assert.rejects(
    openController({ files }),
    /^StorageError: no meta.properties beside the metadata log of a cluster/,
  );
  assert.equal(files.readFile(path), Errno.ENOENT);
  files.writeFileAtomic(path, Buffer.from(`version=1\ncluster.id=${directory.clusterId}\nnode.id=1\n`));
  const again = await openController({ files });
  assert.equal(again.directory.clusterId, directory.clusterId);
  assert.notEqual(again.controller.image.topics.idOf('a'), undefined);
});

test('each start begins an epoch and finds what was there', async () => {
  const first = await startedController();
  await first.controller.createTopics(create('a', 'b'), LATEST);
  const content = imageContent(first.controller.image);
  await first.controller.close();
  const second = await openController({ files: first.files, seed: 2 });
  assert.equal(second.controller.epoch, 2);
  assert.equal(second.directory.clusterId, first.directory.clusterId);
  assert.deepEqual(imageContent(second.controller.image), content);
});

test('a crash loses nothing that was answered', async () => {
  const { controller, files } = await startedController();
  await controller.createTopics(create('a'), LATEST);
  const content = imageContent(controller.image);
  const after = await openController({ files: files.clone(), seed: 2 });
  assert.deepEqual(imageContent(after.controller.image), content);
});

test('a broker that stopped without notice gets new leader epochs, one that stopped cleanly does not', async () => {
  const first = await startedController();
  await first.controller.createTopics(create('a'), LATEST);
  const epochs = (setup: typeof first) =>
    setup.controller.image.topics.byName('a')!.partitions.map((it) => it.leaderEpoch);
  await first.controller.close();
  const restart = async (previousBrokerEpoch: number) => {
    const setup = await openController({ files: first.files.clone(), seed: 2 });
    const brokerEpoch = await startBroker(setup, { incarnationId: 'MfRqZIK7TUeDNWjgq9XIrg', previousBrokerEpoch });
    return epochs({ ...setup, brokerEpoch });
  };
  assert.deepEqual(await restart(first.brokerEpoch), [0, 0]);
  assert.deepEqual(await restart(-1), [1, 1]);
});

test('partitions without a leader get one when their broker comes back', async () => {
  const first = await startedController();
  await first.controller.createTopics(create('a', 'b', 'c', 'd'), LATEST);
  await first.controller.close();
  const setup = await openController({ files: first.files, seed: 2 });
  const lost = (name: string, fields: object) => {
    const topicId = setup.controller.image.topics.idOf(name)!;
    return metadataRecord('PartitionChangeRecord', { partitionId: 0, topicId, leader: -1, ...fields }, 2);
  };
  const records = [
    lost('a', {}),
    lost('b', { isr: [], eligibleLeaderReplicas: [1], lastKnownElr: [1] }),
    lost('c', { isr: [], lastKnownElr: [1], leaderRecoveryState: 1 }),
    lost('d', { isr: [2], replicas: [1, 2], directories: ['zkR31YwXRGvfXOzsamaNpg', 'zkR31YwXRGvfXOzsamaNpg'] }),
  ];
  // What a controller of another kind might have left behind.
  const { log } = setup.directory;
  const place = { baseOffset: log.endOffset, epoch: 2, timestampMs: 0 };
  await log.append(encodeRecordBatch(records, place), 2, place.baseOffset + records.length - 1);
  await setup.controller.close();
  const after = await openController({ files: setup.files, seed: 3 });
  await startBroker(after, { incarnationId: 'MfRqZIK7TUeDNWjgq9XIrg', previousBrokerEpoch: first.brokerEpoch });
  const found = ['a', 'b', 'c', 'd'].map((name) => after.controller.image.topics.byName(name)!.partitions[0]);
  assert.deepEqual(
    found.map(({ leader, isr, elr, lastKnownElr }) => [leader, isr, elr, lastKnownElr]),
    [
      [1, [1], [], []],
      [1, [1], [], []],
      [1, [1], [], []],
      [-1, [2], [], []],
    ],
  );
  assert.equal(found[2].leaderRecoveryState, 0, 'a sole replica has nothing to recover from');
});

test('a listener sees all there is, then every change before it is answered', async () => {
  const { controller } = await startedController();
  await controller.createTopics(create('a'), LATEST);
  const seen: string[] = [];
  const listener = async (delta: MetadataDelta) => {
    await Promise.resolve();
    seen.push([...delta.topics.values()].flatMap(({ before, after }) => (before || !after ? [] : after.name)).join());
  };
  const end = await controller.subscribe(listener);
  assert.deepEqual(seen, ['a']);
  await controller.createTopics(create('b'), LATEST);
  assert.deepEqual(seen, ['a', 'b']);
  end();
  await controller.createTopics(create('c'), LATEST);
  assert.deepEqual(seen, ['a', 'b']);
});

test('a change that takes long keeps nobody waiting whom it does not concern', async () => {
  const setup = await startedController();
  const { controller } = setup;
  for (const name of ['old', 'other']) await controller.createTopics(create(name), LATEST);
  const applied: string[] = [];
  const held = Promise.withResolvers<void>();
  await controller.subscribe(async (delta) => {
    const names = [...delta.topics.values()].map(({ before, after }) => (after ?? before)!.name);
    if (names.includes('large')) await held.promise;
    applied.push(...names);
  });
  applied.length = 0;
  const answered: string[] = [];
  const ask = (what: string, answer: Promise<unknown>) => answer.then(() => answered.push(what));
  const remove = (...topicNames: string[]) =>
    controller.deleteTopics({ topics: [], topicNames, timeoutMs: 5000 }, { ...LATEST, apiVersion: 3 });
  const waiting = [
    ask('large', controller.createTopics(create('large', 'small'), LATEST)),
    ask('large deleted', remove('large')),
    ask('small and old deleted', remove('small', 'old')),
    ask('a registration', startBroker(setup)),
  ];
  // Taken behind all of them.
  await ask('known already', controller.createTopics(create('other'), LATEST));
  assert.deepEqual(answered, ['known already']);
  const late = ask('behind the registration', remove('other'));
  assert.equal(applied.length, 0);
  held.resolve();
  await Promise.all([...waiting, late]);
  assert.deepEqual(answered.slice(1, 4).sort(), ['large', 'large deleted', 'small and old deleted']);
  assert.deepEqual(answered.slice(4).sort(), ['a registration', 'behind the registration']);
  assert.equal(applied.indexOf('large'), 0);
  assert.deepEqual([...new Set(applied)].sort(), ['large', 'old', 'other', 'small']);
});

test('topics come and go beside a change of another one that takes long, and a stop waits for it', async () => {
  const { controller } = await startedController();
  const held = Promise.withResolvers<void>();
  const applied: string[] = [];
  await controller.subscribe(async (delta) => {
    const names = [...delta.topics.values()].map(({ before, after }) => (after ?? before)!.name);
    if (names.includes('large')) await held.promise;
    applied.push(...names);
  });
  const large = controller.createTopics(create('large'), LATEST);
  await controller.createTopics(create('a'), LATEST);
  await controller.deleteTopics({ topics: [], topicNames: ['a'], timeoutMs: 5000 }, { ...LATEST, apiVersion: 3 });
  await controller.allocateProducerIds({ brokerId: 1, brokerEpoch: -1 });
  assert.deepEqual(applied, ['a', 'a']);
  let isSettled = false;
  const settled = controller.settled().then(() => (isSettled = true));
  const closed = controller.close().then(() => assert.ok(applied.includes('large')));
  await new Promise(setImmediate);
  assert.equal(isSettled, false);
  held.resolve();
  await Promise.all([large, settled, closed]);
  assert.deepEqual(applied, ['a', 'a', 'large']);
});

test('a listener that fails does not keep the others from the change', async () => {
  const { controller } = await startedController();
  let seen = 0;
  await controller.subscribe(() => {
    throw new Error('broken');
  });
  await controller.subscribe(() => void seen++);
  const { topics } = await controller.createTopics(create('a'), LATEST);
  assert.deepEqual([topics[0].errorCode, seen], [0, 2]);
});

test('requests that arrive together are taken in order', async () => {
  const { controller } = await startedController();
  const answers = await Promise.all(['a', 'a', 'b', 'a'].map((name) => controller.createTopics(create(name), LATEST)));
  assert.deepEqual(
    answers.map(({ topics }) => errorName(topics[0].errorCode)),
    ['NONE', 'TOPIC_ALREADY_EXISTS', 'NONE', 'TOPIC_ALREADY_EXISTS'],
  );
});

test('when the log fails, the broker is told to stop and nothing more is taken', async () => {
  const failures: Error[] = [];
  const { controller, files } = await startedController({ onFatal: (error) => failures.push(error) });
  files.failWith('sync', Errno.EIO);
  const requests = [controller.createTopics(create('a'), LATEST), controller.createTopics(create('b'), LATEST)];
  for (const request of requests) await assert.rejects(request, ControllerUnavailableError);
  files.failWith('sync', 0);
  await assert.rejects(controller.createTopics(create('c'), LATEST), ControllerUnavailableError);
  assert.equal(failures.length, 1);
  assert.equal(controller.image.topics.size, 0, 'what is not durable is not seen');
});

test('a request that does not fit one batch fails alone', async () => {
  const { controller } = await startedController();
  const value = Array.from({ length: 4500 }, (_, index) => `${index}:1`).join();
  const configs = ['leader', 'follower'].map((side) => ({ name: `${side}.replication.throttled.replicas`, value }));
  const topics = Array.from({ length: 150 }, (_, index) => creatable(`t${index}`, { configs }));
  await assert.rejects(controller.createTopics(createRequest(topics), LATEST), MetadataBatchTooLargeError);
  assert.equal(controller.image.topics.size, 0);
  assert.equal((await controller.createTopics(create('a'), LATEST)).topics[0].errorCode, 0);
});

test('a log of a later release is refused', async () => {
  const { directory, files } = await openController();
  const { log } = directory;
  const record = metadataRecord('FeatureLevelRecord', { name: 'metadata.version', featureLevel: 99 });
  await log.append(
    encodeRecordBatch([record], { baseOffset: log.endOffset, epoch: 1, timestampMs: 0 }),
    1,
    log.endOffset,
  );
  await assert.rejects(openController({ files }), /metadata.version is at level 99/);
});

test('a closed controller finishes what it took and takes nothing more', async () => {
  const { controller } = await startedController();
  const taken = controller.createTopics(create('a'), LATEST);
  await controller.close();
  assert.equal((await taken).topics[0].errorCode, 0);
  await assert.rejects(controller.createTopics(create('b'), LATEST), ControllerUnavailableError);
});

test('snapshots by bytes and by time; old ones and old segments go', async () => {
  const clock = new ManualClock();
  const snapshots = { recordBytesMax: 2000, intervalMsMax: 60_000, retentionMs: 10_000 };
  const { controller, directory, files } = await startedController({ clock, snapshots, segmentBytes: 1000 });
  const { log } = directory;
  assert.equal(log.snapshots().length, 0);
  for (let i = 0; i < 12; i++) await controller.createTopics(create(`t${i}`), LATEST);
  const byBytes = log.snapshots();
  assert.ok(byBytes.length >= 1, 'after 2000 bytes of records');
  clock.advance(61_000);
  await controller.createTopics(create('late'), LATEST);
  const byTime = log.snapshots();
  assert.equal(byTime.length, 1, 'the older ones are over their time');
  assert.equal(byTime[0].endOffset, controller.image.lastOffset + 1);
  assert.ok(log.startOffset > 0 && log.startOffset <= byTime[0].endOffset);
  await controller.createTopics(create('tail'), LATEST);
  const after = await openController({ files: files.clone(), clock, seed: 2 });
  assert.deepEqual(imageContent(after.controller.image), imageContent(controller.image));
});

test('a snapshot that cannot be written does not stop the controller', async () => {
  const { controller, files } = await startedController({ snapshots: { recordBytesMax: 1 } });
  files.failWith('rename', Errno.ENOSPC);
  const { topics } = await controller.createTopics(create('a'), LATEST);
  assert.equal(topics[0].errorCode, 0);
});

test('a transaction that a predecessor left open is aborted', async () => {
  const first = await startedController();
  await first.controller.createTopics(create('a'), LATEST);
  const { log } = first.directory;
  const records = [
    metadataRecord('BeginTransactionRecord', { name: 'x' }),
    metadataRecord('TopicRecord', { name: 'half', topicId: 'MPeiiBBiR3G4KPSAbEiozQ' }),
  ];
  const place = { baseOffset: log.endOffset, epoch: 1, timestampMs: 0 };
  await log.append(encodeRecordBatch(records, place), 1, place.baseOffset + 1);
  const after = await openController({ files: first.files.clone(), seed: 2 });
  assert.deepEqual([...after.controller.image.topics.names()], ['a']);
  const again = await openController({ files: after.files.clone(), seed: 3 });
  assert.deepEqual([...again.controller.image.topics.names()], ['a']);
});

test('the log of a quorum with other voters is refused', async () => {
  const first = await startedController();
  const { log } = first.directory;
  const voters = [1, 2].map((voterId) => ({ voterId, voterDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAA' }));
  const data = { version: 0, leaderId: 2, voters, grantingVoters: voters };
  const place = { baseOffset: log.endOffset, epoch: 5, timestampMs: 0 };
  await log.append(encodeControlBatch([{ type: 'LeaderChange', data }], place), 5, place.baseOffset);
  await assert.rejects(openController({ files: first.files.clone() }), /node\(s\) 2 are voters/);
});

test('voters that stand in the log are carried through snapshots and epochs', async () => {
  const first = await openController();
  const { log } = first.directory;
  const voter = { voterId: 1, voterDirectoryId: first.directory.metadataDirectoryId };
  const endpoints = [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }];
  const range = { minSupportedVersion: 0, maxSupportedVersion: 1 };
  const place = { baseOffset: log.endOffset, epoch: 1, timestampMs: 0 };
  const controls: ControlRecord[] = [
    { type: 'KRaftVersion', data: { version: 0, kRaftVersion: 1 } },
    { type: 'KRaftVoters', data: { version: 0, voters: [{ ...voter, endpoints, kRaftVersionFeature: range }] } },
  ];
  await log.append(encodeControlBatch(controls, place), 1, place.baseOffset + 1);
  const second = await openController({ files: first.files.clone(), seed: 2 });
  assert.equal(second.directory.log.readQuorumState()?.voters, null);
  const asked = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] };
  const [partition] = (await second.controller.describeQuorum(asked, LATEST)).topics[0].partitions;
  assert.equal(partition.currentVoters[0].replicaDirectoryId, voter.voterDirectoryId);
  await second.controller.snapshot();
  const third = await openController({ files: second.files.clone(), seed: 3 });
  assert.equal(third.directory.log.readQuorumState()?.voters, null);
  assert.equal(third.controller.epoch, 3);
  assert.deepEqual(
    [first, second, third].map(({ controller }) => controller.kraftVersion),
    [0, 1, 1],
  );
});

test('a gap in the log is noticed', async () => {
  const first = await startedController({ segmentBytes: 300 });
  for (const name of ['a', 'b', 'c']) await first.controller.createTopics(create(name), LATEST);
  await first.controller.close();
  const entries = first.files.list(LOG_FOLDER);
  assert.ok(Array.isArray(entries));
  const segments = entries.map(({ name }) => name).filter((name) => name.endsWith('.log'));
  first.files.unlink(`${LOG_FOLDER}/${segments[2]}`);
  await assert.rejects(openController({ files: first.files.clone() }), /is missing/);
});

test('directories of another node or another cluster are refused', async () => {
  const { files, controller } = await openController();
  await controller.close();
  const path = `${FOLDER}/meta.properties`;
  const replace = (from: RegExp, to: string) => {
    const changed = files.clone();
    changed.edit(path, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace(from, to)));
    return changed;
  };
  await assert.rejects(openController({ files: replace(/node.id=1/, 'node.id=7') }), /belongs to node 7/);
  const other = replace(/cluster.id=.*/, 'cluster.id=kFEQHMYUSESEJwc_WQ6BtA');
  other.makeFolder('/second');
  other.writeFileAtomic(
    '/second/meta.properties',
    Buffer.from('version=1\ncluster.id=VaJ8mH61Q-6HigJkr1KP9g\nnode.id=1\n'),
  );
  await assert.rejects(openController({ files: other, logDirs: [FOLDER, '/second'] }), /belongs to cluster/);
});

test('a change of several batches that the disk has no room for is refused as a whole', async () => {
  const { controller, files } = await startedController();
  const count = (image: MetadataImage): number => [...image.clientQuotas.entities()].length;
  // Each record takes about 60 bytes, and a batch at most 20,000 of them.
  files.capacityBytes = files.usedBytes + 2_000_000;
  const entries = Array.from({ length: 40_000 }, (_, at) => ({
    entity: [{ entityType: 'user', entityName: `u${at}` }],
    ops: [{ key: 'producer_byte_rate', value: 1_000, remove: false }],
  }));
  await assert.rejects(controller.alterClientQuotas({ entries, validateOnly: false }, LATEST), MetadataLogFullError);
  assert.equal(count(controller.image), 0);
  files.capacityBytes = Number.POSITIVE_INFINITY;
  await controller.alterClientQuotas({ entries, validateOnly: false }, LATEST);
  assert.equal(count(controller.image), 40_000);
  await controller.close();
  assert.equal(count((await openController({ files, seed: 2 })).controller.image), 40_000);
});

test('DescribeQuorum names this node as the only voter', async () => {
  const { controller } = await startedController();
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const described = await controller.describeQuorum({ topics }, LATEST);
  const [metadata] = described.topics[0].partitions;
  assert.deepEqual(
    [metadata.leaderId, metadata.leaderEpoch, metadata.highWatermark],
    [1, 1, controller.image.lastOffset + 1],
  );
  assert.deepEqual(
    metadata.currentVoters.map(({ replicaId, replicaDirectoryId }) => [replicaId, replicaDirectoryId]),
    [[1, ZERO_UUID]],
  );
});

test('a restart of ten thousand partitions elects them all', async () => {
  const first = await startedController();
  await first.controller.createTopics(createRequest([creatable('a', { numPartitions: 9_000 })]), LATEST);
  await first.controller.createTopics(createRequest([creatable('b', { numPartitions: 9_000 })]), LATEST);
  await first.controller.createTopics(createRequest([creatable('c', { numPartitions: 9_000 })]), LATEST);
  await first.controller.close();
  const second = await openController({ files: first.files, seed: 2 });
  const request = registration(second, { incarnationId: 'MfRqZIK7TUeDNWjgq9XIrg' });
  const { brokerEpoch } = await second.controller.registerBroker(request);
  await second.controller.brokerHeartbeat(heartbeat(brokerEpoch));
  let raised = 0;
  for (const topic of second.controller.image.topics.values()) {
    for (const { leader, leaderEpoch } of topic.partitions) if (leader === 1 && leaderEpoch === 1) raised++;
  }
  assert.equal(raised, 27_000);
});
