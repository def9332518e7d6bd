import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { clientWorks, parseClientOutput } from '../../bench/peers/client-works.ts';
import { clientTable } from '../../bench/report/client-table.ts';
import { clientGoals, scaleGoals, verdict } from '../../bench/report/goals.ts';
import { drawPicture } from '../../bench/report/picture.ts';
import { BEGIN, END, markdown, readmeSection, replaceSection, sortReports } from '../../bench/report/readme.ts';
import type { ClientRun, Report } from '../../bench/report/report.ts';
import { sampleReport } from './sample-report.ts';

const run = (work: string, target: string, round: number, cpu: number, more: Partial<ClientRun> = {}): ClientRun => ({
  work,
  target,
  round,
  brokerCpuSeconds: cpu,
  seconds: 1,
  residentMib: 100,
  ...more,
});

const clients: Report = {
  ...sampleReport(1, 2, 'Real clients'),
  runs: [],
  facts: [
    { work: 'start', target: 'millrace', what: 'idle resident memory', value: '95 MiB', number: 95 },
    { work: 'start', target: 'kafka', what: 'idle resident memory', value: '380 MiB', number: 380 },
  ],
  clients: [
    ...[0.6, 9, 0.5].map((cpu, round) => run('produce-1k', 'millrace', round, cpu, { recordsPerSecond: 700_000 })),
    ...[2, 2, 2].map((cpu, round) => run('produce-1k', 'kafka', round, cpu, { recordsPerSecond: 300_000 })),
    run('e2e', 'millrace', 0, 1, { avgMs: 0.9 }),
    run('e2e', 'kafka', 0, 4, { avgMs: 1 }),
    run('produce-16k', 'millrace', 0, 1),
  ],
};

const latency: Report = {
  ...sampleReport(1, 2, 'Latency'),
  runs: [
    { ...sampleReport(1, 2).runs[0]!, name: 'latency at 10k/s, x', target: 'millrace' },
    { ...sampleReport(4, 20).runs[0]!, name: 'latency at 10k/s, x', target: 'kafka' },
  ],
};

test('medians of the rounds are judged by the goals; a miss says no, what is missing says so', () => {
  const rows = clientTable(clients).rows;
  const row = (what: string) => rows.find((cells) => cells[0] === what);
  assert.deepEqual(row('1 M x 1 KiB, acks=1'), [
    '1 M x 1 KiB, acks=1',
    '2.00 s, 300 K/s',
    '0.60 s, 700 K/s',
    '0.30',
    '≤ 0.50',
    'yes',
    '0.26 (0.51 s)',
  ]);
  assert.deepEqual(row('10 K round trips, acks=all')?.slice(3), ['0.25', '≤ 0.30', 'yes', '']);
  assert.deepEqual(row('10 K round trips, acks=all: average')?.slice(3), ['0.90', '≤ 0.60', '**no**', '']);
  assert.deepEqual(row('idle resident memory')?.slice(3), ['0.25', '≤ 90 MiB', '**no**', '']);
  assert.deepEqual(
    row('100 K x 16 KiB, acks=1')?.slice(1),
    ['failed', '', '', '≤ 0.55', 'not measured', ''].with(1, '1.00 s'),
  );
  assert.equal(row('4 M x 100 B, acks=1'), undefined);
});

test('a second pass is told and judged beside the first', () => {
  const warm = [
    run('produce-1k', 'millrace', 0, 1, { warm: true }),
    run('produce-1k', 'kafka', 0, 1.25, { warm: true }),
  ];
  const { head, rows } = clientTable({ ...clients, clients: [...clients.clients!, ...warm] });
  assert.equal(head.at(-1), 'ratio, warm');
  assert.deepEqual(rows[0]?.slice(3), ['0.30', '≤ 0.50', 'yes', '0.26 (0.51 s)', '0.80 (1.00 of 1.25 s): **no**']);
  assert.equal(rows[1]?.at(-1), '');
});

test('a work that is only there for comparison has a ratio and no verdict', () => {
  const name = 'e2e-cached';
  assert.equal(clientWorks.find((work) => work.name === name)?.unsynced, true);
  const both = [run(name, 'millrace', 0, 1), run(name, 'kafka', 0, 4)];
  const { rows } = clientTable({ ...clients, clients: both });
  assert.deepEqual(rows[0]?.slice(3), ['0.25', '', '', '']);
  assert.doesNotMatch(drawPicture({ clients: { ...clients, clients: both } }), /NaN|undefined/);
});

