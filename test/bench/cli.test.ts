import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { writeReport } from '../../bench/report/report.ts';
import { benchCommand } from '../../src/cli/bench-command.ts';
import { millrace } from '../cli/terminal.ts';
import { sampleReport } from './sample-report.ts';

const folder = mkdtempSync(join(tmpdir(), 'bench-cli-'));
after(() => rmSync(folder, { recursive: true }));
const [old, slower] = [join(folder, 'old'), join(folder, 'slower')];
writeReport(old, sampleReport(2, 20));
writeReport(slower, sampleReport(2, 30));

/** Runs `millrace bench ...` in this process; returns its exit code and what it printed. */
async function bench(...argv: string[]): Promise<{ code: number; out: string }> {
  const printed: string[] = [];
  const take = (text: unknown) => void printed.push(String(text));
  const mocks = [mock.method(console, 'log', take), mock.method(console, 'error', take)];
  try {
    return { code: (await millrace(['bench', ...argv])).code, out: printed.join('\n') };
  } finally {
    for (const one of mocks) one.mock.restore();
  }
}

test('compare: a broken threshold is exit code 1 and named, others are 0', async () => {
  const broken = await bench('compare', old, slower, '--fail-if', 'max>+10%', '--fail-if', 'p50>+10%');
  assert.equal(broken.code, 1);
  assert.match(broken.out, /Broken: produce <1>: max went from 20 to 30 ms \(max>\+10%\)/);
  assert.doesNotMatch(broken.out, /Broken: .*p50/);
  assert.equal((await bench('compare', slower, old, '--fail-if', 'max>+10%')).code, 0);
  assert.equal((await bench('compare', old, old)).code, 0);
  assert.equal(process.exitCode, undefined, "the command's code is not the test's");
});

test('what cannot be done is exit code 1 with its reason', async () => {
  const missing = await bench('compare', old, join(folder, 'missing'));
  assert.equal(missing.code, 1);
  assert.match(missing.out, /There is no report/);
});

test('a wrong usage is exit code 2, whether one option is wrong or several do not go together', async () => {
  assert.equal((await bench('compare', old, slower, '--fail-if', 'speed>1')).code, 2);
  assert.equal((await bench('run', '--keep-gib', 'much')).code, 2);
  const nothing = await bench('run', '-p', '0');
  assert.equal(nothing.code, 2);
  assert.match(nothing.out, /Nothing to do/);
});

test('a folder that cannot be made is told before the load', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const refused = await bench('run', '-b', '127.0.0.1:1', '-o', join(file, 'x'), '--no-limits');
  assert.equal(refused.code, 1);
  assert.match(refused.out, /ENOTDIR/);
});

test('without the suite beside it the command says where to get it', async () => {
  let said = '';
  const io = { err: (line: string) => void (said += line) } as Parameters<typeof benchCommand>[1];
  assert.equal(await benchCommand(['run'], io, folder), 1);
  assert.match(said, /not in the installed package/);
});
