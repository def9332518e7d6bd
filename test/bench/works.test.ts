import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsMax } from '../../bench/load/settings.ts';
import { compareWithBaseline } from '../../bench/micro/run-micro.ts';
import { allowedPairs, coveredPairs, type Factors, pairwise } from '../../bench/peers/pairwise.ts';
import { worksLeft } from '../../bench/peers/run-matrix.ts';
import {
  fullWorks,
  latencyFactors,
  produceFactors,
  readFactors,
  settingsOf,
  shortWorks,
  type Work,
} from '../../bench/peers/works.ts';
import { allocatedBytes } from '../../bench/profile/allocation.ts';
import { fileName } from '../../bench/report/report.ts';
import { sampleReport } from './sample-report.ts';

const address = { host: '127.0.0.1', port: 1 };
const all = (work: Work) => settingsOf(work, 'topic', address, [], work.settings);

for (const [form, works] of [
  ['short', shortWorks],
  ['full', fullWorks],
] as const) {
  test(`${form}: names are unique, also as topics, and topics are valid names`, () => {
    const topics = works.map((work) => fileName(work.name).toLowerCase());
    assert.equal(new Set(topics).size, works.length);
    for (const topic of topics) assert.match(topic, /^[a-z0-9._-]{1,249}$/);
  });

  test(`${form}: every work is bounded in time, and by records where it is not by rate`, () => {
    for (const work of works) {
      const settings = all(work);
      assert.ok(secondsMax(settings) <= 30, work.name);
      const closed = settings.stages.every((stage) => stage.rate === 0);
      if (closed) assert.ok(settings.recordsMax > 0 || settings.toEnd, work.name);
      if (settings.producers === 0) assert.ok(work.prepare, work.name);
    }
  });
}

for (const [name, factors] of [
  ['produce', produceFactors],
  ['latency', latencyFactors],
  ['read', readFactors],
] as const) {
  test(`${name}: every pair of two factors' values occurs, in far fewer rows than the product has`, () => {
    const rows = pairwise<Factors>(factors);
    const product = Object.values(factors).reduce((count, values) => count * values.length, 1);
    assert.ok(rows.length * 4 < product, `${rows.length} of ${product}`);
    assert.deepEqual(
      coveredPairs(rows),
      allowedPairs<Factors>(factors, () => true),
    );
  });
}

test('what is not allowed is in no row, and its pairs are not asked for', () => {
  const factors: Factors = { a: [1, 2], b: [1, 2], c: [1, 2] };
  const rows = pairwise(factors, (row) => !(row.a === 2 && row.b === 2));
  assert.ok(rows.every((row) => !(row.a === 2 && row.b === 2)));
  assert.equal(coveredPairs(rows).has('a=2|b=2'), false);
  assert.equal(coveredPairs(rows).size, 11);
});

test('the full matrix has every factor', () => {
  const has = (text: string) => fullWorks.some((work) => work.name.includes(text));
  const wanted = [...['gzip', 'snappy', 'lz4', 'zstd'], ...['100B', '1KiB', '16KiB'], ...['1p', '16p', '100p']];
  const more = ['50 producers', 'linger 0', 'linger 5', 'acks=1', 'acks=all', 'idempotent', 'TLS', 'keys'];
  for (const text of [...wanted, ...more, 'cold', 'fan-out x3', 'tail', 'tail x3']) assert.ok(has(text), text);
  for (const work of fullWorks.filter((one) => one.name.includes('synced'))) {
    assert.deepEqual(work.topicConfigs, { 'flush.messages': '1' });
    assert.equal(all(work).acks, -1);
  }
});

test('an interrupted run goes on with the works and rounds that its report lacks', () => {
  const [first, second, third] = shortWorks as [Work, Work, Work];
  const done = (name: string, target: string, round: number) => ({
    ...sampleReport(1, 2).runs[0]!,
    name,
    target,
    round,
  });
  const report = {
    ...sampleReport(1, 2),
    runs: [
      ...[0, 1].flatMap((round) => ['a', 'b'].map((target) => done(first.name, target, round))),
      ...[0, 1].map((round) => done(second.name, 'a', round)),
      done(second.name, 'b', 0),
    ],
  };
  const targets = [
    { name: 'a', tlsPort: 0 },
    { name: 'b', tlsPort: 0 },
  ];
  const left = (rounds: number) => worksLeft(report, [first, second, third], targets, rounds).map((work) => work.name);
  assert.deepEqual(left(2), [second.name, third.name]);
  assert.deepEqual(left(1), [third.name]);
  assert.deepEqual(worksLeft(report, [{ ...third, tls: true }], targets, 1), [], 'no target speaks TLS');
});

test('garbage is summed over the collections of each thread', () => {
  const line = (isolate: string, bytes: number) =>
    `[71:${isolate}:0] 812 ms: pause=0.4 gc=s start_object_size=9 allocated=${bytes} quarantined_size=0\n`;
  const text = `a broker says something allocated=5\n${line('0x1f00', 100)}${line('0x2f00', 7)}${line('0x1f00', 20)}`;
  assert.deepEqual(
    [...allocatedBytes(text)],
    [
      ['0x1f00', 120],
      ['0x2f00', 7],
    ],
  );
});

test('micro results are compared with the baseline by name', () => {
  const result = (name: string, ns: number) => ({ name, ns, medianNs: ns, bytes: 0 });
  const baseline = { machine: 'm', node: 'v24', load: 1, results: [result('a', 100), result('b', 100)] };
  const { rows, slower } = compareWithBaseline([result('a', 130), result('b', 110), result('c', 5)], baseline, 25);
  assert.deepEqual(slower, ['a']);
  assert.deepEqual(
    rows.map((row) => row.at(-1)),
    ['×1.30', '×1.10', ''],
  );
});
