/** The package as npm packs and installs it: its command, `millrace/testing` and the types of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'));
/** A clone of its own, so that nobody's bundle is replaced. */
const clone = join(folder, 'clone');
const app = join(folder, 'app');
const installed = join(app, 'node_modules/millrace');

/** What was made in a clone, and what the package is not made of. */
const LEFT_OUT = ['node_modules', 'dist', 'data', '.git', 'build', 'bench', 'test'];

function run(command: string, args: readonly string[], cwd: string): string {
  const env = { ...process.env, npm_config_loglevel: 'error', npm_config_cache: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

describe('package', () => {
  before(() => {
    cpSync(root, clone, { recursive: true, filter: (path) => !LEFT_OUT.includes(path.split('/').at(-1)!) });
    symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
    run('node', ['scripts/build-package.mjs'], clone);
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], clone);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
    mkdirSync(installed, { recursive: true });
    run('tar', ['xzf', join(folder, tarball), '--strip-components=1', '-C', installed], folder);
    // Beside the package, where npm puts what it needs.
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== '.package-lock.json') symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
    }
    writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
  });
  after(() => rmSync(folder, { recursive: true }));

  test('carries what it runs and what the native engine is built from, and nothing made on this machine', () => {
    assert.deepEqual(
      readdirSync(installed).filter((name) => !['CHANGELOG.md', 'LICENSE', 'README.md'].includes(name)),
      ['bin', 'dist', 'docs', 'native-bindings', 'package.json', 'scripts'],
    );
    assert.deepEqual(readdirSync(join(installed, 'native-bindings')), ['src']);
  });

  test('the command runs from the bundle, without setting anything up', () => {
    assert.match(run(join(installed, 'bin/millrace'), ['--version'], app), /^\d+\.\d+\.\d+\n$/);
    assert.ok(!existsSync(join(installed, 'node_modules')));
  });

  test('the engine is built beside the packages that npm hoists, or left out where it cannot be', () => {
    const without = { ...process.env, CXX: 'no-such-compiler' };
    const args = [join(installed, 'scripts/build-native.mjs'), '--if-possible'];
    const { status, stderr } = spawnSync('node', args, { cwd: app, env: without, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /No C\+\+ compiler .* portable/);
    const compiler = join(folder, 'failing-compiler');
    writeFileSync(compiler, '#!/bin/sh\n[ "$1" = --version ] || { echo "$@"; exit 1; }\n', { mode: 0o755 });
    const failing = { ...process.env, CXX: compiler };
    const failed = spawnSync('node', args, { cwd: app, env: failing, encoding: 'utf8' });
    assert.equal(failed.status, 0, failed.stderr);
    const includes = /-I(\S+)/.exec(failed.stdout)?.[1];
    assert.ok(includes !== undefined && existsSync(join(includes, 'node_api.h')), failed.stdout);
  });

  test('millrace/testing starts a broker, and its types are there', () => {
    const program = `
      import { startTestBroker, type TestBroker } from 'millrace/testing';
      await using broker: TestBroker = await startTestBroker({ tls: true, configs: { 'num.partitions': 3 } });
      const address: string = broker.bootstrapServers;
      // @ts-expect-error it is no number
      const wrong: number = broker.port.toFixed();
      console.log(address, wrong);
    `;
    writeFileSync(join(app, 'program.ts'), program);
    assert.match(run('node', ['program.ts'], app), /^127\.0\.0\.1:\d+ \d+\n$/);
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext'];
    run('tsc', [...options, '--types', 'node', 'program.ts'], app);
  });
});
