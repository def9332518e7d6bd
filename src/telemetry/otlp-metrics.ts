/**
 * Reads OTLP metrics (opentelemetry.proto.metrics.v1.MetricsData), as clients push them (KIP-714): gauges, sums,
 * histograms and summaries. Exponential histograms and whatever else comes are passed over. Pure; any thread.
 */
import { ProtobufReader, WireType } from './protobuf-reader.ts';

export type OtlpAttributes = ReadonlyMap<string, string>;

export interface OtlpPoint {
  readonly attributes: OtlpAttributes;
  /** Of gauges and sums. */
  readonly value: number;
  /** Of histograms and summaries. */
  readonly count: number;
  readonly sum: number;
  /** Histogram: counts by bucket (one more than bounds). Summary: the values of `bounds`, which are quantiles. */
  readonly bounds: readonly number[];
  readonly values: readonly number[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'summary';
  readonly isDelta: boolean;
  readonly isMonotonic: boolean;
  readonly resource: OtlpAttributes;
  readonly points: readonly OtlpPoint[];
}

/** The push holds more than is taken in. */
export class OtlpTooLargeError extends Error {}

/** Data points of one push. */
export const PUSH_POINTS_MAX = 10_000;
/** Attributes of a resource or data point; further ones are passed over. */
const ATTRIBUTES_MAX = 32;
/** Names, values and descriptions; what is longer is cut. */
const TEXT_BYTES_MAX = 256;
/** Buckets or quantiles of one data point. */
const BUCKETS_MAX = 256;

const DELTA = 1;
const NO_ATTRIBUTES: OtlpAttributes = new Map();

/** Throws a ProtobufError for what is no OTLP, an OtlpTooLargeError for too much of it. */
export function readOtlpMetrics(bytes: Buffer): OtlpMetric[] {
  const metrics: OtlpMetric[] = [];
  const budget = { points: PUSH_POINTS_MAX };
  const reader = new ProtobufReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) readResourceMetrics(reader.message(), metrics, budget);
    else reader.skip();
  }
  return metrics;
}

interface Budget {
  points: number;
}

function readResourceMetrics(reader: ProtobufReader, metrics: OtlpMetric[], budget: Budget): void {
  let resource = NO_ATTRIBUTES;
  const scopes: ProtobufReader[] = [];
  while (reader.next()) {
    if (reader.field === 1) resource = readResource(reader.message());
    else if (reader.field === 2) scopes.push(reader.message());
    else reader.skip();
  }
  for (const scope of scopes) {
    while (scope.next()) {
      if (scope.field !== 2) {
        scope.skip();
        continue;
      }
      const metric = readMetric(scope.message(), resource, budget);
      if (metric) metrics.push(metric);
    }
  }
}

function readResource(reader: ProtobufReader): OtlpAttributes {
  const attributes = new Map<string, string>();
  while (reader.next()) {
    if (reader.field === 1) readAttribute(reader.message(), attributes);
    else reader.skip();
  }
  return attributes;
}

/** By field of Metric. */
const KINDS: Readonly<Record<number, OtlpMetric['kind']>> = { 5: 'gauge', 7: 'sum', 9: 'histogram', 11: 'summary' };

function readMetric(reader: ProtobufReader, resource: OtlpAttributes, budget: Budget): OtlpMetric | undefined {
  let name = '';
  let description = '';
  let kind: OtlpMetric['kind'] | undefined;
  let data = { points: [] as OtlpPoint[], isDelta: false, isMonotonic: false };
  while (reader.next()) {
    if (reader.field === 1) name = reader.string(TEXT_BYTES_MAX);
    else if (reader.field === 2) description = reader.string(TEXT_BYTES_MAX);
    else if (KINDS[reader.field]) {
      kind = KINDS[reader.field];
      data = readData(reader.message(), kind, budget);
    } else reader.skip();
  }
  return kind && name !== '' ? { name, description, kind, resource, ...data } : undefined;
}

