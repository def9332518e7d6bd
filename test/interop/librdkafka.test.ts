// Keeps librdkafka's tests passing that have passed: those of librdkafka.md, the quick ones unless
// MILLRACE_INTEROP_LIBRDKAFKA=all asks for every one.
import assert from 'node:assert/strict';
import { leg } from './legs.ts';
import { brokerTests, readReport, runRdTests } from './librdkafka.ts';
import { chosenTarget } from './target.ts';

/** Together they take about a minute, three at a time. */
const QUICK_SECONDS_MAX = 12;
/** Measures latencies to the millisecond, which a machine that does other things cannot promise. */
const TIMING_TESTS = new Set(['0055_producer_latency']);

leg('librdkafka', ['librdkafka', 'kafka'], async () => {
  const target = chosenTarget();
  const report = readReport();
  const all = process.env.MILLRACE_INTEROP_LIBRDKAFKA === 'all';
  const secondsMax = all ? Number.POSITIVE_INFINITY : QUICK_SECONDS_MAX;
  const passed = (name: string): boolean => report.get(name)?.[target]?.state === 'passed' && !TIMING_TESTS.has(name);
  const tests = (await brokerTests()).filter(({ names }) => {
    const seconds = names.reduce((sum, name) => sum + (report.get(name)?.[target]?.seconds ?? 0), 0);
    return names.some(passed) && seconds <= secondsMax;
  });
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
