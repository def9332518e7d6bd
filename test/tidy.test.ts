/** The rules of the house that a reader cannot see at a glance: layers, bans, sizes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = join(root, 'src');

/** Folders by layer, lowest first. A file imports its own folder and lower layers; folders of one layer stay apart. */
const LAYERS: readonly (readonly string[])[] = [
  ['base', 'native', 'ring'],
  ['protocol', 'config', 'telemetry'],
  ['network', 'storage', 'metadata', 'security'],
  ['partition'],
  ['coordinator/runtime', 'coordinator/group', 'coordinator/transaction', 'controller'],
  ['broker'],
  ['cli', 'testing'],
];
/** Neighbours that may be imported: base by all, the coordinators' runtime by the coordinators. */
const NEIGHBOURS: ReadonlyMap<string, readonly string[]> = new Map([
  ['native', ['base']],
  ['ring', ['base']],
  ['coordinator/group', ['coordinator/runtime']],
  ['coordinator/transaction', ['coordinator/runtime']],
]);

const FILE_LINES_MAX = 600;
const FOLDER_FILES_MAX = 36;
/** Lists by nature. */
const LISTS = ['protocol/messages', 'protocol/persisted', 'broker/apis'];

interface Source {
  /** Relative to src, with slashes. */
  readonly path: string;
  readonly text: string;
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name));
    else yield join(folder, entry.name);
  }
}

const sources: Source[] = [...filesBelow(src)]
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: relative(src, path), text: readFileSync(path, 'utf8') }));

function folderOf(path: string): string {
  const parts = path.split('/');
  return parts[0] === 'coordinator' ? `${parts[0]}/${parts[1]}` : parts[0];
}

/** `a/{b,c}/` is a/b and a/c. */
function foldersOf(drawn: string): string[] {
  const [, parent, names] = /^(.*\/)\{(.+)\}\/$/.exec(drawn) ?? [];
  return names ? names.split(',').map((name) => parent + name) : [drawn.replace(/\/$/, '')];
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

function importsOf({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1]);
  return specifiers.map((specifier) => relative(src, join(src, dirname(path), specifier)));
}

/** Code without comments and strings, line by line. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

const offenders = (pattern: RegExp, allowed: (path: string) => boolean): string[] =>
  sources.filter(({ path, text }) => !allowed(path) && pattern.test(codeOf(text))).map(({ path }) => path);

describe('tidy', () => {
  test('every folder stands in a layer, and imports go down', () => {
    const wrong: string[] = [];
    for (const source of sources) {
      if (source.path === 'main.ts') continue;
      const folder = folderOf(source.path);
      const layer = layerOf(folder);
      if (layer < 0) wrong.push(`${source.path}: folder ${folder} is in no layer`);
      for (const target of importsOf(source)) {
        const other = folderOf(target);
        const isBelow = layerOf(other) >= 0 && layerOf(other) < layer;
        if (other === folder || isBelow || NEIGHBOURS.get(folder)?.includes(other)) continue;
        wrong.push(`${source.path} imports ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test('the layers are those that src/ARCHITECTURE.md draws, and their folders are there', () => {
    const page = readFileSync(join(src, 'ARCHITECTURE.md'), 'utf8');
    const drawn = [...page.matchAll(/^L\d (.+)$/gm)].map(([, folders]) => folders.split(/ +/).flatMap(foldersOf));
    assert.deepEqual(drawn, LAYERS);
    const missing = LAYERS.flat().filter((folder) => !existsSync(join(src, folder)));
    assert.deepEqual(missing, []);
  });

  test('there are no import cycles between files, of types neither', () => {
    const targets = new Map(sources.map((source) => [source.path, importsOf(source)]));
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      state.set(path, 'open');
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      state.set(path, 'done');
    };
    for (const { path } of sources) visit(path, []);
    assert.deepEqual(cycles, []);
  });

  test('clock, timers and chance come in as dependencies', () => {
    const drivers = new Set(['base/clock.ts', 'base/random.ts']);
    const above = (path: string): boolean => drivers.has(path) || layerOf(folderOf(path)) >= 6 || path === 'main.ts';
    assert.deepEqual(
      offenders(/\b(?:Date|performance)\.now\b|\bsetTimeout\b|\bsetInterval\b|\bMath\.random\b/, above),
      [],
    );
  });

  test('shared memory and atomics stay in ring, addons in native', () => {
    const ring = (path: string): boolean => path.startsWith('ring/');
    assert.deepEqual(offenders(/\bAtomics\./, ring), []);
    assert.deepEqual(offenders(/new SharedArrayBuffer/, ring), []);
    const loaders = ['native/addon.ts', 'native/codec-packages.ts'];
    assert.deepEqual(
      offenders(/createRequire|process\.dlopen/, (path) => loaders.includes(path)),
      [],
    );
  });

  test('hot paths have no BigInt', () => {
    const cold = (path: string): boolean => !/^(ring|network|partition|broker\/io)\//.test(path);
    assert.deepEqual(offenders(/\bBigInt\b|\d+n\b/, cold), []);
  });

  test('names say what a file is for', () => {
    const bad = sources
      .map(({ path }) => path)
      .filter((path) => /(^|\/|-)(utils?|helpers?|common|misc)\.ts$/.test(path));
    assert.deepEqual(bad, []);
    const notKebab = sources.map(({ path }) => path).filter((path) => !/^[a-z0-9-]+(\/[a-z0-9-]+)*\.ts$/.test(path));
    assert.deepEqual(notKebab, []);
  });

  test('files and folders stay small', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > FILE_LINES_MAX).map(({ path }) => path);
    assert.deepEqual(long, []);
    const counts = new Map<string, number>();
    for (const { path } of sources) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const crowded = [...counts].filter(
      ([folder, count]) => count > FOLDER_FILES_MAX && !LISTS.some((list) => folder.startsWith(list)),
    );
    assert.deepEqual(crowded, []);
  });

  test('every file opens by saying its purpose', () => {
    const imports = /^(?:import|export (?:type )?[{*])[^;]*;\n/gm;
    const silent = sources
      .filter(({ text }) => !/^(?:#!.*\n)?\s*\/[*/]/.test(text.replace(imports, '')))
      .map(({ path }) => path);
    assert.deepEqual(silent, []);
  });

  test('the documents of the house are there', () => {
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'src/ARCHITECTURE.md', '.ci/run']) {
      assert.ok(existsSync(join(root, file)), `${file} is missing`);
    }
  });
});
