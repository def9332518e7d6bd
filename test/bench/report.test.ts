import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendLimit } from '../../bench/limit/limit.ts';
import {
  brokenThresholds,
  comparePage,
  compareReports,
  differentLoads,
  namesOfOneOnly,
  ratioTable,
} from '../../bench/report/compare.ts';
import { percentileCurve, summarize, toHgrm, toHistogram } from '../../bench/report/histogram.ts';
import { renderData } from '../../bench/report/page.ts';
import { readReport, writeReport } from '../../bench/report/report.ts';
import { summarizeStages, warnings } from '../../bench/report/summary.ts';
import { formatNumber, formatTable, resultTable } from '../../bench/report/table.ts';
import { parseThreshold } from '../../bench/report/threshold.ts';
import { MS, sampleReport, sampleResult } from './sample-report.ts';

test('the generator and HdrHistogram agree on the buckets', () => {
  const histogram = toHistogram([[1_000_000, 1]], [[2_000_000, 3]]);
  assert.equal(histogram.totalCount, 4);
  const summary = summarize(histogram)!;
  assert.ok(Math.abs(summary.percentilesMs[0]! - 2) < 0.002);
  assert.match(toHgrm(histogram), /Value\s+Percentile\s+TotalCount[\s\S]*#\[Max/);
  assert.equal(summarize(toHistogram([])), null);
});

test('the percentile curve ends where the records end', () => {
  const curve = percentileCurve(
    toHistogram([
      [MS, 990],
      [100 * MS, 10],
    ]),
  );
  assert.deepEqual(curve.at(-1)![0], 1000);
  assert.ok(Math.abs(curve.at(-1)![1] - 100) < 0.1);
  assert.ok(Math.abs(curve[0]![1] - 1) < 0.001);
});

test('the summary has the figures of the counted time only', () => {
  const [stage] = summarizeStages(sampleResult(1, 50), sampleReport(1, 50).limits);
  assert.equal(stage!.producedPerSecond, 100);
  assert.equal(stage!.broker!.cpuSeconds, 2);
  assert.equal(stage!.broker!.cpuSecondsPerMillionRecords, 2000);
  assert.ok(Math.abs(stage!.broker!.percentOfLimit! - (100 * (1638400 / 1e9 / 2)) / 2) < 1e-9);
});

test('the limit of a request depends on its size and on its batches', () => {
  const limits = sampleReport(1, 2).limits!;
  const figure = (bytes: number, files: number, gbPerCpuSecond: number) => ({
    ...limits.append[0]!,
    bytes,
    files,
    gb_per_cpu_s: gbPerCpuSecond,
  });
  const append = [figure(16e3, 1, 1), figure(128e3, 1, 2), figure(128e3, 8, 1)];
  const limit = (bytes: number, batches: number) => appendLimit({ ...limits, append }, bytes, batches);
  assert.equal(limit(128e3, 1), 2);
  assert.ok(Math.abs(limit(128e3, 8) - 1) < 1e-9);
  assert.ok(Math.abs(1 / limit(256e3, 8) - (1 / 2 + 1 / 4)) < 1e-9, 'a batch costs the same in a larger request');
  assert.ok(limit(64e3, 1) > 1 && limit(64e3, 1) < 2);
});

test('warnings name what makes figures doubtful', () => {
  const doubtful = sampleResult(1, 2);
  doubtful.end = { ...doubtful.end, unansweredRecords: 5, errors: { 6: 3 }, disconnects: 1 };
  doubtful.stages[0]!.late = [[100 * MS, 1000]];
  assert.equal(warnings(doubtful).length, 4);
  assert.deepEqual(warnings(sampleResult(1, 2)), []);
});

test('a report is written and read back; the page needs nothing else', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-report-'));
  try {
    const page = readFileSync(writeReport(directory, sampleReport(1, 50, 'a </script> title')), 'utf8');
    assert.ok(readdirSync(directory).includes('produce-1-broker-round0-stage0-ack.hgrm'));
    assert.equal(readReport(directory).runs.length, 1);
    assert.doesNotMatch(page, /<(script|link|img)[^>]+(src|href)=/);
    assert.doesNotMatch(page, /a <\/script> title/);
    const data = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(page)![1]!;
    const { works, tables } = JSON.parse(data);
    assert.equal(works[0].name, 'produce <1>');
    assert.deepEqual(works[0].series[0].brokerCores, [0.5]);
    assert.equal(tables[0].table.rows.length, 1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('works keep their order and targets theirs, whoever ran first', () => {
  const { runs } = sampleReport(1, 50);
  const run = (name: string, target: string) => ({ ...runs[0]!, name, target });
  const table = resultTable([run('x', 'a'), run('x', 'b'), run('y', 'b'), run('y', 'a')]);
  assert.deepEqual(
    table.rows.map((row) => row.slice(0, 2).join(' ')),
    ['x a', 'x b', 'y a', 'y b'],
  );
});

test('tables line up and numbers are short', () => {
  assert.deepEqual([880, 0.12345, 1234567, 0, 12.3].map(formatNumber), ['880', '0.123', '1,234,567', '0', '12.3']);
  const lines = formatTable(resultTable(sampleReport(1, 50).runs)).split('\n');
  assert.equal(lines[0]!.length, lines[1]!.length);
});

test('a comparison joins runs by name and breaks thresholds in either direction', () => {
  const rows = compareReports(sampleReport(1, 50), sampleReport(1, 60));
  const thresholds = (...texts: string[]) => texts.map(parseThreshold);
  assert.equal(rows.length, 1);
  assert.deepEqual(brokenThresholds(rows, thresholds('p50>+10%', 'p99.9>+30%', 'throughput<-1%', 'p99.9>70ms')), []);
  assert.equal(brokenThresholds(rows, thresholds('p99.9>+10%')).length, 1);
  assert.equal(brokenThresholds(rows, thresholds('p99.9>55ms')).length, 1);
  assert.equal(brokenThresholds(rows, thresholds('throughput<200')).length, 1);
  assert.match(formatTable(ratioTable(rows)), /×1\.20/);
  assert.match(renderData(comparePage(sampleReport(1, 50), sampleReport(1, 60), rows)), /A: broker/);
});

test('a threshold has the unit that it says', () => {
  const rows = compareReports(sampleReport(1, 50), sampleReport(1, 60));
  assert.deepEqual(brokenThresholds(rows, [parseThreshold('p99.9>1s')]), [], '60 ms are no second');
  assert.equal(brokenThresholds(rows, [parseThreshold('p99.9>0.055s')]).length, 1);
  assert.throws(() => parseThreshold('memory>5ms'), /memory is given in mib, or in %/);
  assert.throws(() => parseThreshold('p99>5/s'), /p99 is given in ms or s/);
});

test('a threshold for which there is no figure is broken, not passed', () => {
  const without = sampleReport(1, 50);
  for (const { result } of without.runs) result.settings = { ...result.settings, pids: [] };
  const rows = compareReports(without, sampleReport(1, 60));
  assert.deepEqual(brokenThresholds(rows, [parseThreshold('cpu>+10%')]), [
    'no work has cpu in both reports (cpu>+10%)',
  ]);
});

test('works that only one report has are named', () => {
  const [old, fresh] = [sampleReport(1, 50), sampleReport(1, 50)];
  fresh.runs.push({ ...fresh.runs[0]!, name: 'new' });
  assert.deepEqual(namesOfOneOnly(old, fresh), ['new']);
});

test('a comparison of different loads says so', () => {
  const [old, fresh] = [sampleReport(1, 50), sampleReport(1, 50)];
  assert.deepEqual(differentLoads(old, fresh), []);
  for (const { result } of fresh.runs) result.settings = { ...result.settings, codec: 'lz4', port: 1 };
  assert.deepEqual(differentLoads(old, fresh), ['produce <1>: the load is another one: codec none → lz4.']);
});

test('what is no report is refused with its name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-report-'));
  try {
    assert.throws(() => readReport(join(directory, 'missing')), /There is no report .*missing/);
    assert.throws(() => readReport(directory), /report\.json cannot be read \(ENOENT\)/);
    for (const text of ['', 'null', '{}']) {
      writeFileSync(join(directory, 'report.json'), text);
      assert.throws(() => readReport(directory), /report\.json is not a benchmark report/);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a broker that ended during the run has no CPU time, and that is said', () => {
  const ended = sampleResult(1, 50);
  for (const sample of ended.samples) if (sample.what === 'stageEnd') sample.brokerCpuNs = 0;
  assert.equal(summarizeStages(ended)[0]!.broker, null);
  assert.match(warnings(ended).join(), /A process of the broker ended during the run/);
});

test('a threshold that cannot be understood is refused with the metrics there are', () => {
  for (const text of ['p42>+10%', 'p99', 'p99=5', '']) assert.throws(() => parseThreshold(text), /metrics: p50/);
});
