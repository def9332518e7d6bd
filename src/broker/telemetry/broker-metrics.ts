/**
 * The broker's own metrics: what its threads have counted, its partitions, its groups and their lag, gathered when
 * somebody asks. Names are those that Kafka's JMX exporter gives, and for groups those of the usual lag exporters.
 * Bounded: partitions beyond `millrace.metrics.partitions.max` count in the totals only. Control thread.
 */
import type { MetadataImage } from '../../metadata/metadata-image.ts';
import { RowSlot, RowState } from '../../ring/partition-table.ts';
import { gauge, type MetricFamily } from '../../telemetry/metric-family.ts';
import type { BrokerServices } from '../broker-services.ts';
import type { RowPlace } from '../log-directory.ts';
import type { CounterMemory } from '../shared-memory.ts';
import { GroupMetrics } from './group-metrics.ts';
import { storageFamilies } from './storage-metrics.ts';
import { ThreadMetrics } from './thread-metrics.ts';

/** Kafka's number for a broker that runs. */
const RUNNING = 3;

export class BrokerMetrics {
  readonly #services: BrokerServices;
  readonly #threads: ThreadMetrics;
  readonly #groups: GroupMetrics;

  constructor(services: BrokerServices, counters: CounterMemory) {
    this.#services = services;
    this.#threads = new ThreadMetrics(counters);
    this.#groups = new GroupMetrics(services);
  }

  async families(): Promise<MetricFamily[]> {
    const partitionsMax = this.#services.config().int('millrace.metrics.partitions.max');
    const all = [...this.#services.partitions.rows()];
    const places = all.slice(0, partitionsMax);
    return [
      ...this.#topics(places),
      ...this.#threads.families(),
      this.#services.requestErrors.family(),
      ...this.#replicas(all),
      ...clusterFamilies(this.#services),
      ...storageFamilies(this.#services, places),
      ...(await this.#logs(places)),
      ...(await this.#groups.families(partitionsMax)),
      gauge('millrace_metrics_partitions_omitted', 'Partitions beyond millrace.metrics.partitions.max.', [
        { labels: {}, value: all.length - places.length },
      ]),
      ...processFamilies(),
    ];
  }

  /** The sample without a topic is that of all topics, as in Kafka. */
  #topics(places: readonly RowPlace[]): MetricFamily[] {
    const byTopic = new Map<string, { messagesIn: number; bytesIn: number; bytesOut: number }>();
    for (const { row, topic } of places) {
      let counts = byTopic.get(topic);
      if (!counts) byTopic.set(topic, (counts = { messagesIn: 0, bytesIn: 0, bytesOut: 0 }));
      const { messagesIn, bytesIn, bytesOut } = this.#threads.row(row);
      counts.messagesIn += messagesIn;
      counts.bytesIn += bytesIn;
      counts.bytesOut += bytesOut;
    }
    const totals = this.#threads.totals();
    const family = (key: keyof typeof totals, help: string): MetricFamily => ({
      name: `kafka_server_brokertopicmetrics_${key.toLowerCase()}_total`,
      help,
      type: 'counter',
      samples: [
        { labels: {}, value: totals[key] },
        ...[...byTopic].map(([topic, counts]) => ({ labels: { topic }, value: counts[key] })),
      ],
    });
    return [
      family('messagesIn', 'Records appended.'),
      family('bytesIn', 'Bytes of record batches appended.'),
      family('bytesOut', 'Bytes of record batches sent to consumers.'),
    ];
  }

  #replicas(all: readonly RowPlace[]): MetricFamily[] {
    const { nodeId, image, table } = this.#services;
    let leaders = 0;
    let offline = 0;
    let underReplicated = 0;
    for (const { row, topic, partition } of all) {
      const registration = image.topics.byName(topic)?.partitions[partition];
      if (table.get(row, RowSlot.state) === RowState.offline) offline++;
      if (registration?.leader !== nodeId) continue;
      leaders++;
      if (registration.isr.length < registration.replicas.length) underReplicated++;
    }
    const one = (name: string, help: string, value: number): MetricFamily =>
      gauge(`kafka_server_replicamanager_${name}`, help, [{ labels: {}, value }]);
    return [
      one('partitioncount', 'Partitions of this broker.', all.length),
      one('leadercount', 'Partitions that this broker leads.', leaders),
      one('underreplicatedpartitions', 'Of these, partitions with a replica that is not in sync.', underReplicated),
      one('offlinereplicacount', 'Partitions whose log failed.', offline),
    ];
  }

  async #logs(places: readonly RowPlace[]): Promise<MetricFamily[]> {
    const { storage, table } = this.#services;
    const sizes = new Map<number, number>();
    const rows = places.map(({ row }) => row);
    for (const reply of await storage.requestRows(rows, (some) => ({ op: 'sizes', rows: some }))) {
      for (const { row, sizeBytes } of reply) sizes.set(row, sizeBytes);
    }
    const perPartition = (name: string, help: string, value: (row: number) => number): MetricFamily =>
      gauge(
        `kafka_log_log_${name}`,
        help,
        places.map(({ row, topic, partition }) => ({
          labels: { topic, partition: String(partition) },
          value: value(row),
        })),
      );
    return [
      perPartition('size', 'Bytes of the log on disk.', (row) => sizes.get(row) ?? 0),
      perPartition('logstartoffset', 'First offset of the log.', (row) => table.get(row, RowSlot.logStartOffset)),
      perPartition('logendoffset', 'Offset of the next record.', (row) => table.get(row, RowSlot.logEndOffset)),
    ];
  }
}

function clusterFamilies({ image, nodeId, clusterId }: BrokerServices): MetricFamily[] {
  const brokers = [...image.cluster.brokers()];
  const one = (name: string, help: string, value: number): MetricFamily =>
    gauge(`kafka_controller_kafkacontroller_${name}`, help, [{ labels: {}, value }]);
  return [
    gauge('millrace_info', 'This broker.', [{ labels: { node_id: String(nodeId), cluster_id: clusterId }, value: 1 }]),
    gauge('kafka_server_kafkaserver_brokerstate', 'State of the broker; 3 is running.', [
      { labels: {}, value: RUNNING },
    ]),
    one('activecontrollercount', 'Controllers in charge in this process.', 1),
    one('activebrokercount', 'Brokers that serve.', brokers.filter(({ fenced }) => !fenced).length),
    one(
      'fencedbrokercount',
      'Brokers that are registered but do not serve.',
      brokers.filter(({ fenced }) => fenced).length,
    ),
    one('globaltopiccount', 'Topics of the cluster.', image.topics.size),
    one('globalpartitioncount', 'Partitions of the cluster.', image.topics.partitionCount),
    one('offlinepartitionscount', 'Partitions of the cluster without a leader.', leaderless(image)),
  ];
}

function leaderless({ topics }: MetadataImage): number {
  let count = 0;
  for (const { partitions } of topics.values()) for (const { leader } of partitions) if (leader < 0) count++;
  return count;
}

function processFamilies(): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge('process_resident_memory_bytes', 'Memory of the process.', [
      { labels: {}, value: process.memoryUsage.rss() },
    ]),
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time of the process, all threads.',
      type: 'counter',
      samples: [{ labels: {}, value: (user + system) / 1_000_000 }],
    },
  ];
}
