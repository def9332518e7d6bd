/**
 * Client telemetry (KIP-714): tells each client what to push, takes the pushes and checks that they come in time.
 * Follows Apache Kafka's ClientMetricsManager. Control thread.
 *
 * A client instance is known by its id from its first request on, until it has been silent for three intervals or its
 * connection closes. When subscriptions change, what is known of an instance is made anew with its next request, so that
 * it may ask at once; the subscription id tells it that it has to.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { METADATA_TOPIC_ID, randomUuid, type Uuid, ZERO_UUID } from '../../base/uuid.ts';
import {
  type ClientMatchPattern,
  type ClientMatchSelector,
  type ClientMetricsConfig,
  effectiveClientMetricsConfig,
} from '../../config/client-metrics-config.ts';
import { type ConfigResource, ConfigResourceType } from '../../metadata/configs-image.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from '../../protocol/messages/71-get-telemetry-subscriptions.ts';
import type { PushTelemetryRequest, PushTelemetryResponse } from '../../protocol/messages/72-push-telemetry.ts';
import { CompressionType } from '../../protocol/records/compression.ts';
import { javaSetOrder, subscriptionId } from './subscription-id.ts';

/** Client instances that are remembered; the one that was silent longest goes first. */
export const CLIENT_INSTANCES_MAX = 16_384;
/** A silent client instance is forgotten after this time, or three of its intervals if they are longer. */
const INSTANCE_EXPIRY_MS = 60_000;
const INSTANCE_EXPIRY_INTERVALS = 3;

/** Also the longest interval that counts: a subscription with a longer one does not slow a client down, as in Kafka. */
const INTERVAL_MS_WITHOUT_SUBSCRIPTION = 300_000;

/** In the order of preference. */
const ACCEPTED_COMPRESSION: readonly number[] = [
  CompressionType.zstd,
  CompressionType.lz4,
  CompressionType.gzip,
  CompressionType.snappy,
];
/** Stands for all metrics. */
const ALL_METRICS = '*';
/** What of a client a subscription may look at; undefined where the client has not told. */
type ClientAttributes = Readonly<Record<ClientMatchSelector, string | undefined>>;

const KNOWN_COMPRESSION: readonly number[] = Object.values(CompressionType);

/** The client behind a request. */
export interface TelemetryClient {
  readonly clientId: string;
  readonly clientHost: string;
  readonly clientPort: number;
  /** As told in ApiVersions; null from clients that did not. */
  readonly software: { readonly name: string; readonly version: string } | null;
  /** Of the connection, unique in this broker. */
  readonly connection: number;
}

export interface MetricsPush {
  readonly clientInstanceId: Uuid;
  readonly client: TelemetryClient;
  readonly compressionType: number;
  readonly metrics: Uint8Array;
  /** How long what is pushed stays of interest. */
  readonly keepMs: number;
}

export interface ClientMetricsContext {
  readonly clock: Clock;
  readonly random: Random;
  /** All settings; those of CLIENT_METRICS resources count. */
  resources(): Iterable<ConfigResource>;
  /** `telemetry.max.bytes` */
  telemetryBytesMax(): number;
  /** Takes a push in; the error code is the client's answer. */
  receive(push: MetricsPush): ErrorCode;
  /** Asked at every sweep, for what is kept of pushes. */
  onSweep(): void;
}

interface Instance {
  readonly attributes: ClientAttributes;
  readonly version: number;
  readonly subscriptionId: number;
  readonly metrics: readonly string[];
  readonly pushIntervalMs: number;
  connection: number;
  lastGetMs: number;
  lastPushMs: number;
  /** It has just been told what to push. */
  mayPush: boolean;
  lastSeenMs: number;
  terminating: boolean;
  lastError: ErrorCode;
}

export class ClientMetricsManager {
  readonly #context: ClientMetricsContext;
  /** In the order of their last request. */
  readonly #instances = new Map<Uuid, Instance>();
  readonly #instanceOfConnection = new Map<number, Uuid>();
  #subscriptions: readonly ClientMetricsConfig[] | null = null;
  #version = 0;
  #sweep: Timer | null = null;
  /** Since the start. */
  readonly counts = { throttled: 0, unknownSubscription: 0, pushes: 0, failedPushes: 0 };

