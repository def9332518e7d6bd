// Several log directories and Kafka's own tools for them: kafka-reassign-partitions with log_dirs, kafka-log-dirs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { checkStorage } from './storage-check.ts';
import { chosenTarget, Target } from './target.ts';

const TOOLS = 'org.apache.kafka.tools';
const TOPIC = 'moved';
const RECORDS = 60;

interface LogDir {
  readonly logDir: string;
  readonly error: string | null;
  readonly partitions: readonly {
    readonly partition: string;
    readonly size: number;
    readonly offsetLag: number;
    readonly isFuture: boolean;
  }[];
}

let target: Target | undefined;
const root = mkdtempSync(join(tmpdir(), 'millrace-interop-dirs-'));

after(async () => {
  await target?.kill();
  target?.remove();
  rmSync(root, { recursive: true, force: true });
});

async function logDirs(): Promise<readonly LogDir[]> {
  const args = ['--bootstrap-server', target!.bootstrap, '--describe', '--topic-list', TOPIC];
  const { stdout } = await runTool(`${TOOLS}.LogDirsCommand`, args);
  const line = stdout.split('\n').find((text) => text.startsWith('{'))!;
  return (JSON.parse(line) as { brokers: { logDirs: LogDir[] }[] }).brokers[0].logDirs;
}

async function reassign(action: string, file: string, ...more: string[]): Promise<string> {
  const args = ['--bootstrap-server', target!.bootstrap, action, '--reassignment-json-file', file, ...more];
  return (await runTool(`${TOOLS}.reassign.ReassignPartitionsCommand`, args)).stdout;
}

leg('log directories', ['kafka'], async () => {
  if (chosenTarget() !== 'millrace') return;
  const paths = ['a', 'b'].map((name) => join(root, name));
  target = await Target.start('millrace', { 'log.dirs': paths.join(), 'log.segment.bytes': '1048576' });
  const create = ['--bootstrap-server', target.bootstrap, '--create', '--topic', TOPIC, '--partitions', '2'];
  await runTool(`${TOOLS}.TopicCommand`, create);
  const client = { clientId: 'dirs', bootstrapBrokers: [target.bootstrap] };
  const producer = new Producer({ ...client, serializers: stringSerializers });
  const value = 'v'.repeat(100_000);
  for (let at = 0; at < RECORDS; at++) {
    await producer.send({ messages: [{ topic: TOPIC, key: `${at}`, value, partition: at % 2 }], acks: -1 });
  }
  const before = await logDirs();
  assert.deepEqual(
    before.map(({ logDir, error }) => [logDir, error]).sort(),
    paths.map((path) => [path, null]),
  );
  const placeOf = (dirs: readonly LogDir[], partition: number): string[] =>
    dirs
      .filter(({ partitions }) => partitions.some((one) => one.partition === `${TOPIC}-${partition}` && !one.isFuture))
      .map(({ logDir }) => logDir);
  assert.deepEqual([...placeOf(before, 0), ...placeOf(before, 1)].sort(), paths, 'spread over the directories');

  // Both into the other's directory, slowly at first.
  const partitions = [0, 1].map((partition) => ({
    topic: TOPIC,
    partition,
    replicas: [1],
    log_dirs: [paths.find((path) => path !== placeOf(before, partition)[0])!],
  }));
  const file = join(root, 'move.json');
  writeFileSync(file, JSON.stringify({ version: 1, partitions }));
  const begun = await reassign('--execute', file, '--replica-alter-log-dirs-throttle', '100000');
  for (const partition of [0, 1]) {
    assert.match(begun, new RegExp(`Successfully started moving log directory to .* for replica moved-${partition} `));
  }
  const under = await logDirs();
  const futures = under.flatMap(({ partitions: list }) => list.filter(({ isFuture }) => isFuture));
  assert.equal(futures.length, 2);
  assert.ok(futures.every(({ offsetLag }) => offsetLag > 0));
  assert.match(await reassign('--verify', file, '--preserve-throttles'), /is still in progress/);
  await producer.send({ messages: [{ topic: TOPIC, key: 'last', value, partition: 0 }], acks: -1 });
  await producer.close();
  // Executed once more with another throttle, which is how an operator hurries it.
  await reassign('--execute', file, '--additional', '--replica-alter-log-dirs-throttle', '100000000');
  let told = '';
  do {
    told = await reassign('--verify', file);
  } while (/in progress/.test(told));
  assert.match(told, /Reassignment of replica moved-0-1 completed successfully/);
  assert.match(told, /Reassignment of replica moved-1-1 completed successfully/);
  const afterwards = await logDirs();
  for (const { partition, log_dirs: wanted } of partitions) assert.deepEqual(placeOf(afterwards, partition), wanted);
  assert.ok(!afterwards.some(({ partitions: list }) => list.some(({ isFuture }) => isFuture)));
  assert.equal(await target.stop(), 0);
  const { batches } = await checkStorage(root);
  assert.ok(batches >= RECORDS, `${batches} batches`);
});
