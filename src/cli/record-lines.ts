/** Records from lines of text: plain with a separator before the value, or JSON. Pure. */
import { usageError } from './cli-error.ts';

export interface RecordToSend {
  readonly topic: string;
  readonly key?: Buffer;
  /** Undefined is null on the wire: a tombstone. */
  readonly value?: Buffer;
  readonly partition?: number;
  readonly timestamp?: bigint;
  readonly headers?: Map<Buffer, Buffer>;
}

export interface LineOptions {
  readonly topic: string;
  /** What stands between key and value; without it a line is a value. */
  readonly keySeparator?: string;
  /** `name=value`, added to every record. */
  readonly headers?: readonly string[];
  readonly partition?: number;
  /** An empty value is a tombstone. */
  readonly emptyIsNull?: boolean;
  readonly json?: boolean;
}

/** Makes a record of a line, `lineNumber` counting from 1. Throws a CliError that names the line. */
export type LineParser = (line: Buffer, lineNumber: number) => RecordToSend;

export function lineParser(options: LineOptions): LineParser {
  const headers = new Map((options.headers ?? []).map(parseHeader));
  const common = { topic: options.topic, partition: options.partition, ...(headers.size > 0 ? { headers } : {}) };
  if (options.json) return (line, lineNumber) => ({ ...common, ...parseJson(line, lineNumber) });
  const separator = options.keySeparator === undefined ? undefined : unescaped(options.keySeparator);
  if (separator?.length === 0)
    throw usageError('--key-separator is empty', 'give at least one character, such as : or \\t');
  return (line, lineNumber) => {
    const at = separator === undefined ? -1 : line.indexOf(separator);
    if (separator !== undefined && at < 0) {
      throw usageError(
        `line ${lineNumber} has no key: ${JSON.stringify(separator)} is missing`,
        'separate key and value, or drop -k',
      );
    }
    const value = at < 0 ? line : line.subarray(at + separator!.length);
    return {
      ...common,
      ...(at < 0 ? {} : { key: line.subarray(0, at) }),
      value: value.length === 0 && options.emptyIsNull ? undefined : value,
    };
  };
}

function parseHeader(text: string): [Buffer, Buffer] {
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`${text} is not a header`, 'write -H name=value');
  return [Buffer.from(text.slice(0, at)), Buffer.from(text.slice(at + 1))];
}

/** `\t`, `\n` and `\\` for those who cannot type them. */
function unescaped(text: string): string {
  return text.replace(/\\([tn\\])/g, (_, letter: string) => ({ t: '\t', n: '\n' })[letter] ?? '\\');
}

interface JsonRecord {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly partition?: unknown;
  readonly timestamp?: unknown;
  readonly headers?: unknown;
  readonly encoding?: unknown;
}

/** The fields that `consume --json` writes; those that say where a record lay are read as far as they make sense. */
function parseJson(line: Buffer, lineNumber: number): Partial<RecordToSend> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw usageError(`line ${lineNumber} is not a JSON object`, 'write {"key": ..., "value": ...}, one record a line');
  }
  const { key, value, timestamp, headers, encoding } = parsed as JsonRecord;
  const bytes = (text: unknown): Buffer | undefined => {
    if (text === null || text === undefined) return undefined;
    if (typeof text === 'string') return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
    return Buffer.from(JSON.stringify(text));
  };
  return {
    key: bytes(key),
    value: bytes(value),
    ...(Number.isSafeInteger(timestamp) ? { timestamp: BigInt(timestamp as number) } : {}),
    ...headersOf(headers, bytes, lineNumber),
  };
}

function headersOf(
  headers: unknown,
  bytes: (text: unknown) => Buffer | undefined,
  lineNumber: number,
): { headers?: Map<Buffer, Buffer> } {
  if (headers === undefined || headers === null) return {};
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  if (typeof headers !== 'object' || !pairs.every((pair) => Array.isArray(pair) && typeof pair[0] === 'string')) {
    throw usageError(
      `line ${lineNumber}: headers are not pairs`,
      'write "headers": [["name", "value"]] or {"name": "value"}',
    );
  }
  const made = pairs.map(([name, value]): [Buffer, Buffer] => [
    Buffer.from(name as string),
    bytes(value) ?? Buffer.alloc(0),
  ]);
  return made.length === 0 ? {} : { headers: new Map(made) };
}
