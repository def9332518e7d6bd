/**
 * What clients have pushed, kept until somebody asks for metrics: the latest value of every series, sums of deltas added
 * up. Bounded in all and for each client; a series goes when it was not pushed for a while. Control thread.
 */
import type { MetricFamily, MetricType, Sample } from './metric-family.ts';
import type { OtlpAttributes, OtlpMetric, OtlpPoint } from './otlp-metrics.ts';

/** Who pushes; becomes labels. */
export interface PushingClient {
  readonly clientInstanceId: string;
  readonly clientId: string;
  readonly softwareName: string;
  readonly softwareVersion: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
}

/** Series of one client: enough for all that a Java client has, far less than one client could push. */
export const SERIES_PER_CLIENT_MAX = 2_000;
/** Clients whose series are kept. */
export const CLIENTS_MAX = 16_384;
/** Estimated memory of all series together, whose names and labels are the clients' to choose. */
export const SERIES_BYTES_MAX = 32 * 1024 * 1024;
/** Of what the broker says of a client: a client id may be as long as a request. */
const CLIENT_TEXT_CHARS_MAX = 256;

/** Names of Apache Kafka's own client metrics are kept; others are put apart from the broker's. */
const KAFKA_PREFIX = 'org_apache_kafka_';
const OTHER_PREFIX = 'client_';
/** A series without its texts. */
const SERIES_BYTES_MIN = 256;
const RESERVED_LABELS = new Set(['le', 'quantile']);

interface Series {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: Readonly<Record<string, string>>;
  point: OtlpPoint;
  bytes: number;
  expiresMs: number;
}

interface ClientEntry {
  client: PushingClient;
  readonly series: Map<string, Series>;
  expiresMs: number;
}

export class ClientSeries {
  readonly #clients = new Map<string, ClientEntry>();
  readonly #seriesMax: number;
  #count = 0;
  #bytes = 0;
  /** Series that found no room, counted at each push. */
  refusedCount = 0;

  /** `seriesMax`: series of all clients (`millrace.metrics.client.series.max`). */
  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  get seriesCount(): number {
    return this.#count;
  }

  /** Takes a push in; what is not pushed again within `keepMs` goes. */
  take(client: PushingClient, metrics: readonly OtlpMetric[], nowMs: number, keepMs: number): void {
    const { clientInstanceId } = client;
    const expiresMs = nowMs + keepMs;
    const shown = { ...client, clientId: shortened(client.clientId) };
    let entry = this.#clients.get(clientInstanceId);
    if (!entry) {
      if (this.#clients.size >= CLIENTS_MAX) this.expire(nowMs);
      if (this.#clients.size >= CLIENTS_MAX) {
        this.refusedCount += metrics.reduce((count, { points }) => count + points.length, 0);
        return;
      }
      this.#clients.set(clientInstanceId, (entry = { client: shown, series: new Map(), expiresMs }));
    }
    entry.client = shown;
    entry.expiresMs = Math.max(entry.expiresMs, expiresMs);
    for (const metric of metrics) {
      for (const point of metric.points) this.#put(entry, metric, point, nowMs, expiresMs);
    }
  }

  /** Drops what nobody pushes any more. */
  expire(nowMs: number): void {
    for (const [id, { series, expiresMs }] of this.#clients) {
      for (const [key, one] of series) {
        if (one.expiresMs > nowMs) continue;
        series.delete(key);
        this.#count--;
        this.#bytes -= one.bytes;
      }
      if (series.size === 0 && expiresMs <= nowMs) this.#clients.delete(id);
    }
  }

  /** All series, together by name. Where clients disagree on the type of a name, the first one counts. */
  families(nowMs: number): MetricFamily[] {
    this.expire(nowMs);
    const families = new Map<string, { name: string; help: string; type: MetricType; samples: Sample[] }>();
    for (const { series } of this.#clients.values()) {
      for (const { name, help, type, labels, point } of series.values()) {
        let family = families.get(name);
        if (!family) families.set(name, (family = { name, help, type, samples: [] }));
        if (family.type === type) addSamples(family.samples, type, labels, point);
      }
    }
    const clients = [...this.#clients.values()].map(({ client }) => ({ labels: infoLabels(client), value: 1 }));
    const info = { name: 'kafka_client_info', help: 'Clients that push their metrics.', type: 'gauge' as const };
    return [{ ...info, samples: clients }, ...families.values()];
  }

  #put(entry: ClientEntry, metric: OtlpMetric, point: OtlpPoint, nowMs: number, expiresMs: number): void {
    const type = typeOf(metric);
    const name = metricName(metric.name, type);
    const labels = labelsOf(entry.client, metric.resource, point.attributes);
    const key = JSON.stringify([name, type, ...Object.entries(labels).sort(byFirst).flat()]);
    const bytes = bytesOf(key, point);
    const known = entry.series.get(key);
    if (known) {
      known.point = metric.isDelta && known.expiresMs > nowMs ? added(known.point, point) : point;
      known.expiresMs = expiresMs;
      this.#bytes += bytes - known.bytes;
      known.bytes = bytes;
      return;
    }
    if (!this.#hasRoom(bytes)) this.expire(nowMs);
    if (!this.#hasRoom(bytes) || entry.series.size >= SERIES_PER_CLIENT_MAX) {
      this.refusedCount++;
      return;
    }
    this.#count++;
    this.#bytes += bytes;
    entry.series.set(key, { name, help: metric.description || metric.name, type, labels, point, bytes, expiresMs });
  }

  #hasRoom(bytes: number): boolean {
    return this.#count < this.#seriesMax && this.#bytes + bytes <= SERIES_BYTES_MAX;
  }
}

/** Its texts stand in the key and in the labels. */
function bytesOf(key: string, { bounds, values }: OtlpPoint): number {
  return 2 * key.length + 8 * (bounds.length + values.length) + SERIES_BYTES_MIN;
}

/** A copy, so that a long text is not kept for its beginning. */
function shortened(text: string): string {
  if (text.length <= CLIENT_TEXT_CHARS_MAX) return text;
  return Buffer.from(text.slice(0, CLIENT_TEXT_CHARS_MAX)).toString();
}

function typeOf({ kind, isMonotonic }: OtlpMetric): MetricType {
  if (kind === 'sum') return isMonotonic ? 'counter' : 'gauge';
  return kind;
}

function metricName(name: string, type: MetricType): string {
  const plain = name.replace(/[^a-zA-Z0-9_]/g, '_');
  const placed = plain.startsWith(KAFKA_PREFIX) ? plain : OTHER_PREFIX + plain;
  return type === 'counter' && !placed.endsWith('_total') ? `${placed}_total` : placed;
}

/** The broker's own words about the client win over the client's. */
function labelsOf(client: PushingClient, resource: OtlpAttributes, attributes: OtlpAttributes): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const list of [resource, attributes]) for (const [name, value] of list) labels[labelName(name)] = value;
  labels.client_id = client.clientId;
  labels.client_instance_id = client.clientInstanceId;
  return labels;
}

