// Bundles the broker and the command line into dist/: what `npm start` and the published package run. Sources run as they
// are in tests and development; a bundle only saves stripping types and resolving hundreds of modules at every start.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const output = join(root, 'dist');

// Packages stay what npm installs, but for those of many small files that every thread loads at its start.
const BUNDLED = ['pino'];
const packages = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies);

/** Time of the last change below a folder; 0 when there is nothing. */
function newestMs(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs);
  }
  return newest;
}

function builtMs() {
  try {
    return statSync(join(output, 'main.js')).mtimeMs;
  } catch {
    return 0;
  }
}

if (process.argv.includes('--if-stale') && builtMs() > newestMs(source)) process.exit(0);
const { metafile } = await build({
  entryPoints: {
    main: join(source, 'main.ts'),
    'broker-thread': join(source, 'broker/threads/broker-thread.ts'),
    'cleaner-worker': join(source, 'broker/cleaner/cleaner-worker.ts'),
    'background-worker': join(source, 'broker/background/background-worker.ts'),
    cli: join(source, 'cli/main.ts'),
    testing: join(source, 'testing/test-broker.ts'),
  },
  outdir: output,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: packages.filter((name) => !BUNDLED.includes(name)),
  // Bundled packages ask for node's modules in the old way.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
  },
  sourcemap: true,
  logLevel: 'warning',
  metafile: true,
});
// What an earlier build left. Only now: a broker may run from it.
const made = new Set(Object.keys(metafile.outputs).map((path) => resolve(path)));
for (const name of readdirSync(output)) {
  const path = join(output, name);
  if (!made.has(path)) rmSync(path, { recursive: true });
}