  constructor(context: ClientMetricsContext) {
    this.#context = context;
  }

  get instanceCount(): number {
    return this.#instances.size;
  }

  /** A CLIENT_METRICS resource has changed. */
  subscriptionsChanged(): void {
    this.#subscriptions = null;
    this.#version++;
  }

  getSubscriptions(
    request: GetTelemetrySubscriptionsRequest,
    client: TelemetryClient,
  ): Partial<GetTelemetrySubscriptionsResponse> {
    const clientInstanceId = request.clientInstanceId === ZERO_UUID ? this.#newId() : request.clientInstanceId;
    const instance = this.#instance(clientInstanceId, client);
    const nowMs = this.#context.clock.monotonicMs();
    // Who was just told that it must ask again may.
    const isTold =
      instance.lastError === ErrorCode.UNKNOWN_SUBSCRIPTION_ID ||
      instance.lastError === ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    if (nowMs - Math.max(instance.lastGetMs, instance.lastPushMs) < instance.pushIntervalMs && !isTold) {
      this.counts.throttled++;
      return { errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED };
    }
    instance.lastGetMs = nowMs;
    instance.mayPush = true;
    instance.lastError = ErrorCode.NONE;
    return {
      clientInstanceId,
      subscriptionId: instance.subscriptionId,
      acceptedCompressionTypes: [...ACCEPTED_COMPRESSION],
      pushIntervalMs: instance.pushIntervalMs,
      telemetryMaxBytes: this.#context.telemetryBytesMax(),
      deltaTemporality: true,
      requestedMetrics: [...instance.metrics],
    };
  }

  push(request: PushTelemetryRequest, client: TelemetryClient): Partial<PushTelemetryResponse> {
    const { clientInstanceId, metrics } = request;
    if (clientInstanceId === ZERO_UUID || clientInstanceId === METADATA_TOPIC_ID) {
      return { errorCode: ErrorCode.INVALID_REQUEST };
    }
    const instance = this.#instance(clientInstanceId, client);
    let errorCode = this.#pushError(request, instance);
    instance.terminating = request.terminating;
    // Who was asked for nothing may push, to no end.
    const isWanted = metrics !== null && metrics.length > 0 && instance.metrics.length > 0;
    if (errorCode === ErrorCode.NONE && isWanted) {
      const keepMs = expiryMs(instance);
      const { compressionType } = request;
      errorCode = this.#context.receive({ clientInstanceId, client, compressionType, metrics, keepMs });
      if (errorCode === ErrorCode.NONE) this.counts.pushes++;
      else this.counts.failedPushes++;
    }
    instance.lastError = errorCode;
    return { errorCode };
  }

  connectionClosed(connection: number): void {
    const id = this.#instanceOfConnection.get(connection);
    if (id !== undefined) this.#forget(id);
  }

  close(): void {
    this.#sweep?.cancel();
    this.#sweep = null;
    this.#instances.clear();
    this.#instanceOfConnection.clear();
  }

