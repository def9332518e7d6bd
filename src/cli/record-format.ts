/**
 * How consumed records are written: by a format like kcat's, or as JSON lines that `produce --json` takes back. Pure.
 *
 *     %t topic   %p partition   %o offset   %T timestamp (ms)   %h headers
 *     %k key     %s value       %K length of the key   %S length of the value (-1: null)
 *     %% a percent sign, \n \t \r \\ and \xNN as in C
 */
import { usageError } from './cli-error.ts';

export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer, Buffer | null])[];
}

export type RecordWriter = (record: ReadRecord) => Buffer;

type Part = (record: ReadRecord) => string | Buffer;

const PARTS: Readonly<Record<string, Part>> = {
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  T: ({ timestamp }) => String(timestamp),
  k: ({ key }) => key ?? '',
  s: ({ value }) => value ?? '',
  K: ({ key }) => String(key?.length ?? -1),
  S: ({ value }) => String(value?.length ?? -1),
  h: ({ headers }) => headers.map(([name, value]) => `${name}=${value ?? 'null'}`).join(','),
  '%': () => '%',
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '0': '\0' };

export const DEFAULT_FORMAT = '%s\\n';

/** Bytes of keys and values go through unchanged. Throws a CliError for an unknown letter. */
export function formatWriter(format: string): RecordWriter {
  const parts: Part[] = [];
  for (const [piece, letter, hex, escaped] of format.matchAll(/%(.?)|\\x([0-9a-fA-F]{2})|\\(.)|[^%\\]+|\\$/gs)) {
    if (hex !== undefined) {
      const byte = Buffer.from(hex, 'hex');
      parts.push(() => byte);
    } else if (letter !== undefined) {
      const part = Object.hasOwn(PARTS, letter) ? PARTS[letter] : undefined;
      if (!part) throw usageError(`%${letter} is not known in a format`, `use %${Object.keys(PARTS).join(' %')}`);
      parts.push(part);
    } else {
      const text = escaped === undefined ? piece : (ESCAPES[escaped] ?? escaped);
      parts.push(() => text);
    }
  }
  return (record) => Buffer.concat(parts.map((part) => toBuffer(part(record))));
}

/** Bytes that are no UTF-8 stand as base64, and `encoding` of the record says so. */
export const jsonWriter: RecordWriter = (record) => {
  const { topic, partition, offset, timestamp, key, value, headers } = record;
  const binary = [key, value, ...headers.map(([, header]) => header)].some((bytes) => bytes !== null && !isUtf8(bytes));
  const text = (bytes: Buffer | null): string | null =>
    bytes === null ? null : bytes.toString(binary ? 'base64' : 'utf8');
  const shown = {
    topic,
    partition,
    offset: Number(offset),
    timestamp: Number(timestamp),
    key: text(key),
    value: text(value),
    headers: headers.map(([name, header]) => [name.toString('utf8'), text(header)]),
    ...(binary ? { encoding: 'base64' } : {}),
  };
  return Buffer.from(`${JSON.stringify(shown)}\n`);
};

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

function toBuffer(part: string | Buffer): Buffer {
  return typeof part === 'string' ? Buffer.from(part) : part;
}
