// librdkafka's own test programs against a broker of ours. Each runs in a process of its own with a time-out; the outcome
// of all is kept in librdkafka.md, beside what Apache Kafka got in the same set-up.
// Alone: `node test/interop/librdkafka.ts [test...]` runs them all against MILLRACE_INTEROP_TARGET and rewrites that file.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { AUTHORIZER_CONFIG, acceptedConfig, chosenTarget, Target, type TargetName } from './target.ts';
import { cacheDir, interopDir, toolchain, versions } from './toolchains.ts';

const TEST_TIMEOUT_MS = 300_000;
/** Most of a test is waiting; more at once would trip their own time-outs on two cores. */
const CONCURRENCY = Number(process.env.MILLRACE_INTEROP_CONCURRENCY ?? 3);
/** Tests of groups, which run a second time with the consumer protocol (KIP-848). */
const CONSUMER_PROTOCOL_TESTS = ['0018', '0022', '0045', '0056', '0084', '0102', '0106', '0113', '0118', '0120'].concat(
  ['0122', '0132', '0153'],
);
const reportFile = join(interopDir, 'librdkafka.md');

/** The tests of one number run in one process: that is how its runner chooses. */
export interface RdTest {
  number: string;
  names: string[];
  /** The broker they want: "default", or "noautocreate" for auto.create.topics.enable=false. */
  scenario: string;
  protocol: 'classic' | 'consumer';
}

/** What the report calls a test. */
const titleOf = (test: RdTest, name: string): string => (test.protocol === 'consumer' ? `${name} (consumer)` : name);

/** The titles of the tests of one number. */
export const titlesOf = (test: RdTest): string[] => test.names.map((name) => titleOf(test, name));

export type RdState = 'passed' | 'failed' | 'skipped' | 'timed out';
export interface RdResult {
  state: RdState;
  seconds: number;
  /** The test's own word on why. */
  reason: string;
}

async function testsDir(): Promise<string> {
  const found = await toolchain('librdkafka');
  if ('missing' in found) throw new Error(found.missing);
  return join(found.dir, 'tests');
}

/** The tests that talk to a broker, from the table in their own source: not the local, manual and known-bad ones. */
export async function brokerTests(): Promise<RdTest[]> {
  const source = readFileSync(join(await testsDir(), 'test.c'), 'utf8');
  const table = source.slice(source.indexOf('struct test tests[] = {'));
  const tests = new Map<string, RdTest>();
  for (const entry of table.slice(0, table.indexOf('{NULL}')).split('_TEST(').slice(1)) {
    const name = entry.match(/^\w+/)![0];
    if (/TEST_F_LOCAL|TEST_F_MANUAL|TEST_F_KNOWN_ISSUE\b/.test(entry) || name.endsWith('_mock')) continue;
    const scenario = entry.includes('"noautocreate"') ? 'noautocreate' : 'default';
    const number = name.slice(0, 4);
    const test = tests.get(number + scenario) ?? { number, names: [], scenario, protocol: 'classic' };
    test.names.push(name);
    tests.set(number + scenario, test);
  }
  const again = [...tests.values()].filter(({ number }) => CONSUMER_PROTOCOL_TESTS.includes(number));
  return [...tests.values(), ...again.map((test) => ({ ...test, protocol: 'consumer' as const }))];
}

/** A Kafka folder as far as the tests look into one: a few scripts that start our jars. */
async function kafkaPath(): Promise<string | undefined> {
  const jars = await toolchain('kafka');
  if ('missing' in jars) return undefined;
  const dir = join(cacheDir, 'kafka-path');
  mkdirSync(join(dir, 'bin'), { recursive: true });
  const run = (file: string, mainClass: string): void =>
    writeFileSync(
      join(dir, 'bin', file),
      `#!/bin/sh\nexec java -Xmx256m -XX:TieredStopAtLevel=1 -cp "$CLASSPATH:${jars.dir}/libs/*" ${mainClass} "$@"\n`,
      { mode: 0o755 },
    );
  run('kafka-run-class.sh', '');
  run('kafka-topics.sh', 'org.apache.kafka.tools.TopicCommand');
  run('kafka-configs.sh', 'kafka.admin.ConfigCommand');
  run('kafka-acls.sh', 'org.apache.kafka.tools.AclCommand');
  if (!existsSync(join(dir, 'libs'))) symlinkSync(join(jars.dir, 'libs'), join(dir, 'libs'));
  return dir;
}