  /** Kafka's order of checks. */
  #pushError(request: PushTelemetryRequest, instance: Instance): ErrorCode {
    if (instance.terminating) return ErrorCode.INVALID_REQUEST;
    const nowMs = this.#context.clock.monotonicMs();
    // The first push after a subscription comes anywhere between half and one and a half intervals.
    const inTime = instance.mayPush || nowMs - instance.lastPushMs >= instance.pushIntervalMs;
    if (inTime) {
      instance.lastPushMs = nowMs;
      instance.mayPush = false;
    } else if (!request.terminating) {
      this.counts.throttled++;
      return ErrorCode.THROTTLING_QUOTA_EXCEEDED;
    }
    if (request.subscriptionId !== instance.subscriptionId) {
      this.counts.unknownSubscription++;
      return ErrorCode.UNKNOWN_SUBSCRIPTION_ID;
    }
    if (!KNOWN_COMPRESSION.includes(request.compressionType)) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    const sizeBytes = request.metrics?.length ?? 0;
    return sizeBytes > this.#context.telemetryBytesMax() ? ErrorCode.TELEMETRY_TOO_LARGE : ErrorCode.NONE;
  }

  #newId(): Uuid {
    for (;;) {
      const id = randomUuid(this.#context.random);
      if (!this.#instances.has(id)) return id;
    }
  }

  /** What is known of the instance, made or made anew where it must be. */
  #instance(id: Uuid, client: TelemetryClient): Instance {
    const known = this.#instances.get(id);
    let instance = known;
    if (!instance || instance.version < this.#version) {
      instance = this.#create(id, client, instance?.attributes ?? attributesOf(id, client));
    }
    this.#instances.delete(id);
    if (!known && this.#instances.size >= CLIENT_INSTANCES_MAX) this.#forgetOldest();
    this.#instances.set(id, instance);
    if (known && known.connection !== client.connection) this.#forgetConnection(id, known);
    this.#instanceOfConnection.set(client.connection, id);
    instance.connection = client.connection;
    instance.lastSeenMs = this.#context.clock.monotonicMs();
    this.#sweep ??= this.#scheduleSweep();
    return instance;
  }

  #create(id: Uuid, client: TelemetryClient, attributes: ClientAttributes): Instance {
    let pushIntervalMs = INTERVAL_MS_WITHOUT_SUBSCRIPTION;
    const wanted: string[] = [];
    for (const { match, metrics, intervalMs } of this.#currentSubscriptions()) {
      if (![...match.values()].every((pattern) => isMatch(pattern, attributes))) continue;
      wanted.push(...metrics);
      pushIntervalMs = Math.min(pushIntervalMs, intervalMs);
    }
    const metrics = wanted.includes(ALL_METRICS) ? [ALL_METRICS] : javaSetOrder(wanted);
    return {
      attributes,
      version: this.#version,
      subscriptionId: subscriptionId(metrics, pushIntervalMs, id),
      metrics,
      pushIntervalMs,
      connection: client.connection,
      lastGetMs: Number.NEGATIVE_INFINITY,
      lastPushMs: Number.NEGATIVE_INFINITY,
      mayPush: false,
      lastSeenMs: 0,
      terminating: false,
      lastError: ErrorCode.NONE,
    };
  }

  #currentSubscriptions(): readonly ClientMetricsConfig[] {
    this.#subscriptions ??= [...this.#context.resources()]
      .filter(({ resourceType }) => resourceType === ConfigResourceType.CLIENT_METRICS)
      .map(({ values }) => effectiveClientMetricsConfig(values));
    return this.#subscriptions;
  }

  #forget(id: Uuid): void {
    const instance = this.#instances.get(id);
    if (!instance) return;
    this.#instances.delete(id);
    this.#forgetConnection(id, instance);
  }

  #forgetConnection(id: Uuid, { connection }: Instance): void {
    if (this.#instanceOfConnection.get(connection) === id) this.#instanceOfConnection.delete(connection);
  }

  #forgetOldest(): void {
    for (const id of this.#instances.keys()) {
      this.#forget(id);
      return;
    }
  }

  /** One timer for all; none while nobody uses telemetry. */
  #scheduleSweep(): Timer {
    const { clock, onSweep } = this.#context;
    return clock.schedule(INSTANCE_EXPIRY_MS, () => {
      this.#sweep = null;
      const nowMs = clock.monotonicMs();
      for (const [id, instance] of this.#instances) {
        if (nowMs - instance.lastSeenMs >= expiryMs(instance)) this.#forget(id);
      }
      onSweep();
      if (this.#instances.size > 0) this.#sweep = this.#scheduleSweep();
    });
  }
}

function isMatch({ selector, matches }: ClientMatchPattern, attributes: ClientAttributes): boolean {
  const value = attributes[selector];
  return value !== undefined && matches(value);
}

function expiryMs({ pushIntervalMs }: Instance): number {
  return Math.max(INSTANCE_EXPIRY_MS, INSTANCE_EXPIRY_INTERVALS * pushIntervalMs);
}

function attributesOf(id: Uuid, client: TelemetryClient): ClientAttributes {
  return {
    client_instance_id: id,
    client_id: client.clientId,
    client_software_name: client.software?.name,
    client_software_version: client.software?.version,
    client_source_address: client.clientHost,
    client_source_port: String(client.clientPort),
  };
}
