// What a start that fails tells whoever reads the log, and what a start that succeeds tells the service manager.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestBroker } from '../../src/testing/test-broker.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-start-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A broker as a process; `until` is what it has to say before it is stopped, should it not stop by itself. */
async function broker(
  configs: readonly string[],
  env: Record<string, string> = {},
  until?: () => boolean,
): Promise<{ output: string; code: number }> {
  const child = spawn(process.execPath, [MAIN, 'broker', `log.dirs=${join(folder, 'data')}`, ...configs], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  const poll = setInterval(() => {
    if (!until?.()) return;
    clearInterval(poll);
    child.kill('SIGTERM');
  }, 20);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  clearInterval(poll);
  return { output, code: code as number };
}

function saysOnce(output: string, what: RegExp): void {
  const last = output.trimEnd().split('\n').at(-1)!;
  assert.match(last, what);
  assert.match(last, / fix="/);
  assert.doesNotMatch(output, /\n {4}at |\\n {4}at /);
}

describe('a start that fails', { timeout: 120_000 }, () => {
  test('for a port in use, of the broker or of its metrics', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    for (const configs of [
      [`listeners=PLAINTEXT://127.0.0.1:${port}`],
      ['listeners=PLAINTEXT://127.0.0.1:0', `millrace.metrics.listener=127.0.0.1:${port}`],
    ]) {
      const { output, code } = await broker(configs);
      assert.equal(code, 1);
      saysOnce(output, new RegExp(`error="listen EADDRINUSE: .* 127\\.0\\.0\\.1:${port}" fix="stop the process`));
    }
    taken.close();
  });

  test('for a folder below one that takes no others', { skip: !existsSync('/proc/self') }, async () => {
    const { output, code } = await broker(['log.dirs=/proc/millrace/data']);
    assert.equal(code, 1);
    saysOnce(output, /error="cannot make \/proc\/millrace\/data: ENOENT" fix="no folder can be made there/);
  });

  test('for an address that is not of this machine', async () => {
    const { output, code } = await broker(['listeners=PLAINTEXT://192.0.2.1:0']);
    assert.equal(code, 1);
    saysOnce(output, /EADDRNOTAVAIL.*advertised\.listeners/);
  });

  test('for a folder that another broker has, that is a file, or that belongs to another node', async () => {
    const data = join(folder, 'data');
    const other = await startTestBroker({ folder: data });
    const second = await broker(['listeners=PLAINTEXT://127.0.0.1:0']);
    await other.stop();
    assert.equal(second.code, 1);
    saysOnce(second.output, /another process uses the directory of.*stop the other broker/);
    saysOnce((await broker(['node.id=7', 'listeners=PLAINTEXT://127.0.0.1:0'])).output, /belongs to node 1.*node\.id/);
    rmSync(data, { recursive: true });
    writeFileSync(data, '');
    saysOnce((await broker(['listeners=PLAINTEXT://127.0.0.1:0'])).output, /EEXIST.*this is a file/);
  });

  test('for a folder that has lost its meta.properties, beside the metadata of a cluster', async () => {
    const data = join(folder, 'data');
    await (await startTestBroker({ folder: data })).stop();
    rmSync(join(data, 'meta.properties'));
    const { output, code } = await broker(['listeners=PLAINTEXT://127.0.0.1:0']);
    assert.equal(code, 1);
    saysOnce(output, /no meta\.properties beside the metadata log of a cluster: .*put the file back/);
    assert.equal(existsSync(join(data, 'meta.properties')), false);
  });

  test('for a folder of another release says which', async () => {
    const data = join(folder, 'data');
    await (await startTestBroker({ folder: data })).stop();
    const properties = readFileSync(join(data, 'meta.properties'), 'utf8');
    for (const [version, said] of [
      ['0', /ZooKeeper; migrate it/],
      ['2', /version 2 where 1 is expected: not of this release/],
    ] as const) {
      writeFileSync(join(data, 'meta.properties'), properties.replace('version=1', `version=${version}`));
      assert.match((await broker(['listeners=PLAINTEXT://127.0.0.1:0'])).output, said);
    }
  });
});

describe('a start that succeeds', { timeout: 120_000 }, () => {
  test('is told to the service manager when one waits, once the broker answers', async () => {
    const tools = join(folder, 'tools');
    const told = join(folder, 'told');
    mkdirSync(tools);
    writeFileSync(join(tools, 'systemd-notify'), `#!/bin/sh\necho "$@ $NOTIFY_SOCKET" > '${told}'\n`, { mode: 0o755 });
    const env = { PATH: `${tools}:${process.env.PATH}`, NOTIFY_SOCKET: '/run/some/socket' };
    const { output, code } = await broker(['listeners=PLAINTEXT://[::ffff:127.0.0.1]:0'], env, () => existsSync(told));
    assert.equal(code, 0, output);
    assert.equal(readFileSync(told, 'utf8'), '--ready /run/some/socket\n');
    assert.match(output, /listeners="PLAINTEXT:\/\/\[::ffff:127\.0\.0\.1\]:\d+" /);
  });
});
