/** Metrics of log directories and of the checksum scrub. Control thread. */
import { ErrorCode } from '../../protocol/errors.ts';
import { RowSlot } from '../../ring/partition-table.ts';
import { gauge, type MetricFamily } from '../../telemetry/metric-family.ts';
import type { BrokerServices } from '../broker-services.ts';
import type { RowPlace } from '../log-directory.ts';

/** Only partitions with damage are named. */
export function storageFamilies(services: BrokerServices, places: readonly RowPlace[]): MetricFamily[] {
  const { logDirectories, moves, scrub, table } = services;
  const offline = logDirectories.list().filter(({ errorCode }) => errorCode !== ErrorCode.NONE).length;
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name: `millrace_scrub_${name}_total`,
    help,
    type: 'counter',
    samples: [{ labels: {}, value }],
  });
  const count = (name: string, help: string, value: number): MetricFamily => gauge(name, help, [{ labels: {}, value }]);
  const damaged = places
    .map(({ row, topic, partition }) => ({
      labels: { topic, partition: String(partition) },
      value: table.get(row, RowSlot.damagedRanges),
    }))
    .filter(({ value }) => value > 0);
  return [
    count('kafka_log_logmanager_offlinelogdirectorycount', 'Log directories that have failed.', offline),
    count('millrace_log_moves', 'Partitions on their way to another log directory.', moves.futures().length),
    gauge('millrace_log_damaged_ranges', 'Ranges of closed segments that are damaged and not served.', damaged),
    counter('passes', 'Times that all closed segments were checked.', scrub.passes),
    counter('segments', 'Closed segments checked.', scrub.segments),
    counter('bytes', 'Bytes of them read.', scrub.bytes),
    counter('damaged_ranges', 'Damaged ranges found that were not known.', scrub.damagedRanges),
  ];
}
