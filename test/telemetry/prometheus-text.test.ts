// What is exposed has each name once, whatever clients push beside each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricFamily, MetricType } from '../../src/telemetry/metric-family.ts';
import { prometheusText } from '../../src/telemetry/prometheus-text.ts';

const PARTS: Readonly<Record<MetricType, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  summary: ['_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
};

function family(type: MetricType, name: string): MetricFamily {
  const samples = PARTS[type].map((suffix) => ({ labels: {}, value: 1, ...(suffix === '' ? {} : { suffix }) }));
  return { name, help: 'h', type, samples };
}

/** The types that are told, and the names of all series. */
async function exposed(...families: MetricFamily[]): Promise<{ types: string[]; series: string[] }> {
  const lines = (await prometheusText(families)).split('\n').filter((line) => line !== '');
  return {
    types: lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.slice('# TYPE '.length)),
    series: lines.filter((line) => !line.startsWith('#')).map((line) => line.split(' ')[0]),
  };
}

test('families of different names stand beside each other', async () => {
  const { types } = await exposed(family('summary', 'foo'), family('gauge', 'foo_max'), family('histogram', 'foo_ms'));
  assert.deepEqual(types, ['foo summary', 'foo_max gauge', 'foo_ms histogram']);
});

test('of two families whose series would have one name the first is written', async () => {
  for (const [parted, plain] of [
    ['summary', 'foo'],
    ['summary', 'foo_sum'],
    ['summary', 'foo_count'],
    ['histogram', 'foo_bucket'],
    ['histogram', 'foo_count'],
  ] as const) {
    const [one, other] = [family(parted, 'foo'), family('gauge', plain)];
    assert.deepEqual((await exposed(one, other)).types, [`foo ${parted}`]);
    const { types, series } = await exposed(other, one);
    assert.deepEqual([types, series], [[`${plain} gauge`], [plain]]);
  }
});

test('a bucket beside a summary is no conflict', async () => {
  const { types } = await exposed(family('summary', 'foo'), family('gauge', 'foo_bucket'));
  assert.deepEqual(types, ['foo summary', 'foo_bucket gauge']);
});
