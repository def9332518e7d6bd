// Fetches and builds the real clients that the suite runs, by their package managers, into a cache folder outside the
// repository. Each toolchain is made once: a stamp file holds the versions it was made from, and other versions make it
// anew. Runs in the test process, or alone: `node test/interop/toolchains.ts [name...]`.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const interopDir = dirname(fileURLToPath(import.meta.url));
export const repositoryDir = join(interopDir, '../..');
export const cacheDir = process.env.MILLRACE_INTEROP_CACHE ?? join(homedir(), '.cache/millrace-interop');
export const clientsDir = join(interopDir, 'clients');

/** One set-up command may take this long (a cold Maven or npm cache on a slow line). */
const COMMAND_TIMEOUT_MS = 900_000;

export const versions = JSON.parse(readFileSync(join(interopDir, 'versions.json'), 'utf8')) as {
  kafka: string;
  slf4j: string;
  npm: Record<string, string>;
  /** The npm package whose librdkafka sources have the load program among their examples. */
  librdkafkaSources: { 'node-rdkafka': string };
  pypi: Record<string, string>;
  debian: string[];
};

/** Either the folder that holds the toolchain, or why this machine cannot have it. */
export type Toolchain = { dir: string } | { missing: string };

interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
}

/** Runs a set-up command; throws with the end of its output when it fails. */
async function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? COMMAND_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}:\n${(output + errors).slice(-3000)}`);
  return output;
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((dir) => dir !== '' && existsSync(join(dir, program)));
}

function without(...programs: string[]): string | undefined {
  const absent = programs.filter((program) => !onPath(program));
  return absent.length > 0 ? `not on this machine: ${absent.join(', ')}` : undefined;
}

/** Makes `cacheDir/name` with `make`, unless it was made from the same `ingredients` before. */
async function made(name: string, ingredients: unknown, make: (dir: string) => Promise<void>): Promise<Toolchain> {
  const dir = join(cacheDir, name);
  const stamp = join(dir, '.made-from');
  const wanted = JSON.stringify(ingredients);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { dir };
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  console.error(`interop: setting up ${name}...`);
  const startedMs = performance.now();
  await make(dir);
  writeFileSync(stamp, wanted);
  console.error(`interop: ${name} is ready after ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  return { dir };
}

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

/** `dir/libs/*.jar`: the broker, its tools and the Java clients. */
async function kafka(): Promise<Toolchain> {
  const missing = without('java', 'mvn');
  if (missing) return { missing };
  const { kafka: version, slf4j } = versions;
  return made('kafka', { version, slf4j }, async (dir) => {
    const dependencies = ['kafka_2.13', 'kafka-tools', 'kafka-streams', 'connect-runtime', 'kafka-shell']
      .map((artifact) => dependency('org.apache.kafka', artifact, version))
      .concat(dependency('org.slf4j', 'slf4j-nop', slf4j));
    writeFileSync(
      join(dir, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>interop</groupId>
<artifactId>kafka</artifactId><version>1</version><dependencies>\n${dependencies.join('\n')}\n</dependencies></project>`,
    );
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=libs'];
    await command(['mvn', '-q', '-B', ...goal], { cwd: dir });
  });
}

/** `dir/connect-file-*.jar`: Kafka Connect's connectors for files, a plugin of its own. The worker is among Kafka's jars. */
async function connect(): Promise<Toolchain> {
  const missing = without('java', 'mvn');
  if (missing) return { missing };
  return made('connect', versions.kafka, async (dir) => {
    const artifact = `org.apache.kafka:connect-file:${versions.kafka}`;
    await command(['mvn', '-q', '-B', 'dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false']);
    await command(['mvn', '-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${dir}`]);
  });
}

/** `dir/classes`: our Java client, compiled against the jars. */
async function java(): Promise<Toolchain> {
  const jars = await toolchain('kafka');
  if ('missing' in jars) return jars;
  const missing = without('javac');
  if (missing) return { missing };
  const sources = filesOf('java');
  return made('java', { version: versions.kafka, sources: digest(sources) }, async (dir) => {
    await command(['javac', '-nowarn', '-cp', `${jars.dir}/libs/*`, '-d', join(dir, 'classes'), ...sources]);
  });
}

/** `dir/node_modules`: the npm clients; librdkafka's binding is built from the sources that its package carries. */
async function npm(): Promise<Toolchain> {
  const missing = without('npm', 'make', 'g++', 'python3');
  if (missing) return { missing };
  await debian();
  return made('npm', { npm: versions.npm, abi: process.versions.modules }, async (dir) => {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true, dependencies: versions.npm }));
    // The install script of the binding fetches a prebuilt library from elsewhere; building needs only what is here.
    await command(['npm', 'install', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: dir });
    const headers = join(dirname(dirname(process.execPath)), 'include/node/node.h');
    const env: Record<string, string> = {
      CKJS_LINKING: 'dynamic',
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    };
    if (existsSync(headers)) env.npm_config_nodedir = dirname(dirname(dirname(headers)));
    const cwd = join(dir, 'node_modules/@confluentinc/kafka-javascript');
    await command([join(dir, 'node_modules/.bin/node-gyp'), 'rebuild'], { cwd, env });
  });
}

