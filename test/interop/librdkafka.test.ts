// Keeps librdkafka's tests passing that have passed: those of librdkafka.md, the quick ones unless
// MILLRACE_INTEROP_LIBRDKAFKA=all asks for every one.
import assert from 'node:assert/strict';
import { leg } from './legs.ts';
import { brokerTests, type RdTest, readReport, runRdTests, titlesOf } from './librdkafka.ts';
import { chosenTarget } from './target.ts';

/** Together they take about a minute, three at a time. */
const QUICK_SECONDS_MAX = 12;
/** Kept passing although it takes a minute; it begins first and runs beside the others. */
const LONG_TESTS = new Set(['0103_transactions']);
/** Measure times to the millisecond, which a machine that does other things cannot promise. */
const TIMING_TESTS = new Set(['0055_producer_latency', '0127_fetch_queue_backoff']);

leg('librdkafka', ['librdkafka', 'kafka'], async () => {
  const target = chosenTarget();
  const report = readReport();
  const all = process.env.MILLRACE_INTEROP_LIBRDKAFKA === 'all';
  const secondsMax = all ? Number.POSITIVE_INFINITY : QUICK_SECONDS_MAX;
  const passed = (name: string): boolean => report.get(name)?.[target]?.state === 'passed' && !TIMING_TESTS.has(name);
  const secondsOf = (test: RdTest): number =>
    titlesOf(test).reduce((sum, title) => sum + (report.get(title)?.[target]?.seconds ?? 0), 0);
  const tests = (await brokerTests())
    .filter((test) => {
      const isChosen = secondsOf(test) <= secondsMax || titlesOf(test).some((title) => LONG_TESTS.has(title));
      return isChosen && titlesOf(test).some(passed);
    })
    .sort((one, other) => secondsOf(other) - secondsOf(one));
  assert.ok(tests.length > 0, `librdkafka.md names no test that ${target} has passed`);
  const failures: string[] = [];
  let count = 0;
  await runRdTests(tests, target, (results) => {
    for (const [name, { state, reason }] of results) {
      if (!passed(name)) continue;
      count++;
      if (state !== 'passed') failures.push(`${name}: ${state}: ${reason}`);
    }
  });
  console.error(`interop: ${count - failures.length} of ${count} tests of librdkafka pass`);
  assert.deepEqual(failures, []);
});
