// Crashes: a broker under load is killed with SIGKILL at a random moment and started again on the same folder, many times,
// while the same clients run on. Nothing that was acknowledged may be lost or moved, nothing of an idempotent producer
// may be doubled, a transaction is there whole or not at all, and a group's commits never go back.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { seededRandom } from '../../src/base/random.ts';
import { run } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { PARTITIONS } from './records.ts';
import { checkStorage } from './storage-check.ts';
import { Target } from './target.ts';
import { clientsDir, toolchain } from './toolchains.ts';

const ROUNDS = Number(process.env.MILLRACE_INTEROP_CRASHES ?? 30);
const SEED = Number(process.env.MILLRACE_INTEROP_SEED ?? Date.now() % 100_000);
/** Each round lives until this many more records are acknowledged, and then for a random time. */
const RECORDS_PER_ROUND = 300;
const EXTRA_MS_MAX = 700;
const ROUND_TIMEOUT_MS = 60_000;
const TOPIC = 'crash';

interface Record {
  by: string;
  n: number;
  p: number;
  o: number;
}
type LoadEvent =
  | Record
  | { committed: number }
  | { aborted: number }
  | { p: number; commit: number }
  | { fatal: string };

let target: Target | undefined;
let load: Load | undefined;

after(async () => {
  load?.kill();
  await target?.kill();
  target?.remove();
});

/** The running load and what was acknowledged to it. */
class Load {
  readonly acknowledged: Record[] = [];
  readonly committed = new Set<number>();
  readonly aborted = new Set<number>();
  /** Partition -> the greatest offset whose commit was acknowledged. */
  readonly commits = new Map<number, number>();
  commitCount = 0;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown[]>;
  #errors = '';
  #changed: (() => void) | undefined;

  constructor(python: string, bootstrap: string) {
    this.#child = spawn(python, [`${clientsDir}/python/crash.py`, 'load', bootstrap, TOPIC], { stdio: 'pipe' });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk));
    this.#child.stdin.on('error', () => {}); // it ended; whoever waits for it is told
    this.#ended = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#event(JSON.parse(line) as LoadEvent));
  }

  #event(event: LoadEvent): void {
    if ('fatal' in event) this.#errors += `${event.fatal}\n`;
    else if ('by' in event) this.acknowledged.push(event);
    else if ('committed' in event) this.committed.add(event.committed);
    else if ('aborted' in event) this.aborted.add(event.aborted);
    else {
      this.commitCount++;
      this.commits.set(event.p, Math.max(event.commit, this.commits.get(event.p) ?? 0));
    }
    this.#changed?.();
  }

  /** Waits until so many records are acknowledged in all. */
  async until(what: string, condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`too long until ${what}: ${this.#errors}`)), ROUND_TIMEOUT_MS);
      this.#changed = () => {
        if (this.#errors === '' && !condition()) return;
        clearTimeout(late);
        this.#changed = undefined;
        if (this.#errors === '') resolve();
        else reject(new Error(`the load fails: ${this.#errors}`));
      };
      this.#changed();
    });
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    const late = setTimeout(() => this.kill(), ROUND_TIMEOUT_MS);
    const [status] = await this.#ended;
    clearTimeout(late);
    assert.equal(status, 0, 'the load did not end by itself');
    assert.equal(this.#errors, '');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

leg('crashes', ['python', 'kafka'], async () => {
  console.error(`interop: ${ROUNDS} crashes with MILLRACE_INTEROP_SEED=${SEED}`);
  const random = seededRandom(SEED);
  const python = await toolchain('python');
  assert.ok('dir' in python);
  const interpreter = `${python.dir}/venv/bin/python`;
  target = await Target.start();
  const admin = new Admin({ clientId: 'crash-admin', bootstrapBrokers: [target.bootstrap] });
  await admin.createTopics({ topics: [TOPIC, `${TOPIC}-transactions`], partitions: PARTITIONS, replicas: 1 });
  await admin.close();
  const crash = async <T>(...words: [action: string, topic: string, ...more: string[]]): Promise<T[]> => {
    const [action, ...more] = words;
    const argv = [interpreter, `${clientsDir}/python/crash.py`, action, target!.bootstrap, ...more];
    const { stdout } = await run(argv, { timeoutMs: 120_000 });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as T);
  };
  load = new Load(interpreter, target.bootstrap);
  for (let round = 0; round < ROUNDS; round++) {
    const goal = load.acknowledged.length + RECORDS_PER_ROUND;
    const transactions = load.committed.size;
    await load.until(`round ${round} has its records`, () => load!.acknowledged.length >= goal);
    if (round % 5 === 4) {
      const { commitCount } = load;
      await load.until('a transaction is committed', () => load!.committed.size > transactions);
      await load.until('the group commits', () => load!.commitCount > commitCount);
    }
    await new Promise((resolve) => setTimeout(resolve, random.below(EXTRA_MS_MAX)));
    await target.kill();
    const commits = new Map(load.commits);
    await target.start();
    const now = (await crash<{ p: number; commit: number }>('commits', TOPIC)).map((c) => [c.p, c.commit] as const);
    checkCommits(new Map(now), commits, round);
  }
  await load.until('the last round has its commits', () => load!.commits.size === PARTITIONS);
  await load.stop();
  checkRecords(load, await crash<Record>('read', TOPIC, 'read_uncommitted'));
  checkTransactions(load, await crash<Record>('read', `${TOPIC}-transactions`, 'read_committed'));
  console.error(`interop: ${load.acknowledged.length} records, ${load.committed.size} transactions survived`);
  await target.stop();
  await checkStorage(target.dataDir);
});

function checkCommits(
  commits: ReadonlyMap<number, number>,
  acknowledged: ReadonlyMap<number, number>,
  round: number,
): void {
  for (const [partition, offset] of acknowledged) {
    const now = commits.get(partition) ?? -1;
    assert.ok(now >= offset, `round ${round}: partition ${partition} was committed at ${offset} and now is at ${now}`);
  }
}

function checkRecords(load: Load, records: readonly Record[]): void {
  const found = new Map(records.map((record) => [`${record.p}@${record.o}`, `${record.by}:${record.n}`]));
  for (const { by, n, p, o } of load.acknowledged) {
    assert.equal(
      found.get(`${p}@${o}`),
      `${by}:${n}`,
      `record ${by}:${n} was acknowledged at offset ${o} of partition ${p}`,
    );
  }
  const last = new Map<number, number>();
  for (const { by, n, p, o } of records) {
    if (by !== 'i') continue;
    const before = last.get(p) ?? -1;
    assert.ok(
      n > before,
      `the idempotent producer's record ${n} (offset ${o} of partition ${p}) comes after ${before}`,
    );
    last.set(p, n);
  }
}

function checkTransactions(load: Load, records: readonly Record[]): void {
  const counts = new Map<number, number>();
  for (const { n } of records) counts.set(n, (counts.get(n) ?? 0) + 1);
  for (const [n, count] of counts) assert.equal(count, 3, `records of transaction ${n}`);
  for (const n of load.committed) assert.ok(counts.has(n), `transaction ${n} was committed and is gone`);
  for (const n of load.aborted) assert.ok(!counts.has(n), `transaction ${n} was aborted and is there`);
}
