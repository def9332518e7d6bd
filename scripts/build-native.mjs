// Compiles the native binding with the machine's own C++ compiler, when its sources are newer than the last build.
// No node-gyp: the headers come from the npm packages, so nothing is downloaded. Without a compiler the broker runs
// on the portable binding; that is said here once and again by the broker when it starts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceDir = join(root, 'native-bindings/src');
const outDir = join(root, 'native-bindings/build');
const output = join(outDir, `millrace-${process.platform}-${process.arch}.node`);
const all = readdirSync(sourceDir).filter((name) => /\.(cc|h)$/.test(name));
const sources = all.filter((name) => name.endsWith('.cc'));

const builtAtMs = existsSync(output) ? statSync(output).mtimeMs : 0;
const newestMs = Math.max(0, ...all.map((name) => statSync(join(sourceDir, name)).mtimeMs));
if (process.argv.includes('--if-stale') && builtAtMs > newestMs) process.exit(0);
if (sources.length === 0) process.exit(0);

const compiler = process.env.CXX ?? 'c++';
if (spawnSync(compiler, ['--version']).status !== 0) {
  console.error(`No C++ compiler (${compiler}): the slower portable binding will be used.`);
  process.exit(0);
}
mkdirSync(outDir, { recursive: true });
const flags = [
  '-std=c++20', '-O3', '-g', '-fPIC', '-fvisibility=hidden', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra',
  '-pthread', '-DNAPI_VERSION=9', `-I${join(root, 'node_modules/node-api-headers/include')}`,
  ...(process.arch === 'x64' ? ['-msse4.2', '-mpclmul'] : ['-march=armv8-a+crc']),
];
const startedMs = Date.now();
const objects = sources.map((name) => join(outDir, `${name}.${process.pid}.o`));
for (const [at, name] of sources.entries()) {
  if (spawnSync(compiler, [...flags, '-c', join(sourceDir, name), '-o', objects[at]], { stdio: 'inherit' }).status !== 0) {
    console.error('The native binding does not compile; see above.');
    process.exit(1);
  }
}
// Linked under a private name and renamed, so that a broker that starts meanwhile never loads half a file.
const temporary = `${output}.${process.pid}`;
const linked = spawnSync(compiler, ['-shared', '-pthread', '-o', temporary, ...objects, '-ldl'], { stdio: 'inherit' });
for (const object of objects) rmSync(object, { force: true });
if (linked.status !== 0) process.exit(1);
renameSync(temporary, output);
console.error(`Built the native binding in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