/** Runs the tests of one number; their results by name. Never throws for a test that fails. */
export async function runRdTest(test: RdTest, bootstrap: string): Promise<Map<string, RdResult>> {
  const cwd = await testsDir();
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-librdkafka-'));
  const report = join(scratch, 'report.json');
  writeFileSync(join(scratch, 'test.conf'), `bootstrap.servers=${bootstrap}\ntest.topic.random=true\n`);
  const kafka = await kafkaPath();
  const env: Record<string, string | undefined> = {
    ...process.env,
    CI: undefined,
    LD_LIBRARY_PATH: '../src:../src-cpp',
    RDKAFKA_TEST_CONF: join(scratch, 'test.conf'),
    TESTS: test.number,
    TEST_REPORT: report,
    ...(test.protocol === 'consumer' ? { TEST_CONSUMER_GROUP_PROTOCOL: 'consumer' } : {}),
    TEST_KAFKA_VERSION: versions.kafka,
    BROKERS: bootstrap,
    ...(kafka ? { KAFKA_PATH: kafka } : {}),
  };
  const startedMs = performance.now();
  const child = spawn('./test-runner', ['-L', '-K', '-p1', '-s', test.scenario], {
    cwd,
    env,
    stdio: 'pipe',
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk).slice(-200_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.end();
  let timedOut = false;
  const late = setTimeout(() => {
    timedOut = true;
    process.kill(-child.pid!, 'SIGKILL'); // with the tools that it started
  }, TEST_TIMEOUT_MS);
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearTimeout(late);
  const seconds = (performance.now() - startedMs) / 1000;
  if (process.env.MILLRACE_INTEROP_OUTPUT) {
    writeFileSync(
      join(process.env.MILLRACE_INTEROP_OUTPUT, `${test.number}-${test.scenario}-${test.protocol}.log`),
      output,
    );
  }
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  rmSync(scratch, { recursive: true, force: true });
  return new Map(
    test.names.map((name) => {
      const [, state, duration] = text.match(reportEntry(name)) ?? [];
      const result: RdResult = { state: 'failed', seconds: Number(duration ?? seconds), reason: '' };
      if (timedOut) result.state = 'timed out';
      else if (state === 'PASSED' && (status === 0 || text.includes('"FAILED"'))) result.state = 'passed';
      else if (state === 'SKIPPED') result.state = 'skipped';
      if (result.state !== 'passed') result.reason = reasonOf(output, name, status ?? child.signalCode);
      return [titleOf(test, name), result] as const;
    }),
  );
}

const reportEntry = (name: string): RegExp =>
  new RegExp(`"name": "${name}", "state": "(\\w+)", "known_issue": \\w+, "extra": "[^"]*", "duration": ([\\d.]+)`);

/** The line of the output that says why, without colours, times, addresses and random names. */
function reasonOf(output: string, name: string, status: number | string | null): string {
  const lines = stripVTControlCharacters(output).split('\n');
  const skipped = lines.findLast((text) => text.includes(`[${name} `) && text.includes('SKIPPING TEST'));
  // The line after the headline of the first failure of this test.
  const failure = lines[lines.findIndex((text) => text.startsWith(`### Test "${name}`)) + 1];
  const line = skipped ?? (failure === lines[0] ? lines.findLast((text) => text.trim() !== '') : failure);
  return `${line} (exit ${status})`
    .replaceAll(cacheDir, 'cache')
    .replaceAll(/^\[[^\]]*\]\s*/g, '')
    .replaceAll(/rdkafkatest_(rnd)?[0-9a-f]+_/g, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'broker')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '/')
    .trim()
    .slice(0, 240);
}

