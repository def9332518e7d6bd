/**
 * Telemetry of a broker: the clients' own metrics (KIP-714) and, where `millrace.metrics.listener` is set, an endpoint
 * that serves them beside the broker's. Nothing of the latter is loaded without it. Control thread.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { BrokerConfig } from '../../config/broker-config.ts';
import { ConfigResourceType } from '../../metadata/configs-image.ts';
import type { MetadataDelta } from '../../metadata/metadata-delta.ts';
import type { MetadataImage } from '../../metadata/metadata-image.ts';
import { ClientSeries } from '../../telemetry/client-series.ts';
import type { MetricFamily } from '../../telemetry/metric-family.ts';
import type { BrokerServices } from '../broker-services.ts';
import type { CounterMemory } from '../shared-memory.ts';
import { ClientMetricsManager } from './client-metrics-manager.ts';
import type { MetricsEndpoint } from './metrics-endpoint.ts';
import { PushReceiver } from './push-receiver.ts';
import { RequestErrors } from './request-errors.ts';

export interface TelemetryContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly image: MetadataImage;
  config(): BrokerConfig;
}

export class TelemetryServices {
  readonly clientMetrics: ClientMetricsManager;
  readonly requestErrors = new RequestErrors();
  readonly #context: TelemetryContext;
  readonly #series: ClientSeries;
  #endpoint: MetricsEndpoint | null = null;

  constructor(context: TelemetryContext) {
    const { clock, random, logger, image } = context;
    this.#context = context;
    // What nobody can read is checked and dropped.
    const isServed = context.config().string('millrace.metrics.listener') !== '';
    this.#series = new ClientSeries(context.config().int('millrace.metrics.client.series.max'));
    const receiver = new PushReceiver(isServed ? this.#series : null, clock, logger);
    this.clientMetrics = new ClientMetricsManager({
      clock,
      random,
      resources: () => image.configs.resources(),
      telemetryBytesMax: () => context.config().int('telemetry.max.bytes'),
      receive: (push) => receiver.receive(push),
      onSweep: () => receiver.expire(),
    });
  }

  /** The port that metrics are served on; undefined when they are not. Rejects with what is in the way. */
  async listen(services: BrokerServices, counters: CounterMemory | null): Promise<number | undefined> {
    const { logger, config } = this.#context;
    const listener = config().string('millrace.metrics.listener');
    if (listener === '' || !counters) return undefined;
    const { MetricsEndpoint } = await import('./metrics-endpoint.ts');
    const { BrokerMetrics } = await import('./broker-metrics.ts');
    const broker = new BrokerMetrics(services, counters);
    this.#endpoint = new MetricsEndpoint(async () => [...(await broker.families()), ...this.#clientFamilies()], logger);
    const separator = listener.lastIndexOf(':');
    const host = listener.slice(0, separator).replace(/^\[|\]$/g, '');
    const port = await this.#endpoint.listen(host, Number(listener.slice(separator + 1)));
    logger.info({ host, port }, 'metrics are served at /metrics');
    return port;
  }

  apply(delta: MetadataDelta): void {
    for (const { before, after } of delta.configs.values()) {
      if ((after ?? before)?.resourceType !== ConfigResourceType.CLIENT_METRICS) continue;
      this.clientMetrics.subscriptionsChanged();
      return;
    }
  }

  async close(): Promise<void> {
    this.clientMetrics.close();
    await this.#endpoint?.close();
  }

  #clientFamilies(): MetricFamily[] {
    const { counts, instanceCount } = this.clientMetrics;
    const nowMs = this.#context.clock.monotonicMs();
    const own = (name: string, type: 'counter' | 'gauge', help: string, value: number): MetricFamily => ({
      name: `kafka_server_client_metrics_${name}`,
      type,
      help,
      samples: [{ labels: {}, value }],
    });
    const families = this.#series.families(nowMs);
    return [
      own('instance_count', 'gauge', 'Client instances that use telemetry.', instanceCount),
      own('throttle_count', 'counter', 'Requests of telemetry that came too early.', counts.throttled),
      own(
        'unknown_subscription_request_count',
        'counter',
        'Pushes for another subscription.',
        counts.unknownSubscription,
      ),
      own('plugin_export_count', 'counter', 'Pushes taken in.', counts.pushes),
      own('plugin_error_count', 'counter', 'Pushes that could not be read.', counts.failedPushes),
      own('series', 'gauge', 'Series of client metrics that are kept.', this.#series.seriesCount),
      own('refused_series_total', 'counter', 'Series that found no room, at each push.', this.#series.refusedCount),
      ...families,
    ];
  }
}
