// Kafka Connect: two distributed workers carry a file's lines into a topic exactly once (KIP-618) and on into a file, while
// a worker and the broker are killed. Its topics for configs, offsets and states are compacted ones of the broker's.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { javaCommand, runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { RestartedProcess } from './line-process.ts';
import { checkStorage } from './storage-check.ts';
import { freePort, Target } from './target.ts';
import { toolchain } from './toolchains.ts';

const TOPIC = 'connect-lines';
const GROUP = 'connect-workers';
/** Lines written at a time: before anything is killed, while a worker is dead, while the broker is, and afterwards. */
const LINES_PER_ROUND = 5000;
const PROGRESS_TIMEOUT_MS = 120_000;
const LOOK_EVERY_MS = 200;
const STRING_CONVERTER = 'org.apache.kafka.connect.storage.StringConverter';

interface Status {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly state: string; readonly worker_id: string }[];
}

leg('kafka connect', ['kafka', 'connect'], async () => {
  const target = await Target.start();
  const [a, b] = [await startWorker(target, 'a'), await startWorker(target, 'b')];
  try {
    await carryLines(target, a, b);
    await Promise.all([a.end(), b.end()]);
    await target.stop();
    await checkStorage(target.dataDir, [`${GROUP}-configs`, `${GROUP}-offsets`, `${GROUP}-status`]);
  } finally {
    await Promise.all([a.end(), b.end()]);
    await target.kill();
    target.remove();
  }
});

interface Worker {
  readonly url: string;
  kill(): void;
  end(): Promise<void>;
}

/** A worker that comes back whenever it ends. */
async function startWorker(target: Target, name: string): Promise<Worker> {
  const plugin = await toolchain('connect');
  assert.ok('dir' in plugin);
  const url = `http://127.0.0.1:${await freePort()}`;
  const topics = ['config', 'offset', 'status'].flatMap((kind) => [
    `${kind}.storage.topic=${GROUP}-${{ config: 'configs', offset: 'offsets', status: 'status' }[kind]}`,
    `${kind}.storage.replication.factor=1`,
  ]);
  const properties = [
    `bootstrap.servers=${target.bootstrap}`,
    `listeners=${url}`,
    `group.id=${GROUP}`,
    'session.timeout.ms=6000',
    'heartbeat.interval.ms=500',
    'scheduled.rebalance.max.delay.ms=0',
    'exactly.once.source.support=enabled',
    `plugin.path=${plugin.dir}`,
    `key.converter=${STRING_CONVERTER}`,
    `value.converter=${STRING_CONVERTER}`,
    'offset.storage.partitions=4',
    'status.storage.partitions=2',
    'offset.flush.interval.ms=1000',
    ...topics,
  ];
  const file = join(target.dir, `worker-${name}.properties`);
  writeFileSync(file, `${properties.join('\n')}\n`);
  const process = new RestartedProcess(await javaCommand('org.apache.kafka.connect.cli.ConnectDistributed', [file]));
  return {
    url,
    kill: () => process.kill(),
    end: () => {
      const stopped = process.stop();
      process.kill();
      return stopped;
    },
  };
}

/** Asks a worker's REST interface; undefined while it is not there or rebalances. */
async function ask<Answer>(worker: Worker, method: string, path: string, body?: unknown): Promise<Answer | undefined> {
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${worker.url}${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();
    return answer.ok ? ((text === '' ? {} : JSON.parse(text)) as Answer) : undefined;
  } catch {
    return undefined;
  }
}

async function until<Found>(what: string, look: () => Found | Promise<Found>): Promise<NonNullable<Found>> {
  const deadlineMs = performance.now() + PROGRESS_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const found = await look();
    if (found) return found;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`too long until ${what}`);
}

async function carryLines(target: Target, a: Worker, b: Worker): Promise<void> {
  const startedMs = performance.now();
  const [input, output] = [join(target.dir, 'input.txt'), join(target.dir, 'output.txt')];
  mkdirSync(target.dir, { recursive: true });
  let written = 0;
  const write = (): void => {
    const lines = Array.from({ length: LINES_PER_ROUND }, (_, at) => `line ${written + at}\n`);
    appendFileSync(input, lines.join(''));
    written += LINES_PER_ROUND;
  };
  const arrived = (): number => (existsSync(output) ? new Set(readFileSync(output, 'utf8').split('\n')).size - 1 : 0);
  const running = (name: string) => async (): Promise<boolean> => {
    const status = await ask<Status>(b, 'GET', `/connectors/${name}/status`);
    return status?.tasks.length === 1 && status.tasks[0].state === 'RUNNING';
  };

  write();
  const source = {
    'connector.class': 'FileStreamSource',
    file: input,
    topic: TOPIC,
    'batch.size': '100',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
  };
  const sink = { 'connector.class': 'FileStreamSink', file: output, topics: TOPIC };
  // Its consumer is missed as soon as its worker is.
  const consumer = {
    'consumer.override.isolation.level': 'read_committed',
    'consumer.override.session.timeout.ms': '6000',
    'consumer.override.heartbeat.interval.ms': '500',
  };
  await until('the source is made', () => ask(a, 'PUT', '/connectors/source/config', source));
  // A sink that comes first would have the topic made with as many partitions as the broker likes.
  await until('the source has made its topic', async () => {
    const active = await ask<{ source: { topics: string[] } }>(a, 'GET', '/connectors/source/topics');
    return active?.source.topics.includes(TOPIC);
  });
  await until('the sink is made', () => ask(b, 'PUT', '/connectors/sink/config', { ...sink, ...consumer }));
  await until('the first lines arrive', () => arrived() === written);

  a.kill();
  write();
  await until('the lines of after the kill of a worker arrive', () => arrived() === written);
  write();
  await target.kill();
  await target.start();
  write();
  await until('the lines of after the kill of the broker arrive', () => arrived() === written);
  await until('the source runs', running('source'));

  const reader = ['--bootstrap-server', target.bootstrap, '--topic', TOPIC, '--from-beginning'];
  const options = ['--isolation-level', 'read_committed', '--timeout-ms', '4000'];
  const { stdout } = await runTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...reader, ...options]);
  const [read, fed] = [stdout.split('\n'), readFileSync(input, 'utf8').split('\n')];
  const at = fed.findIndex((line, index) => line !== read[index]);
  const found = `${read.length - 1} lines, and number ${at} is ${read[at]}`;
  assert.ok(at === -1 && read.length === fed.length, `not each line is in the topic once and in order: ${found}`);

  const offsets = (): Promise<unknown> => ask(a, 'GET', '/connectors/source/offsets');
  const whole = [{ partition: { filename: input }, offset: { position: statSync(input).size } }];
  assert.deepEqual(await until('the first worker is back', offsets), { offsets: whole });
  await until('the source is stopped', () => ask(a, 'PUT', '/connectors/source/stop'));
  await until('its offsets are reset', () => ask(a, 'DELETE', '/connectors/source/offsets'));
  assert.deepEqual(await until('offsets are told', offsets), { offsets: [] });
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.error(`interop: ${written} lines through Kafka Connect exactly once, in ${seconds} s`);
}
