// The copy job: read, transform, write, and commit the offsets inside the transaction, with copiers and broker killed at
// random. A parallel reader of committed records checks at every moment what must hold:
//
//   - wherever the last stable offset of a partition stands, the amounts before it add up to 0: the last record of each
//     transaction takes back what the others brought, so a part of a transaction, or one that was aborted, shows
//   - the last stable offset never goes back, offsets only rise
//   - every number is copied once, and the numbers of a partition come in their order
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/base/random.ts';
import { LineProcess, RestartedProcess, Watch } from './line-process.ts';
import type { Target } from './target.ts';

export const COPY_PARTITIONS = 2;
const INPUT = 'copy-input';
const OUTPUT = 'copy-output';
const GROUP = 'copiers';
const RECORDS_PER_SECOND = 400;
/** Between two kills this many more records are copied, and then a random time passes. */
const RECORDS_PER_KILL = 150;
const EXTRA_MS_MAX = 700;
const PROGRESS_TIMEOUT_MS = 90_000;

export type ReaderEvent = { p: number; o: number; v: string } | { p: number; stable: number };

/** What the reader has seen, and whether it may be so. */
export class CopyLedger {
  /** How many numbers were copied. */
  count = 0;
  /** At how many places of how many the sums were looked at. */
  sumsChecked = 0;
  readonly #partitions = Array.from({ length: COPY_PARTITIONS }, (_, index) => ({
    sum: 0,
    lastOffset: -1,
    lastNumber: index - COPY_PARTITIONS,
    stable: 0,
    /** Last stable offsets up to which not everything is read yet. */
    pending: [] as number[],
  }));

  take(event: ReaderEvent): void {
    if ('stable' in event) this.#takeStable(event.p, event.stable);
    else this.#takeRecord(event.p, event.o, event.v);
  }

  #takeStable(index: number, stable: number): void {
    const partition = this.#partitions[index]!;
    assert.ok(
      stable >= partition.stable,
      `the last stable offset of partition ${index} went from ${partition.stable} to ${stable}`,
    );
    if (stable > partition.stable && stable > partition.lastOffset + 1) partition.pending.push(stable);
    partition.stable = stable;
  }

  #takeRecord(index: number, offset: number, value: string): void {
    const partition = this.#partitions[index]!;
    assert.ok(offset > partition.lastOffset, `partition ${index}: offset ${offset} after ${partition.lastOffset}`);
    while (partition.pending.length > 0 && offset >= partition.pending[0]!) {
      const stable = partition.pending.shift();
      this.sumsChecked++;
      assert.equal(partition.sum, 0, `the sum before offset ${stable} of partition ${index}, a last stable offset`);
    }
    partition.lastOffset = offset;
    const [number, amount] = value.split(':');
    partition.sum += Number(amount);
    if (number === 'balance') return;
    const expected = partition.lastNumber + COPY_PARTITIONS;
    assert.equal(Number(number), expected, `partition ${index}, offset ${offset}: the number copied next`);
    partition.lastNumber = expected;
    this.count++;
  }

  /** At the end, when everything is read. */
  checkEnd(fed: number): void {
    assert.equal(this.count, fed, 'numbers copied');
    for (const [index, { sum }] of this.#partitions.entries()) assert.equal(sum, 0, `the sum of partition ${index}`);
    assert.ok(this.sumsChecked > 0, 'the sums were never looked at');
  }
}

export interface CopyJobOptions {
  readonly target: Target;
  /** The command line of a copier up to its arguments. */
  readonly copier: readonly string[];
  readonly copiers: number;
  /** The command line of copy_job.py. */
  readonly helper: readonly string[];
  readonly kills: number;
  readonly random: Random;
}

export interface CopyJobResult {
  readonly records: number;
  readonly brokerKills: number;
  readonly copierKills: number;
  /** How often a copier ended by itself. */
  readonly copierFailures: number;
  readonly sumsChecked: number;
  readonly seconds: number;
}

/** Runs the job over topics that are there already. Throws as soon as anything is not as it must be. */
export async function runCopyJob(options: CopyJobOptions): Promise<CopyJobResult> {
  const { target, copier, helper, kills, random } = options;
  const startedMs = performance.now();
  const ledger = new CopyLedger();
  const watch = new Watch();
  let failure: string | undefined;
  let fed: number | undefined;
  const fail = (why: string): void => {
    failure ??= why;
    watch.changed();
  };
  const feeder = new LineProcess<{ fed: number } | { fatal: string }>(
    [...helper, 'feed', target.bootstrap, INPUT, String(RECORDS_PER_SECOND)],
    (event) => ('fed' in event ? (fed = event.fed) : fail(event.fatal)),
    () => fail(`the feeder: ${feeder.errors}`),
  );
  const reader = new LineProcess<ReaderEvent>(
    [...helper, 'read', target.bootstrap, OUTPUT],
    (event) => {
      try {
        ledger.take(event);
        watch.changed();
      } catch (error) {
        fail((error as Error).message);
      }
    },
    () => fail(`the reader: ${reader.errors}`),
  );
  const copiers = Array.from(
    { length: options.copiers },
    (_, index) => new RestartedProcess([...copier, target.bootstrap, INPUT, OUTPUT, GROUP, `copier-${index}`]),
  );
  const failureOf = (): string | undefined => failure ?? copiers.find(({ stuck }) => stuck)?.stuck;
  const until = (what: string, condition: () => boolean): Promise<void> =>
    watch.until(what, PROGRESS_TIMEOUT_MS, condition, failureOf).catch((error: Error) => {
      const errors = copiers.map(({ failures, lastErrors }) => `copier, ended ${failures} times: ${lastErrors}`);
      throw new Error([error.message, `${ledger.count} numbers are copied`, ...errors].join('\n'));
    });
  let brokerKills = 0;
  try {
    for (let kill = 0; kill < kills; kill++) {
      const goal = ledger.count + RECORDS_PER_KILL;
      await until(`kill ${kill} has its records`, () => ledger.count >= goal);
      await pause(random.below(EXTRA_MS_MAX));
      // The first kills hit one each; of the later ones some hit a copier and the broker, which its successor finds away.
      const hitsCopier = kill < 2 ? kill === 1 : random.below(2) === 0;
      if (hitsCopier) {
        copiers[random.below(copiers.length)]!.kill();
        if (kill === kills - 1 || random.below(3) > 0) continue;
        kill++;
      }
      brokerKills++;
      await target.kill();
      await target.start();
    }
    await feeder.stop();
    assert.ok(fed !== undefined, `the feeder did not end by itself: ${feeder.errors}`);
    // The feeder may be far ahead of the copiers; what matters is that they go on.
    while (ledger.count < fed) {
      const goal = Math.min(fed, ledger.count + RECORDS_PER_KILL);
      await until(`${goal} of ${fed} numbers are copied`, () => ledger.count >= goal);
    }
    await Promise.all(copiers.map((each) => each.stop()));
    assert.equal(await reader.stop(), 0, `the reader did not end by itself: ${reader.errors}`);
    assert.equal(failure, undefined);
    ledger.checkEnd(fed);
  } finally {
    feeder.kill();
    reader.kill();
    for (const each of copiers) {
      each.kill();
      void each.stop();
    }
  }
  return {
    records: fed,
    brokerKills,
    copierKills: kills - brokerKills,
    copierFailures: copiers.reduce((sum, { failures }) => sum + failures, 0),
    sumsChecked: ledger.sumsChecked,
    seconds: Math.round((performance.now() - startedMs) / 1000),
  };
}

export const COPY_TOPICS = [INPUT, OUTPUT];