function labelName(name: string): string {
  // Names that begin with two underscores are Prometheus' own.
  const plain = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^_+/, '');
  return /^[a-zA-Z]/.test(plain) && !RESERVED_LABELS.has(plain) ? plain : `client_${plain}`;
}

function infoLabels(client: PushingClient): Record<string, string> {
  return {
    client_id: client.clientId,
    client_instance_id: client.clientInstanceId,
    client_software_name: client.softwareName,
    client_software_version: client.softwareVersion,
    client_source_address: client.sourceAddress,
    client_source_port: String(client.sourcePort),
  };
}

const byFirst = ([one]: readonly string[], [other]: readonly string[]): number => (one < other ? -1 : 1);

/** A delta on top of what was there. Buckets that changed begin anew. */
function added(before: OtlpPoint, delta: OtlpPoint): OtlpPoint {
  const sameBounds =
    before.bounds.length === delta.bounds.length && before.bounds.every((bound, at) => bound === delta.bounds[at]);
  if (!sameBounds || before.values.length !== delta.values.length) return delta;
  return {
    attributes: delta.attributes,
    value: before.value + delta.value,
    count: before.count + delta.count,
    sum: before.sum + delta.sum,
    bounds: delta.bounds,
    values: delta.values.map((value, at) => value + before.values[at]),
  };
}

function addSamples(samples: Sample[], type: MetricType, labels: Series['labels'], point: OtlpPoint): void {
  if (type === 'counter' || type === 'gauge') {
    samples.push({ labels, value: point.value });
    return;
  }
  const { bounds, values, count, sum } = point;
  if (type === 'summary') {
    for (const [at, quantile] of bounds.entries()) {
      samples.push({ labels: { ...labels, quantile: String(quantile) }, value: values[at] });
    }
  } else {
    let below = 0;
    for (const [at, bound] of bounds.entries()) {
      below += values[at] ?? 0;
      samples.push({ labels: { ...labels, le: String(bound) }, value: below, suffix: '_bucket' });
    }
    samples.push({ labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' });
  }
  samples.push({ labels, value: sum, suffix: '_sum' }, { labels, value: count, suffix: '_count' });
}