test('beside the goals stands what a C thread would need; bold where the goal is below it', () => {
  const woken = (bytes: number, synced: number, cpu: number, wall: number) => ({
    type: 'woken' as const,
    bytes,
    period_us: 1000,
    synced,
    cpu_us_per_request: cpu,
    wall_us_per_request: wall,
  });
  const limits = {
    ...clients.limits!,
    woken: [woken(200, 0, 10, 30), woken(200, 1, 90, 300), woken(16384, 0, 20, 40), woken(16384, 1, 100, 400)],
  };
  const both = (work: string, mine: number, other: number, more: Partial<ClientRun>) => [
    run(work, 'millrace', 0, mine, more),
    run(work, 'kafka', 0, other, more),
  ];
  const runs = [
    ...both('latency-10k', 2, 3, { avgMs: 1, requests: 9_000 }),
    ...both('latency-10k-cached', 2, 3, { avgMs: 1, requests: 9_000 }),
    ...both('e2e', 2, 2.5, { avgMs: 0.5 }),
    ...both('produce-unbatched', 1, 4, {}),
  ];
  const cells = clientTable({ ...clients, limits, clients: runs }).rows.map((row) => row[6]);
  assert.deepEqual(cells, ['', '0.30 (0.90 s)', '0.06 (0.18 s)', '**0.40 (1.00 s)**', '0.60 (0.30 ms)', '']);
});

test('bounds count, also exactly', () => {
  assert.equal(verdict({ max: 2 }, 2), 'yes');
  assert.equal(verdict({ min: 60 }, 59.9), '**no**');
  assert.equal(verdict({ ratioMax: 0.5 }, undefined), 'not measured');
});

test('every work of the clients has a row, every goal of scale is one that a run can meet', () => {
  for (const { name } of clientWorks)
    assert.ok(
      clientGoals.some((goal) => goal.work === name),
      name,
    );
  const runs = ['scale-runs.ts', 'storage-runs.ts'].map((name) =>
    readFileSync(new URL(`../../bench/scale/${name}`, import.meta.url), 'utf8'),
  );
  for (const { fact } of scaleGoals) {
    const words = fact!.split(/acks=all|synced/);
    assert.ok(
      runs.some((text) => words.every((part) => text.includes(part))),
      fact,
    );
  }
});

test('the section has the tables, and nothing but it is replaced', () => {
  const failure = 'e2e-fsync failed on kafka: ended after 90 s';
  const section = readmeSection(sortReports([{ ...clients, notes: ['All was well.', failure] }, latency]));
  assert.ok(section.includes(`- ${failure}`), 'what failed is said');
  assert.ok(!section.includes('All was well'));
  assert.match(section, /\| latency at 10k\/s, x \| p99\.9 \| 20 ms \| 2 ms \| 0\.10 \| ≤ 0\.33 \| yes \|/);
  assert.match(section, /\| idle resident memory \| 380 MiB \| 95 MiB \| 0\.25 \| ≤ 90 MiB \| \*\*no\*\* \|/);
  const text = `before\n${BEGIN}\nold\n${END}\nafter\n`;
  const replaced = replaceSection(text, 'new');
  assert.equal(replaced, `before\n${BEGIN}\nnew\n${END}\nafter\n`);
  assert.equal(replaceSection(replaced, 'new'), replaced);
  assert.throws(() => replaceSection('no markers', 'x'), /has no section/);
  assert.doesNotThrow(() => replaceSection(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'), 'x'));
  assert.equal(markdown({ head: ['a|b'], rows: [['c']] }), '| a\\|b |\n| --- |\n| c |');
});

test('the picture has a bar for each work that both brokers did, and a curve for each broker', () => {
  const svg = drawPicture({ clients, latency });
  assert.equal(svg.match(/\(0\.60 of 2\.00 s\)/g)?.length, 1);
  assert.equal(svg.match(/<polyline/g)?.length, 2);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

test('what clients print is read, the last summary of several; nothing is not zero', () => {
  const produced =
    '% 500 messages produced (1024 bytes), 0 delivered, 1 msgs/s\n% 1000 messages and 9 bytes produced in 3ms: 333 msgs/s (0.34 MB/s)';
  assert.deepEqual(parseClientOutput('rdkafka_performance', produced), { recordsPerSecond: 333 });
  const paced =
    '150000 records sent, 9999.3 records/sec (9.76 MB/sec), 0.61 ms avg latency, 120.00 ms max latency, 0 ms 50th, 1 ms 95th, 7 ms 99th, 40 ms 99.9th.';
  assert.deepEqual(parseClientOutput('ProducerPerformance', paced), {
    recordsPerSecond: 9999.3,
    avgMs: 0.61,
    p50Ms: 0,
    p99Ms: 7,
    p999Ms: 40,
  });
  const metrics =
    'producer-metrics:request-total:{client-id=perf-producer-client}   : 2578.000\nproducer-node-metrics:request-total:{client-id=a, node-id=node-1} : 2574.000';
  assert.equal(parseClientOutput('ProducerPerformance', `${paced}\n${metrics}`)?.requests, 2578);
  const trips = 'Avg latency: 0.5800 ms\n\nPercentiles: 50th = 0, 99th = 1, 99.9th = 5';
  assert.deepEqual(parseClientOutput('EndToEndLatency', trips), { avgMs: 0.58, p50Ms: 0, p99Ms: 1, p999Ms: 5 });
  assert.equal(parseClientOutput('EndToEndLatency', 'Exception in thread'), undefined);
});
