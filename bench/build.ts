/**
 * Compiles the benchmark programs (C++20, one folder each) with the machine's own compiler when a source is newer than
 * the last build. Nothing is downloaded. Runs on the main thread of a benchmark command, before it measures anything.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const benchDir = fileURLToPath(new URL('.', import.meta.url));
const buildDir = join(benchDir, 'build');

const sourceDirs = { limit: 'limit', load: 'load/generator', settle: 'settle' } as const;
export type Program = keyof typeof sourceDirs;

function sourcesIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join(dir, name));
}

/** Returns the path of the built program; throws with what the compiler said, or with what to install. */
export function buildProgram(program: Program): string {
  const output = join(buildDir, `${program}-${process.arch}`);
  const own = sourcesIn(join(benchDir, sourceDirs[program]));
  const all = [...own, ...sourcesIn(join(benchDir, 'native'))];
  const newestMs = Math.max(...all.map((path) => statSync(path).mtimeMs));
  if (existsSync(output) && statSync(output).mtimeMs > newestMs) return output;
  const objectDir = join(buildDir, `${program}-${process.arch}-objects`);
  mkdirSync(objectDir, { recursive: true });
  const compiler = process.env.CXX ?? 'c++';
  const machine = process.arch === 'x64' ? ['-msse4.2'] : process.arch === 'arm64' ? ['-march=armv8-a+crc'] : [];
  const run = (args: string[]) => {
    const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
    if (error) {
      throw new Error(
        `The benchmarks need a C++20 compiler; "${compiler}" does not run (${error.message}). Install g++ or set CXX.`,
      );
    }
    if (status !== 0) throw new Error(`bench/${sourceDirs[program]} does not compile:\n${stderr}`);
  };
  // One object per source, so that a change to one file costs two seconds; a changed header compiles all.
  const headersMs = Math.max(0, ...all.filter((path) => path.endsWith('.h')).map((path) => statSync(path).mtimeMs));
  const objects = own
    .filter((path) => path.endsWith('.cc'))
    .map((path) => {
      const object = join(objectDir, `${basename(path)}.o`);
      const neededMs = Math.max(headersMs, statSync(path).mtimeMs);
      if (!existsSync(object) || statSync(object).mtimeMs <= neededMs) {
        run([
          '-std=c++20',
          '-O3',
          '-g',
          '-Wall',
          '-Wextra',
          '-pthread',
          ...machine,
          '-c',
          path,
          '-o',
          `${object}.${process.pid}`,
        ]);
        renameSync(`${object}.${process.pid}`, object);
      }
      return object;
    });
  const temporary = `${output}.${process.pid}`;
  run(['-pthread', '-o', temporary, ...objects, '-ldl']);
  renameSync(temporary, output);
  return output;
}