function readData(reader: ProtobufReader, kind: OtlpMetric['kind'], budget: Budget) {
  const data = { points: [] as OtlpPoint[], isDelta: false, isMonotonic: false };
  while (reader.next()) {
    if (reader.field === 1) {
      if (budget.points-- === 0) throw new OtlpTooLargeError(`more than ${PUSH_POINTS_MAX} data points`);
      data.points.push(readPoint(reader.message(), kind));
    } else if (reader.field === 2 && kind !== 'summary') {
      data.isDelta = reader.expect(WireType.varint).varint() === DELTA;
    } else if (reader.field === 3 && kind === 'sum') {
      data.isMonotonic = reader.expect(WireType.varint).varint() !== 0;
    } else reader.skip();
  }
  return data;
}

function readPoint(reader: ProtobufReader, kind: OtlpMetric['kind']): OtlpPoint {
  if (kind === 'histogram') return readHistogramPoint(reader);
  if (kind === 'summary') return readSummaryPoint(reader);
  const attributes = new Map<string, string>();
  let value = 0;
  while (reader.next()) {
    if (reader.field === 7) readAttribute(reader.message(), attributes);
    else if (reader.field === 4) value = reader.expect(WireType.fixed64).double();
    else if (reader.field === 6) value = reader.expect(WireType.fixed64).signedFixed64();
    else reader.skip();
  }
  return { attributes, value, count: 0, sum: 0, bounds: [], values: [] };
}

function readHistogramPoint(reader: ProtobufReader): OtlpPoint {
  const attributes = new Map<string, string>();
  const bounds: number[] = [];
  const values: number[] = [];
  let count = 0;
  let sum = 0;
  while (reader.next()) {
    if (reader.field === 9) readAttribute(reader.message(), attributes);
    else if (reader.field === 4) count = reader.expect(WireType.fixed64).fixed64();
    else if (reader.field === 5) sum = reader.expect(WireType.fixed64).double();
    else if (reader.field === 6) reader.packed64((each) => addBounded(values, each.fixed64()));
    else if (reader.field === 7) reader.packed64((each) => addBounded(bounds, each.double()));
    else reader.skip();
  }
  return { attributes, value: 0, count, sum, bounds, values };
}

function readSummaryPoint(reader: ProtobufReader): OtlpPoint {
  const attributes = new Map<string, string>();
  const bounds: number[] = [];
  const values: number[] = [];
  let count = 0;
  let sum = 0;
  while (reader.next()) {
    if (reader.field === 7) readAttribute(reader.message(), attributes);
    else if (reader.field === 4) count = reader.expect(WireType.fixed64).fixed64();
    else if (reader.field === 5) sum = reader.expect(WireType.fixed64).double();
    else if (reader.field === 6) readQuantile(reader.message(), bounds, values);
    else reader.skip();
  }
  return { attributes, value: 0, count, sum, bounds, values };
}

function readQuantile(reader: ProtobufReader, quantiles: number[], values: number[]): void {
  let quantile = 0;
  let value = 0;
  while (reader.next()) {
    if (reader.field === 1) quantile = reader.expect(WireType.fixed64).double();
    else if (reader.field === 2) value = reader.expect(WireType.fixed64).double();
    else reader.skip();
  }
  addBounded(quantiles, quantile);
  addBounded(values, value);
}

function addBounded(list: number[], value: number): void {
  if (list.length === BUCKETS_MAX) throw new OtlpTooLargeError(`more than ${BUCKETS_MAX} buckets`);
  list.push(value);
}

function readAttribute(reader: ProtobufReader, attributes: Map<string, string>): void {
  let key = '';
  let value: string | undefined;
  while (reader.next()) {
    if (reader.field === 1) key = reader.string(TEXT_BYTES_MAX);
    else if (reader.field === 2) value = readValue(reader.message());
    else reader.skip();
  }
  if (key !== '' && value !== undefined && attributes.size < ATTRIBUTES_MAX) attributes.set(key, value);
}

/** Of a plain AnyValue; undefined for lists, maps and bytes, which make no label. */
function readValue(reader: ProtobufReader): string | undefined {
  let value: string | undefined;
  while (reader.next()) {
    if (reader.field === 1) value = reader.string(TEXT_BYTES_MAX);
    else if (reader.field === 2) value = String(reader.expect(WireType.varint).varint() !== 0);
    else if (reader.field === 3) value = String(reader.expect(WireType.varint).signedVarint());
    else if (reader.field === 4) value = String(reader.expect(WireType.fixed64).double());
    else reader.skip();
  }
  return value;
}
