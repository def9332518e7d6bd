// Crashes: a broker under load is killed with SIGKILL at a random moment and started again on the same folder, many times,
// while the same clients run on and a topic is compacted. Nothing that was acknowledged may be lost or moved, nothing of an
// idempotent producer may be doubled, a transaction is there whole or not at all, a group's commits never go back, and the
// last value of every key survives compaction. Half of the rounds run with each placement of the storage workers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { seededRandom } from '../../src/base/random.ts';
import { CrashLedger, checkCommits, type KeyedRecord, type LoadEvent, type LoadRecord } from './crash-ledger.ts';
import { run } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { LineProcess, Watch } from './line-process.ts';
import { PARTITIONS } from './records.ts';
import { checkStorage } from './storage-check.ts';
import { chosenTarget, Target } from './target.ts';
import { clientsDir, toolchain } from './toolchains.ts';

const ROUNDS = Number(process.env.MILLRACE_INTEROP_CRASHES ?? 20);
const SEED = Number(process.env.MILLRACE_INTEROP_SEED ?? Date.now() % 100_000);
/** Each round lives until this many more records are acknowledged, and then for a random time. */
const RECORDS_PER_ROUND = 300;
const EXTRA_MS_MAX = 700;
const ROUND_TIMEOUT_MS = 60_000;
/** After every so many rounds the compacted topic is read. */
const ROUNDS_PER_READING = 10;
const TOPIC = 'crash';
const COMPACTED = `${TOPIC}-compacted`;

const PLACEMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  io: { 'millrace.storage.placement': 'io' },
  own: { 'millrace.storage.placement': 'own', 'millrace.io.threads': '2', 'millrace.storage.workers': '2' },
};
const BROKER_CONFIG = { 'log.cleaner.backoff.ms': '100', 'log.cleaner.dedupe.buffer.size': '4194304' };
/** Cleaned all the time, so that most crashes meet a cleaning. */
const COMPACTED_CONFIG = {
  'cleanup.policy': 'compact',
  'segment.ms': '300',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '500',
};

for (const [placement, config] of Object.entries(PLACEMENTS)) {
  leg(`crashes with placement ${placement}`, ['python', 'kafka'], async () => {
    // Kafka knows nothing of it.
    const target = await Target.start(undefined, {
      ...BROKER_CONFIG,
      ...(chosenTarget() === 'millrace' ? config : {}),
    });
    try {
      await crashRounds(target, Math.ceil(ROUNDS / 2));
    } finally {
      await target.kill();
      target.remove();
    }
  });
}

