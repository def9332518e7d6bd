import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerServices } from '../../../src/broker/broker-services.ts';
import { storageFamilies } from '../../../src/broker/telemetry/storage-metrics.ts';
import { allocatePartitionTable, PartitionTable, RowSlot } from '../../../src/ring/partition-table.ts';

test('directories that failed, moves, damage and the scrub are counted', () => {
  const table = new PartitionTable(allocatePartitionTable(3));
  table.set(1, RowSlot.damagedRanges, 2);
  const services = {
    table,
    logDirectories: { list: () => [{ errorCode: 0 }, { errorCode: 56 }] },
    moves: { futures: () => [{}] },
    scrub: { passes: 1, segments: 5, bytes: 1_000, damagedRanges: 2 },
  } as unknown as BrokerServices;
  const places = [0, 1].map((row) => ({ row, topic: 't', partition: row }));
  const values = storageFamilies(services, places).map(({ name, samples }) => [
    name,
    samples.map(({ labels, value }) => [...Object.values(labels), value].join(' ')),
  ]);
  assert.deepEqual(values, [
    ['kafka_log_logmanager_offlinelogdirectorycount', ['1']],
    ['millrace_log_moves', ['1']],
    ['millrace_log_damaged_ranges', ['t 1 2']],
    ['millrace_scrub_passes_total', ['1']],
    ['millrace_scrub_segments_total', ['5']],
    ['millrace_scrub_bytes_total', ['1000']],
    ['millrace_scrub_damaged_ranges_total', ['2']],
  ]);
});
