// Before the package is packed: its bundle, and the types of `millrace/testing` below dist/types.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ENTRY = 'testing/test-broker';

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

/** Copies a file of types and all that it imports. */
function copyTypes(from, to, name, copied = new Set()) {
  if (copied.has(name)) return;
  copied.add(name);
  const file = `${name}.d.ts`;
  cpSync(join(from, file), join(to, file));
  for (const [, specifier] of readFileSync(join(from, file), 'utf8').matchAll(/'(\.{1,2}\/[^']+)\.ts'/g)) {
    copyTypes(from, to, join(dirname(name), specifier), copied);
  }
}

run('node', join(root, 'scripts/build-dist.mjs'));
const declarations = mkdtempSync(join(tmpdir(), 'millrace-types-'));
try {
  const project = ['-p', '.', '--declaration', '--emitDeclarationOnly', '--noEmit', 'false'];
  run('tsc', ...project, '--rewriteRelativeImportExtensions', '--rootDir', '.', '--outDir', declarations);
  copyTypes(join(declarations, 'src'), join(root, 'dist/types'), ENTRY);
} finally {
  rmSync(declarations, { recursive: true });
}
