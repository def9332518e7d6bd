// A broker that is killed with SIGKILL while a partition moves between its log directories and a producer goes on.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/base/random.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { StorageClient } from './storage-client.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const ROUNDS = 3;
const SAID_LINES = 30;
const VALUE_BYTES = 40_000;
/** Records before the first move: a few segments, and more than the owner copies by itself. */
const RECORDS = 120;

const root = mkdtempSync(join(tmpdir(), 'millrace-move-crash-'));
const paths = ['a', 'b'].map((name) => join(root, name));
let child: ChildProcess | undefined;
/** The end of what the broker has said, for a test that fails. */
const said: string[] = [];

after(() => {
  child?.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

/** Starts the broker; resolves with its port. */
async function start(): Promise<number> {
  const settings = [
    'listeners=PLAINTEXT://127.0.0.1:0',
    `log.dirs=${paths.join()}`,
    'log.segment.bytes=1048576',
    'millrace.log.format=json',
    'offsets.topic.num.partitions=1',
  ];
  child = spawn(process.execPath, [MAIN, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      if (said.length > SAID_LINES) said.shift();
      const port = /PLAINTEXT:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined && line.includes('ready')) resolve(Number(port));
    });
    lines.on('close', () => reject(new Error('the broker did not start')));
  });
}

async function kill(): Promise<void> {
  const exited = once(child!, 'exit');
  child!.kill('SIGKILL');
  await exited;
}

test('a move survives kills: what was acknowledged is there once, in order', { timeout: 120_000 }, () =>
  survives().catch((error: Error) => {
    error.message += `\n${said.join('\n')}`;
    throw error;
  }),
);

async function survives(): Promise<void> {
  const random = seededRandom(7);
  let client = await StorageClient.connect(await start());
  assert.equal(await client.create('t', 1, { 'segment.bytes': '1048576' }), ErrorCode.NONE);
  const acknowledged: string[] = [];
  const textOf = (at: number): string => `${at}:`.padEnd(VALUE_BYTES, 'v');
  const write = async (to: StorageClient): Promise<void> => {
    const [errorCode, baseOffset] = await to.produce('t', textOf(acknowledged.length));
    assert.deepEqual([errorCode, baseOffset], [ErrorCode.NONE, acknowledged.length]);
    acknowledged.push(textOf(acknowledged.length));
  };
  while (acknowledged.length < RECORDS) await write(client);
  const place = async (): Promise<string> => (await client.replicas('t')).find(({ isFuture }) => !isFuture)!.path;
  for (let round = 0; round < ROUNDS; round++) {
    const from = await place();
    const to = paths.find((path) => path !== from)!;
    assert.equal(await client.move('t', 0, to), ErrorCode.NONE);
    const extra = random.below(40);
    let written = 0;
    const producing = (async () => {
      while (written < extra) {
        await write(client);
        written++;
      }
    })();
    await producing;
    // One that nobody is told of: it may be there afterwards, or not.
    const lost = client.produce('t', textOf(acknowledged.length)).catch(() => {});
    await kill();
    await lost;
    client.close();
    client = await StorageClient.connect(await start());
    const values = await client.values('t');
    assert.ok(values.length - acknowledged.length <= 1, `${values.length} of ${acknowledged.length}`);
    if (values.length > acknowledged.length) acknowledged.push(textOf(acknowledged.length));
    assert.deepEqual(values, acknowledged, `round ${round}`);
    await write(client);
    // What was under way goes on by itself.
    if ((await client.replicas('t')).some(({ isFuture }) => isFuture)) await client.untilMoved('t', 0, to);
  }
  assert.deepEqual(await client.values('t'), acknowledged);
  const folders = paths.flatMap((path) => readdirSync(path)).filter((name) => name.startsWith('t-0'));
  assert.equal(folders.filter((name) => name === 't-0').length, 1);
  assert.ok(!folders.some((name) => name.endsWith('-future')), folders.join());
  client.close();
  const exited = once(child!, 'exit');
  child!.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
}