async function crashRounds(target: Target, rounds: number): Promise<void> {
  console.error(`interop: ${rounds} crashes with MILLRACE_INTEROP_SEED=${SEED}`);
  const startedMs = performance.now();
  const random = seededRandom(SEED);
  await createTopics(target.bootstrap);
  const python = await toolchain('python');
  assert.ok('dir' in python);
  const program = [`${python.dir}/venv/bin/python`, `${clientsDir}/python/crash.py`];
  const crash = async <T>(action: string, ...more: string[]): Promise<T[]> => {
    const { stdout } = await run([...program, action, target.bootstrap, ...more], { timeoutMs: 120_000 });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as T);
  };
  const ledger = new CrashLedger();
  const watch = new Watch();
  let failure: string | undefined;
  const load = new LineProcess<LoadEvent | { fatal: string }>(
    [...program, 'load', target.bootstrap, TOPIC],
    (event) => {
      if ('fatal' in event) failure ??= event.fatal;
      else ledger.take(event);
      watch.changed();
    },
    () => watch.changed(),
  );
  const until = (what: string, condition: () => boolean): Promise<void> =>
    watch.until(what, ROUND_TIMEOUT_MS, condition, () => failure ?? (load.errors === '' ? undefined : load.errors));
  try {
    for (let round = 0; round < rounds; round++) {
      const { commitCount, keyedCount } = ledger;
      const goal = ledger.acknowledged.length + RECORDS_PER_ROUND;
      const transactions = ledger.committed.size;
      await until(`round ${round} has its records`, () => ledger.acknowledged.length >= goal);
      if (round % 5 === 4) {
        await until('a transaction is committed', () => ledger.committed.size > transactions);
        await until('the group commits', () => ledger.commitCount > commitCount);
        await until('keys are written', () => ledger.keyedCount > keyedCount);
      }
      await new Promise((resolve) => setTimeout(resolve, random.below(EXTRA_MS_MAX)));
      await target.kill();
      const commits = new Map(ledger.commits);
      await target.start();
      const now = (await crash<{ p: number; commit: number }>('commits', TOPIC)).map((c) => [c.p, c.commit] as const);
      checkCommits(new Map(now), commits, round);
      if (round % ROUNDS_PER_READING === ROUNDS_PER_READING - 1) {
        const [newest, committed] = [ledger.newestOfKeys(), new Set(ledger.committed)];
        ledger.checkCompacted(await crash<KeyedRecord>('read', COMPACTED, 'read_committed'), newest, committed);
      }
    }
    await until('the last round has its commits', () => ledger.commits.size === PARTITIONS);
    assert.equal(await load.stop(), 0, `the load did not end by itself: ${load.errors}`);
    assert.equal(failure ?? load.errors, '');
  } finally {
    load.kill();
  }
  ledger.checkRecords(await crash<LoadRecord>('read', TOPIC, 'read_uncommitted'));
  ledger.checkTransactions(await crash<LoadRecord>('read', `${TOPIC}-transactions`, 'read_committed'));
  const compacted = await crash<KeyedRecord>('read', COMPACTED, 'read_committed');
  ledger.checkCompacted(compacted, ledger.newestOfKeys(), ledger.committed);
  const keyed = ledger.keyedCount + ledger.committed.size;
  assert.ok(compacted.length < keyed / 2, `${compacted.length} of ${keyed} records are left: nothing was compacted`);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.error(
    `interop: ${ledger.acknowledged.length} records, ${ledger.committed.size} transactions and ${ledger.commitCount} commits survived ${rounds} crashes in ${seconds} s; of ${keyed} records with keys ${compacted.length} are left`,
  );
  await target.stop();
  await checkStorage(target.dataDir, [COMPACTED]);
}

async function createTopics(bootstrap: string): Promise<void> {
  const admin = new Admin({ clientId: 'crash-admin', bootstrapBrokers: [bootstrap] });
  await admin.createTopics({ topics: [TOPIC, `${TOPIC}-transactions`], partitions: PARTITIONS, replicas: 1 });
  const configs = Object.entries(COMPACTED_CONFIG).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [COMPACTED], partitions: PARTITIONS, replicas: 1, configs });
  await admin.close();
}

test('the ledger of the crash rounds sees what must not be', () => {
  const ledger = new CrashLedger();
  const value = { key: 'k1', n: 4, p: 0, o: 7, gone: false };
  const tombstone = { key: 'k2', n: 5, p: 0, o: 8, gone: true };
  for (const event of [value, tombstone, { committed: 13 }, { aborted: 2 }]) ledger.take(event);
  const t13 = { key: 't1', n: 13, p: 1, o: 3, gone: false };
  const check = (...records: KeyedRecord[]): void =>
    ledger.checkCompacted(records, ledger.newestOfKeys(), ledger.committed);
  check(value, t13);
  check(value, tombstone, t13);
  assert.throws(() => check(t13), /key k1 is gone/);
  assert.throws(() => check({ ...value, n: 3, o: 6 }, t13), /key k1 has 3/);
  assert.throws(() => check({ ...value, o: 6 }, t13), /where 4 of key k1 stands/);
  assert.throws(() => check(value), /key t1 has -1/);
  assert.throws(() => check(value, t13, { ...t13, key: 't2', n: 2, o: 4 }), /transaction 2 was aborted/);
  assert.throws(() => check(value, { ...value, n: 3, o: 9 }, t13), /comes after 4/);
  assert.throws(() => checkCommits(new Map([[0, 4]]), new Map([[0, 5]]), 1), /was committed at 5/);
});
