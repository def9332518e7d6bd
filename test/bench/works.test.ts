import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsMax } from '../../bench/load/settings.ts';
import { compareWithBaseline } from '../../bench/micro/run-micro.ts';
import { fullWorks, settingsOf, shortWorks, type Work } from '../../bench/peers/works.ts';
import { fileName } from '../../bench/report/report.ts';

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

test('the full matrix crosses sizes, partitions, producers and acks, and has the rest once', () => {
  const has = (text: string) => fullWorks.filter((work) => work.name.includes(text)).length;
  assert.equal(fullWorks.filter((work) => / partitions \d+ producers acks=/.test(work.name)).length, 3 * 3 * 2 * 3);
  for (const text of [
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    'idempotent',
    'TLS',
    'cold',
    'fan-out x3',
    'tail',
    'linger 0',
    'linger 5',
  ]) {
    assert.ok(has(text) > 0, text);
  }
  for (const work of fullWorks.filter((one) => one.name.includes('synced'))) {
    assert.deepEqual(work.topicConfigs, { 'flush.messages': '1' });
    assert.equal(all(work).acks, -1);
  }
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
