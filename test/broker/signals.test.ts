// A broker as a process of its own, told to stop.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

const PROGRAM = new URL('../../src/broker/run-broker.ts', import.meta.url).href;

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-signals-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `script` behind the start of a broker; resolves with what the process has printed and its exit code. */
async function run(script: string): Promise<{ output: string; code: number | null }> {
  const args = ['--data', join(folder, 'data'), 'listeners=PLAINTEXT://127.0.0.1:0'];
  const program = `
    const { runBroker } = await import(${JSON.stringify(PROGRAM)});
    const running = runBroker(${JSON.stringify(args)}, {});
    ${script}
    process.exitCode = await running;`;
  const file = join(folder, 'program.mjs');
  writeFileSync(file, program);
  child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout!.on('data', (text) => (output += text));
  child.stderr!.on('data', (text) => (output += text));
  const [code] = await once(child, 'exit');
  return { output, code: code as number | null };
}

describe('signals', () => {
  // The last one when its terminal is closed.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    test(`${signal} while the broker starts stops it as soon as it runs`, { timeout: 60_000 }, async () => {
      const { output, code } = await run(`process.kill(process.pid, '${signal}');`);
      assert.equal(code, 0, output);
      assert.match(output, /ready[\s\S]*stopped/);
      assert.ok(readdirSync(join(folder, 'data')).includes('.kafka_cleanshutdown'), output);
    });
  }
});