/** `dir/tests/test-runner`: librdkafka's own tests, from the sources and the build of the npm package. */
async function librdkafka(): Promise<Toolchain> {
  const clients = await toolchain('npm');
  if ('missing' in clients) return clients;
  const dir = join(clients.dir, 'node_modules/@confluentinc/kafka-javascript/deps/librdkafka');
  const runner = join(dir, 'tests/test-runner');
  if (existsSync(runner)) return { dir };
  console.error("interop: building librdkafka's tests...");
  // Some create their topics with three replicas, though they need one.
  for (const name of readdirSync(join(dir, 'tests')).filter((file) => /^0\d{3}.*\.(c|cpp)$/.test(file))) {
    const file = join(dir, 'tests', name);
    const source = readFileSync(file, 'utf8');
    const single = source.replaceAll(/(create_topic(?:_wait_exists)?\([^;]*?, )3(, 5000\);|\);)/g, '$11$2');
    if (single !== source) writeFileSync(file, single);
  }
  // Its configure does not look for RapidJSON, which a few of the tests read statistics with.
  const env: Record<string, string> = existsSync('/usr/include/rapidjson/document.h')
    ? { CPPFLAGS: '-DWITH_RAPIDJSON=1' }
    : {};
  await command(['make', '-j2', '-C', 'tests', 'build'], { cwd: dir, env });
  return { dir };
}

/** `dir/rdkafka_performance`: librdkafka's load program. */
async function loadProgram(): Promise<Toolchain> {
  const missing = without('npm', 'make', 'g++', 'tar');
  if (missing) return { missing };
  return made('loadProgram', versions.librdkafkaSources, async (dir) => {
    const packed = `node-rdkafka@${versions.librdkafkaSources['node-rdkafka']}`;
    const name = (await command(['npm', 'pack', packed, '--silent'], { cwd: dir })).trim().split('\n').at(-1)!;
    await command(['tar', 'xzf', name], { cwd: dir });
    const cwd = join(dir, 'package/deps/librdkafka');
    await command(['./configure', '--disable-sasl'], { cwd });
    await command(['make', '-j2', '-C', 'src', 'librdkafka.a'], { cwd });
    await command(['make', '-C', 'examples', 'rdkafka_performance'], { cwd });
    await command(['cp', 'examples/rdkafka_performance', join(dir, 'rdkafka_performance')], { cwd });
  });
}

/** `dir/venv/bin/python` with both Python clients and their codecs. */
async function python(): Promise<Toolchain> {
  const missing = without('python3');
  if (missing) return { missing };
  return made('python', versions.pypi, async (dir) => {
    await command(['python3', '-m', 'venv', join(dir, 'venv')]);
    const pins = Object.entries(versions.pypi).map(([name, version]) => `${name}==${version}`);
    await command([join(dir, 'venv/bin/python'), '-m', 'pip', 'install', '-q', '--prefer-binary', ...pins]);
  });
}

/** `dir/client`: the franz-go program. */
async function go(): Promise<Toolchain> {
  const missing = without('go');
  if (missing) return { missing };
  return made('go', { sources: digest(filesOf('go')) }, async (dir) => {
    await command(['go', 'build', '-o', join(dir, 'client'), '.'], { cwd: join(clientsDir, 'go') });
  });
}

/** kcat on the path. */
async function kcat(): Promise<Toolchain> {
  await debian();
  const missing = without('kcat');
  return missing ? { missing } : { dir: cacheDir };
}

/** Installs the Debian packages where that is possible; a leg that needs one looks for it afterwards. */
async function debian(): Promise<void> {
  const headers = ['zstd.h', 'rapidjson/document.h'];
  if (onPath('kcat') && headers.every((header) => existsSync(join('/usr/include', header)))) return;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await command(['apt-get', 'update', '-q'], { timeoutMs: 120_000 });
    await command(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...versions.debian], { env });
  } catch (error) {
    console.error(`interop: ${(error as Error).message}`);
  }
}

function filesOf(client: string): string[] {
  const dir = join(clientsDir, client);
  return readdirSync(dir).map((name) => join(dir, name));
}

function digest(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

const makers = { kafka, connect, java, npm, librdkafka, loadProgram, python, go, kcat } as const;
export type ToolchainName = keyof typeof makers;
const pending = new Map<ToolchainName, Promise<Toolchain>>();

/** The toolchain, made when it is not there. Throws when it ought to work here and does not. */
export function toolchain(name: ToolchainName): Promise<Toolchain> {
  let promise = pending.get(name);
  if (!promise) pending.set(name, (promise = makers[name]()));
  return promise;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(makers);
  for (const name of names as ToolchainName[]) {
    const found = await toolchain(name);
    console.log(`${name}: ${'dir' in found ? found.dir : found.missing}`);
  }
}
