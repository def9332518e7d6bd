/** A made-up report, so that tests know what must come out. */
import type { LoadResult } from '../../bench/load/run-load.ts';
import { defaultSettings } from '../../bench/load/settings.ts';
import { REPORT_FORMAT, type Report } from '../../bench/report/report.ts';

export const MS = 1e6;

/** One stage of 10 s at 100 records/s: 990 records at `fastMs`, 10 at `slowMs`; 2 CPU-seconds of the broker. */
export function sampleResult(fastMs: number, slowMs: number): LoadResult {
  const sample = (what: 'tick' | 'stageStart' | 'stageEnd', atS: number, cpuS: number) => ({
    what,
    stage: 0,
    atNs: atS * 1e9,
    brokerCpuNs: cpuS * 1e9,
    brokerResidentBytes: 100 * 2 ** 20,
    brokerAnonymousBytes: 0,
    generatorCpuNs: 0,
  });
  const interval = {
    stage: 0,
    sentRecords: 100,
    ackedRecords: 100,
    failedRecords: 0,
    consumedRecords: 0,
    ackedBytes: 0,
    consumedBytes: 0,
  };
  const latencies = {
    backlogRecords: 0,
    ackP50Ns: 1,
    ackP99Ns: 2,
    ackMaxNs: 3,
    endToEndP50Ns: 0,
    endToEndP99Ns: 0,
    endToEndMaxNs: 0,
  };
  return {
    settings: { ...defaultSettings, pids: [1], stages: [{ rate: 100, seconds: 10 }], warmUpSeconds: 0 },
    startedAt: '2026-01-01T00:00:00Z',
    stages: [
      {
        stage: 0,
        rate: 100,
        elapsedNs: 10e9,
        sentRecords: 1000,
        ackedRecords: 1000,
        failedRecords: 0,
        consumedRecords: 0,
        requests: 100,
        fetches: 0,
        sentBytes: 1638400,
        ackedBytes: 1638400,
        consumedBytes: 0,
        ack: [
          [fastMs * MS, 990],
          [slowMs * MS, 10],
        ],
        endToEnd: [],
        fetch: [],
        late: [],
      },
    ],
    intervals: [0, 1, 2].map((index) => ({ index, ...interval, ...latencies })),
    samples: [sample('stageStart', 0, 1), sample('tick', 0, 1), sample('tick', 1, 1.5), sample('stageEnd', 10, 3)],
    end: {
      errors: {},
      disconnects: 0,
      unansweredRecords: 0,
      unseenRecords: 0,
      overrun: 0,
      produceVersion: 12,
      fetchVersion: 12,
      threads: 1,
    },
  };
}

export function sampleReport(fastMs: number, slowMs: number, title = 'a report'): Report {
  const machine = {
    cpu: 'x',
    cores: 2,
    memoryGib: 8,
    kernel: 'k',
    virtual: true,
    node: 'v24',
    dataDirectory: '/d',
    diskFreeGib: 1,
  };
  const limits = {
    append: [
      {
        type: 'append' as const,
        bytes: 16384,
        files: 1,
        requests: 1,
        gb_per_cpu_s: 2,
        gb_per_cpu_s_with_client: 1,
        gb_per_s: 1,
        cpu_us_per_request: 1,
        wall_us_per_request: 1,
      },
    ],
    woken: [],
    sendfile: [],
  };
  const runs = [{ name: 'produce <1>', target: 'broker', round: 0, result: sampleResult(fastMs, slowMs) }];
  return { format: REPORT_FORMAT, title, createdAt: '2026-01-01T00:00:00Z', machine, notes: [], limits, runs };
}
