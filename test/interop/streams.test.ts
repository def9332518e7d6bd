// Kafka Streams counts words with exactly_once_v2 while it and the broker are killed: a reader of committed records must
// see every count of every word once and in order, 1, 2, 3, ..., and at the end the counts are those of what was fed.
// MILLRACE_INTEROP_STREAMS_KILLS=10 (scripts/kill-rounds --streams 10) makes it long.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { seededRandom } from '../../src/base/random.ts';
import { javaCommand } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { LineProcess, RestartedProcess, Watch } from './line-process.ts';
import { checkStorage } from './storage-check.ts';
import { Target } from './target.ts';
import { clientsDir, toolchain } from './toolchains.ts';

const KILLS = Number(process.env.MILLRACE_INTEROP_STREAMS_KILLS ?? 3);
const SEED = Number(process.env.MILLRACE_INTEROP_SEED ?? Date.now() % 100_000);
const PARTITIONS = 2;
const [INPUT, OUTPUT] = ['words-input', 'words-output'];
const LINES_PER_SECOND = 100;
/** Between two kills so many more words are counted, and then a random time passes. */
const WORDS_PER_KILL = 300;
const EXTRA_MS_MAX = 1000;
const PROGRESS_TIMEOUT_MS = 120_000;
const CONFIG = {
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  'group.min.session.timeout.ms': '500',
  'transaction.max.timeout.ms': '60000',
};

leg('word count of Kafka Streams', ['java', 'python', 'kafka'], async () => {
  const target = await Target.start(undefined, CONFIG);
  try {
    await countWords(target);
    await target.stop();
    await checkStorage(target.dataDir, ['word-count-counts-changelog']);
  } finally {
    await target.kill();
    target.remove();
  }
});

/** Counts as they are read; the reason when one is not the next of its word. */
class Counts {
  readonly byWord = new Map<string, number>();
  total = 0;

  take(word: string, count: number): string | undefined {
    const before = this.byWord.get(word) ?? 0;
    this.byWord.set(word, count);
    this.total++;
    return count === before + 1 ? undefined : `the count of ${word} goes from ${before} to ${count}`;
  }
}

async function countWords(target: Target): Promise<void> {
  console.error(`interop: ${KILLS} kills with MILLRACE_INTEROP_SEED=${SEED}`);
  const startedMs = performance.now();
  const random = seededRandom(SEED);
  const [python, java] = [await toolchain('python'), await toolchain('java')];
  assert.ok('dir' in python && 'dir' in java);
  const admin = new Admin({ clientId: 'words-admin', bootstrapBrokers: [target.bootstrap] });
  await admin.createTopics({ topics: [INPUT, OUTPUT], partitions: PARTITIONS, replicas: 1 });
  await admin.close();

  const program = [join(python.dir, 'venv/bin/python'), join(clientsDir, 'python/words.py')];
  const counts = new Counts();
  const watch = new Watch();
  let failure: string | undefined;
  let fed: { lines: number; counts: Record<string, number> } | undefined;
  const fail = (why: string): void => {
    failure ??= why;
    watch.changed();
  };
  const feeder = new LineProcess<{ lines: number; counts: Record<string, number> } | { fatal: string }>(
    [...program, 'feed', target.bootstrap, INPUT, String(LINES_PER_SECOND)],
    (event) => ('fatal' in event ? fail(event.fatal) : (fed = event)),
    () => fail(feeder.errors),
  );
  const reader = new LineProcess<{ word: string; count: number }>(
    [...program, 'read', target.bootstrap, OUTPUT],
    ({ word, count }) => {
      failure ??= counts.take(word, count);
      watch.changed();
    },
    () => fail(reader.errors),
  );
  const command = await javaCommand(
    'WordCount',
    [target.bootstrap, join(target.dir, 'streams')],
    `${java.dir}/classes`,
  );
  const app = new RestartedProcess(command);
  const until = (what: string, condition: () => boolean): Promise<void> =>
    watch
      .until(what, PROGRESS_TIMEOUT_MS, condition, () => failure ?? app.stuck)
      .catch((error: Error) => {
        throw new Error(
          `${error.message}; ${counts.total} words are counted; ${app.failures} times ended: ${app.lastErrors}`,
        );
      });
  let brokerKills = 0;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const goal = counts.total + WORDS_PER_KILL;
      await until(`kill ${kill} has its words`, () => counts.total >= goal);
      await pause(random.below(EXTRA_MS_MAX));
      // The app each time, and the broker with it every third time: what it knows is in the broker alone then.
      app.kill();
      if (kill % 3 === 1) {
        brokerKills++;
        await target.kill();
        await target.start();
      }
    }
    await feeder.stop();
    assert.ok(fed, `the feeder did not end by itself: ${feeder.errors}`);
    const expected = Object.values(fed.counts).reduce((sum, count) => sum + count, 0);
    while (counts.total < expected) {
      const goal = Math.min(expected, counts.total + WORDS_PER_KILL);
      await until(`${goal} of ${expected} words are counted`, () => counts.total >= goal);
    }
    await app.stop();
    assert.equal(await reader.stop(), 0, reader.errors);
    assert.equal(failure, undefined);
    assert.deepEqual(
      Object.fromEntries([...counts.byWord].sort()),
      Object.fromEntries(Object.entries(fed.counts).sort()),
    );
  } finally {
    feeder.kill();
    reader.kill();
    app.kill();
    void app.stop();
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.error(
    `interop: ${counts.total} words of ${fed.lines} lines counted exactly once through ${KILLS} kills of the app and ${brokerKills} of the broker, in ${seconds} s`,
  );
}
