/**
 * What the threads have counted, as metrics under the names that users of Kafka's JMX exporter know. Control thread.
 */
import { ApiKey, apiName } from '../../protocol/api-keys.ts';
import { openCounters } from '../../ring/shared-counters.ts';
import { summarizeLatencies } from '../../telemetry/latency-buckets.ts';
import type { Labels, MetricFamily, Sample } from '../../telemetry/metric-family.ts';
import {
  API_KEYS_MAX,
  API_VERSIONS_MAX,
  BYTES_OUT_SLOT,
  bytesOutSlot,
  IoCounter,
  latenciesSlot,
  messagesInSlot,
  requestsSlot,
  StorageCounter,
} from '../../telemetry/thread-counters.ts';
import type { CounterMemory } from '../shared-memory.ts';

/** Those that Kafka's histograms show. */
const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999];

type Slots = Float64Array;

/** What was counted of one partition since its row became its own. */
export interface RowCounts {
  readonly messagesIn: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export class ThreadMetrics {
  readonly #io: readonly Slots[];
  readonly #storage: readonly Slots[];

  constructor(memory: CounterMemory) {
    this.#io = memory.io.map(openCounters);
    this.#storage = memory.storage.map(openCounters);
  }

  row(row: number): RowCounts {
    const at = messagesInSlot(row);
    return {
      messagesIn: sum(this.#storage, at),
      bytesIn: sum(this.#storage, at + 1),
      bytesOut: sum(this.#io, bytesOutSlot(row)),
    };
  }

  /** Samples of all topics together; those of single topics stand beside them, in the same families. */
  totals(): RowCounts {
    return {
      messagesIn: sum(this.#storage, StorageCounter.messagesIn),
      bytesIn: sum(this.#storage, StorageCounter.bytesIn),
      bytesOut: sum(this.#io, BYTES_OUT_SLOT),
    };
  }

  families(): MetricFamily[] {
    const { requests, times, ofApi } = this.#requests();
    const topics = (name: string, help: string, value: number): MetricFamily => ({
      name: `kafka_server_brokertopicmetrics_${name}_total`,
      help,
      type: 'counter',
      samples: [{ labels: {}, value }],
    });
    return [
      {
        name: 'kafka_network_requestmetrics_requests_total',
        help: 'Requests by API and version.',
        type: 'counter',
        samples: requests,
      },
      {
        name: 'kafka_network_requestmetrics_totaltimems',
        help: 'Time from the arrival of a request to its response, in ms; a Fetch waits for data.',
        type: 'summary',
        samples: times,
      },
      topics('totalproducerequests', 'Produce requests.', ofApi[ApiKey.Produce]),
      topics('totalfetchrequests', 'Fetch requests.', ofApi[ApiKey.Fetch]),
      topics(
        'failedproducerequests',
        'Produce requests with an error for some partition.',
        sum(this.#io, IoCounter.failedProduce),
      ),
      topics(
        'failedfetchrequests',
        'Fetch requests with an error for some partition.',
        sum(this.#io, IoCounter.failedFetch),
      ),
      ...this.#connections(),
      {
        name: 'kafka_log_logflushstats_logflushrateandtimems',
        help: 'Time that a sync of a log to disk takes, in ms.',
        type: 'summary',
        samples: summary(this.#storage, StorageCounter.syncLatencies, {}),
      },
    ];
  }

  #requests(): { requests: Sample[]; times: Sample[]; ofApi: number[] } {
    const requests: Sample[] = [];
    const times: Sample[] = [];
    const ofApi: number[] = [];
    for (let apiKey = 0; apiKey < API_KEYS_MAX; apiKey++) {
      let total = 0;
      const request = apiName(apiKey);
      for (let version = 0; version < API_VERSIONS_MAX; version++) {
        const count = sum(this.#io, requestsSlot(apiKey, version));
        if (count > 0) requests.push({ labels: { request, version: String(version) }, value: count });
        total += count;
      }
      ofApi[apiKey] = total;
      if (total > 0) times.push(...summary(this.#io, latenciesSlot(apiKey), { request }));
    }
    return { requests, times, ofApi };
  }

  #connections(): MetricFamily[] {
    const byThread = (value: (slots: Slots) => number): Sample[] =>
      this.#io.map((slots, thread) => ({ labels: { networkprocessor: String(thread) }, value: value(slots) }));
    const family = (name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]): MetricFamily => ({
      name: `kafka_server_socketservermetrics_${name}`,
      help,
      type,
      samples,
    });
    const opened = (slots: Slots): number => slots[IoCounter.connectionsOpened];
    const closed = (slots: Slots): number => slots[IoCounter.connectionsClosed];
    return [
      family(
        'connection_count',
        'gauge',
        'Open connections by I/O thread.',
        byThread((slots) => opened(slots) - closed(slots)),
      ),
      family('connection_creation_total', 'counter', 'Connections accepted.', byThread(opened)),
      family('connection_close_total', 'counter', 'Connections closed.', byThread(closed)),
      {
        name: 'millrace_connections_refused_total',
        help: 'Connections refused for a limit.',
        type: 'counter',
        samples: byThread((slots) => slots[IoCounter.connectionsRefused]),
      },
    ];
  }
}

function summary(threads: readonly Slots[], at: number, labels: Labels): Sample[] {
  const parts = threads.map((slots) => ({ slots, at }));
  const { count, sumMs, quantilesMs } = summarizeLatencies(parts, QUANTILES);
  return [
    ...QUANTILES.map((quantile, index) => ({
      labels: { ...labels, quantile: String(quantile) },
      value: quantilesMs[index],
    })),
    { labels, value: sumMs, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}

function sum(threads: readonly Slots[], at: number): number {
  let total = 0;
  for (const slots of threads) total += slots[at];
  return total;
}
