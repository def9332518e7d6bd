/** Writes OTLP metrics for tests, by field numbers. */

export function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const tag = (field: number, wireType: number): Buffer => varint(field * 8 + wireType);

export function bytesField(field: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
}

export const message = (field: number, ...parts: Buffer[]): Buffer => bytesField(field, Buffer.concat(parts));
export const varintField = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([tag(field, 0), varint(value)]);

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

export function fixed64Field(field: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([tag(field, 1), bytes]);
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

function attributesOf(field: number, attributes: Attributes): Buffer[] {
  return Object.entries(attributes).map(([key, value]) => {
    let any: Buffer;
    if (typeof value === 'string') any = bytesField(1, value);
    else if (typeof value === 'boolean') any = varintField(2, value ? 1 : 0);
    else any = Number.isInteger(value) ? varintField(3, value) : doubleField(4, value);
    return message(field, bytesField(1, key), message(2, any));
  });
}

export interface NumberPoint {
  readonly value: number;
  readonly asInt?: boolean;
  readonly attributes?: Attributes;
}

function numberPoint({ value, asInt = false, attributes = {} }: NumberPoint): Buffer {
  return message(
    1,
    ...attributesOf(7, attributes),
    fixed64Field(2, 1_700_000_000_000_000_000n),
    fixed64Field(3, 1_700_000_001_000_000_000n),
    asInt ? fixed64Field(6, BigInt(value)) : doubleField(4, value),
  );
}

export function gauge(name: string, points: readonly NumberPoint[], description = ''): Buffer {
  return message(2, bytesField(1, name), bytesField(2, description), message(5, ...points.map(numberPoint)));
}

export function sum(
  name: string,
  points: readonly NumberPoint[],
  options: { delta?: boolean; monotonic?: boolean } = {},
): Buffer {
  const { delta = false, monotonic = true } = options;
  const data = [...points.map(numberPoint), varintField(2, delta ? 1 : 2), varintField(3, monotonic ? 1 : 0)];
  return message(2, bytesField(1, name), message(7, ...data));
}

export interface HistogramPoint {
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
  readonly sum: number;
  readonly attributes?: Attributes;
}

export function histogram(name: string, points: readonly HistogramPoint[], delta = false): Buffer {
  const data = points.map(({ counts, bounds, sum: total, attributes = {} }) => {
    const packed = (field: number, parts: readonly Buffer[]): Buffer =>
      message(field, ...parts.map((part) => part.subarray(1)));
    return message(
      1,
      ...attributesOf(9, attributes),
      fixed64Field(4, BigInt(counts.reduce((before, count) => before + count, 0))),
      doubleField(5, total),
      packed(
        6,
        counts.map((count) => fixed64Field(1, BigInt(count))),
      ),
      packed(
        7,
        bounds.map((bound) => doubleField(1, bound)),
      ),
    );
  });
  return message(2, bytesField(1, name), message(9, ...data, varintField(2, delta ? 1 : 2)));
}

export function summary(
  name: string,
  quantiles: readonly (readonly [number, number])[],
  count: number,
  total: number,
): Buffer {
  const values = quantiles.map(([quantile, value]) => message(6, doubleField(1, quantile), doubleField(2, value)));
  return message(
    2,
    bytesField(1, name),
    message(11, message(1, fixed64Field(4, BigInt(count)), doubleField(5, total), ...values)),
  );
}

/** A whole push. */
export function metricsData(metrics: readonly Buffer[], resource: Attributes = {}): Buffer {
  return message(1, message(1, ...attributesOf(1, resource)), message(2, ...metrics));
}