/** Runs the tests on fresh brokers of the target, a few at once. */
export async function runRdTests(
  tests: readonly RdTest[],
  target: TargetName,
  done: (results: Map<string, RdResult>) => void,
): Promise<void> {
  const config = await acceptedConfig(target, AUTHORIZER_CONFIG);
  for (const scenario of new Set(tests.map((test) => test.scenario))) {
    const autoCreate = String(scenario !== 'noautocreate');
    const broker = await Target.start(target, { ...config, 'auto.create.topics.enable': autoCreate });
    try {
      const waiting = tests.filter((test) => test.scenario === scenario);
      const work = async (): Promise<void> => {
        for (let test = waiting.shift(); test; test = waiting.shift()) done(await runRdTest(test, broker.bootstrap));
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
    } finally {
      await broker.kill();
      broker.remove();
    }
  }
}

type Outcomes = Map<string, Partial<Record<TargetName, RdResult>>>;

/** What librdkafka.md says. */
export function readReport(): Outcomes {
  const outcomes: Outcomes = new Map();
  if (!existsSync(reportFile)) return outcomes;
  for (const line of readFileSync(reportFile, 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (!/^\d{4}_/.test(cells[1] ?? '')) continue;
    const [, name, kafka, millrace, reason] = cells as [string, string, string, string, string];
    const entry: Partial<Record<TargetName, RdResult>> = {};
    for (const [target, cell] of [
      ['kafka', kafka],
      ['millrace', millrace],
    ] as const) {
      const [, state, seconds] = cell.match(/^(passed|failed|skipped|timed out) \((\d+) s\)/) ?? [];
      const why = reason.split('; ').find((part) => part.startsWith(`${target}: `)) ?? '';
      if (state)
        entry[target] = { state: state as RdState, seconds: Number(seconds), reason: why.slice(target.length + 2) };
    }
    outcomes.set(name, entry);
  }
  return outcomes;
}

function writeReport(outcomes: Outcomes): void {
  const count = (target: TargetName, state: RdState): number =>
    [...outcomes.values()].filter((entry) => entry[target]?.state === state).length;
  const cell = (result: RdResult | undefined): string =>
    result ? `${result.state} (${Math.round(result.seconds)} s)` : '';
  const total = (target: TargetName): string =>
    (['passed', 'failed', 'timed out', 'skipped'] as const)
      .map((state) => `${count(target, state)} ${state}`)
      .join(', ');
  const rows = [...outcomes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, entry]) => {
      const reasons = (['kafka', 'millrace'] as const)
        .filter((target) => entry[target]?.reason)
        .map((target) => `${target}: ${entry[target]!.reason.replaceAll('; ', ', ')}`);
      return [name, cell(entry.kafka), cell(entry.millrace), reasons.join('; ')];
    });
  const version = versions.npm['@confluentinc/kafka-javascript'];
  writeFileSync(
    reportFile,
    `# librdkafka's own tests

Written by \`node test/interop/librdkafka.ts\`; the sources are those in the npm package @confluentinc/kafka-javascript ${version}.
Each test of librdkafka's suite that talks to a broker ran in full (not in quick mode, which leaves most of them out) against one broker, three at a time.
Those marked "(consumer)" ran with the consumer protocol.
Left out are the tests against librdkafka's built-in mock (no broker takes part), manual ones, and those it lists as known to fail.

- Apache Kafka ${versions.kafka}: ${total('kafka')}
- Millrace: ${total('millrace')}

${table([['test', 'Apache Kafka', 'Millrace', 'why not passed'], ...rows])}
`,
  );
}

/** A Markdown table with its columns aligned, as the formatter wants it. */
function table([head, ...rows]: string[][]): string {
  const widths = head!.map((_, column) => Math.max(...[head!, ...rows].map((row) => row[column]!.length)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  const target = chosenTarget();
  const tests = (await brokerTests()).filter(
    ({ number, protocol }) =>
      names.length === 0 || names.some((name) => name === number || name === `${number}-${protocol}`),
  );
  console.log(`${tests.flatMap((test) => test.names).length} tests against ${target}`);
  await runRdTests(tests, target, (results) => {
    // Read again each time: a run against the other target may be under way.
    const outcomes = readReport();
    for (const [name, result] of results) {
      console.log(`${name}: ${result.state} after ${result.seconds.toFixed(1)} s ${result.reason}`);
      outcomes.set(name, { ...outcomes.get(name), [target]: result });
    }
    writeReport(outcomes);
  });
}
