// Transactions end to end: Apache Kafka's client (transaction.version 2) and librdkafka (version 1) commit, abort, fence
// and run out of time; and a copy of a topic is exact although broker and copiers are killed in the middle.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { javaCommand, run } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { Target } from './target.ts';
import { clientsDir, toolchain } from './toolchains.ts';

const CONFIG = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' };
/** Connections and partitions on threads of their own, two of each. */
const THREADS = { 'millrace.storage.placement': 'own', 'millrace.io.threads': '2', 'millrace.storage.workers': '2' };
const SCENARIOS_TIMEOUT_MS = 300_000;

const RECORDS = 5_000;
const PARTITIONS = 2;
/** A few: exactly-once.test.ts has more. */
const KILLS = 3;
/** A copier that was killed leaves its transaction open; its successor fences it, nobody waits for this. */
const TRANSACTION_TIMEOUT_MS = 30_000;
const COPY_TIMEOUT_MS = 400_000;

async function withTarget(
  body: (target: Target) => Promise<void>,
  config: Readonly<Record<string, string>> = {},
): Promise<void> {
  const target = await Target.start(undefined, { ...CONFIG, ...config });
  try {
    await body(target);
  } finally {
    await target.kill();
    target.remove();
  }
}

async function transactionsClient(target: Target, ...args: string[]): Promise<string> {
  const classes = await toolchain('java');
  if ('missing' in classes) throw new Error(classes.missing);
  const argv = await javaCommand('Transactions', [target.bootstrap, ...args], join(classes.dir, 'classes'));
  return (await run(argv, { timeoutMs: SCENARIOS_TIMEOUT_MS })).stdout;
}

leg('transactions of the Java client', ['java'], () =>
  withTarget(async (target) => {
    const scenarios = (await transactionsClient(target, 'scenarios')).trim().split('\n');
    assert.equal(scenarios.length, 8);
  }, THREADS),
);

leg('transactions of librdkafka', ['python'], () =>
  withTarget(async (target) => {
    const python = await toolchain('python');
    if ('missing' in python) throw new Error(python.missing);
    const argv = [join(python.dir, 'venv/bin/python'), join(clientsDir, 'python/transactions.py'), target.bootstrap];
    const { stdout } = await run(argv, { timeoutMs: SCENARIOS_TIMEOUT_MS });
    assert.equal(stdout.trim().split('\n').length, 6, stdout);
  }),
);

/** A copier of one partition that is started again until it has copied everything. */
class Copier {
  readonly #target: Target;
  readonly #partition: number;
  #child: ChildProcess | undefined;
  #stopped = false;
  done = false;

  constructor(target: Target, partition: number) {
    this.#target = target;
    this.#partition = partition;
  }

  /** Resolves when everything is copied, or it was stopped. */
  async run(): Promise<void> {
    const argv = await javaCommand('org.apache.kafka.tools.TransactionalMessageCopier', [
      ...['--broker-list', this.#target.bootstrap, '--input-topic', 'input', '--output-topic', 'output'],
      ...['--input-partition', String(this.#partition), '--consumer-group', `copiers-${this.#partition}`],
      ...['--transactional-id', `copier-${this.#partition}`, '--transaction-size', '50', '--enable-random-aborts'],
      ...['--transaction-timeout', String(TRANSACTION_TIMEOUT_MS), '--use-group-metadata'],
    ]);
    while (!this.done && !this.#stopped) {
      const child = spawn(argv[0]!, argv.slice(1), { stdio: 'ignore' });
      this.#child = child;
      const exitCode = await new Promise<number | null>((resolve) => child.on('exit', resolve));
      this.done = exitCode === 0;
    }
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  stop(): void {
    this.#stopped = true;
    this.kill();
  }
}

leg('an exact copy while broker and copiers are killed', ['java', 'kafka'], () =>
  withTarget(async (target) => {
    await transactionsClient(target, 'fill', 'input', String(RECORDS));
    await transactionsClient(target, 'fill', 'output', '0');
    const copiers = Array.from({ length: PARTITIONS }, (_, partition) => new Copier(target, partition));
    const copying = Promise.all(copiers.map((copier) => copier.run()));
    const stop = (): void => {
      for (const copier of copiers) copier.stop();
    };
    const late = setTimeout(stop, COPY_TIMEOUT_MS);
    try {
      for (let kill = 0; kill < KILLS && copiers.some((copier) => !copier.done); kill++) {
        // Random times are the point: every run kills at other places.
        await pause(1500 + Math.random() * 2500);
        if (kill % 3 === 2) copiers[kill % PARTITIONS]?.kill();
        await target.kill();
        await target.start();
      }
      await copying;
    } finally {
      clearTimeout(late);
      stop();
    }
    // Whoever comes behind a copier fences what it left open.
    const copied = (await transactionsClient(target, 'read', 'output')).trim().split('\n').map(Number);
    const expected = Array.from({ length: RECORDS }, (_, index) => index);
    assert.deepEqual(
      copied.sort((a, b) => a - b),
      expected,
    );
  }),
);
