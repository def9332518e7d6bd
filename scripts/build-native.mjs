// Compiles the native binding with the machine's own C++ compiler: each file whose source, or any header, is newer than
// its object, then one link. No node-gyp: the headers come from the npm packages, so nothing is downloaded. Without a
// compiler the broker runs on the portable binding; that is said here once and again by the broker when it starts.
// "--if-possible", at an installation, takes a failure for a missing compiler.
// "--sanitize address" or "--sanitize thread" builds another one beside it, for `scripts/sanitize`.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceDir = join(root, 'native-bindings/src');
const SANITIZERS = { address: 'address,undefined,float-cast-overflow', thread: 'thread' };
const sanitizer = process.argv.includes('--sanitize')
  ? process.argv[process.argv.indexOf('--sanitize') + 1]
  : undefined;
if (sanitizer !== undefined && !Object.hasOwn(SANITIZERS, sanitizer)) {
  console.error(`--sanitize ${sanitizer}: ${Object.keys(SANITIZERS).join(' or ')}`);
  process.exit(2);
}
const ifPossible = process.argv.includes('--if-possible');
const sanitizing = sanitizer ? [`-fsanitize=${SANITIZERS[sanitizer]}`, '-fno-omit-frame-pointer'] : [];
const outDir = join(root, 'native-bindings/build', sanitizer ?? '');
const output = join(outDir, `millrace-${process.platform}-${process.arch}.node`);
const all = readdirSync(sourceDir).filter((name) => /\.(cc|h)$/.test(name));
const sources = all.filter((name) => name.endsWith('.cc'));

/** When the file was changed last, 0 when it is missing. */
const changedMs = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);
const newestMs = (names) => Math.max(0, ...names.map((name) => changedMs(join(sourceDir, name))));

// A removed source leaves the folder newer than the output.
const sourcesMs = Math.max(newestMs(all), changedMs(sourceDir));
if (process.argv.includes('--if-stale') && changedMs(output) > sourcesMs) process.exit(0);
if (sources.length === 0) process.exit(0);
if (process.platform !== 'linux') {
  console.error('The native binding is for Linux: the slower portable binding will be used.');
  process.exit(0);
}

const compiler = process.env.CXX ?? 'c++';
if (spawnSync(compiler, ['--version']).status !== 0) {
  console.error(`No C++ compiler (${compiler}): the slower portable binding will be used.`);
  process.exit(0);
}
const flags = [
  '-std=c++20',
  sanitizer ? '-O1' : '-O3',
  '-g',
  '-fPIC',
  '-fvisibility=hidden',
  '-fno-exceptions',
  '-fno-rtti',
  '-Wall',
  '-Wextra',
  '-pthread',
  '-DNAPI_VERSION=9',
  `-I${createRequire(import.meta.url)('node-api-headers').include_dir}`,
  ...sanitizing,
];
// Objects of other flags or another compiler lie in another folder.
const kind = createHash('sha256')
  .update(JSON.stringify([compiler, flags]))
  .digest('hex')
  .slice(0, 12);
const objectDir = join(outDir, `objects-${process.arch}-${kind}`);
mkdirSync(objectDir, { recursive: true });

const startedMs = Date.now();
const headersMs = newestMs(all.filter((name) => name.endsWith('.h')));
const objectOf = (name) => join(objectDir, `${name}.o`);
const stale = sources.filter((name) => changedMs(objectOf(name)) <= Math.max(headersMs, newestMs([name])));

/** Under a private name first, so that two builds at once never see half a file. */
function compile(name) {
  const temporary = `${objectOf(name)}.${process.pid}`;
  const changedAtMs = changedMs(join(sourceDir, name));
  return new Promise((resolve) => {
    const run = spawn(compiler, [...flags, '-c', join(sourceDir, name), '-o', temporary], { stdio: 'inherit' });
    run.on('close', (status) => {
      if (status === 0 && changedMs(join(sourceDir, name)) === changedAtMs) renameSync(temporary, objectOf(name));
      else rmSync(temporary, { force: true });
      resolve(status === 0);
    });
  });
}

let good = true;
async function compileNext(queue) {
  for (let name = queue.pop(); name && good; name = queue.pop()) good = (await compile(name)) && good;
}
const queue = [...stale];
await Promise.all(Array.from({ length: availableParallelism() }, () => compileNext(queue)));
if (!good) {
  if (ifPossible) console.error('The native binding does not compile: the slower portable binding will be used.');
  else console.error('The native binding does not compile; see above.');
  process.exit(ifPossible ? 0 : 1);
}
// Linked under a private name and renamed, so that a broker that starts meanwhile never loads half a file. "nodelete":
// its threads run on when the last environment that loaded it has ended.
const temporary = `${output}.${process.pid}`;
const link = [
  '-shared',
  '-pthread',
  ...sanitizing,
  '-Wl,-z,nodelete',
  '-o',
  temporary,
  ...sources.map(objectOf),
  '-ldl',
];
const linked = spawnSync(compiler, link, { stdio: 'inherit' });
if (linked.status !== 0) process.exit(ifPossible ? 0 : 1);
renameSync(temporary, output);
console.error(`Built the native binding in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
