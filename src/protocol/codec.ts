/**
 * Values to bytes and back, by schema and version. Any thread; codecs are compiled on first use and kept on the schema,
 * and each thread has one scratch writer.
 */
import { type Codec, compileCodec } from './codec-compiler.ts';
import { unencodableField } from './encode-diagnosis.ts';
import { Reader, Writer } from './primitives.ts';
import { ProtocolError } from './protocol-error.ts';
import type { Fields, FieldsType, Partially, Schema } from './schema.ts';

export { Reader, Writer } from './primitives.ts';
export { ProtocolError } from './protocol-error.ts';
export type { MessageInput, MessageType, Schema } from './schema.ts';

/** A scratch buffer that grew beyond this is given back after use. */
const SCRATCH_BYTES_MAX = 1024 * 1024;

function codecOf(schema: Schema, version: number): Codec {
  const codecs = schema.codecs as (Codec | undefined)[];
  return codecs[version] ?? (codecs[version] = compileCodec(schema, version));
}

/** The error with the message's name and version in front, where the field's reader or writer could not know them. */
function located(error: unknown, schema: Schema, version: number, field?: string): unknown {
  if (!(error instanceof ProtocolError)) return error;
  const place = field === undefined ? '' : ` ${field}:`;
  return new ProtocolError(error.reason, `${schema.name} v${version}:${place} ${error.message}`);
}

/**
 * Decodes the message that starts at `bytes[offset]`. Byte fields are views of `bytes`. What follows the message is not
 * looked at; `decodeFrom` tells where it ended. Throws a ProtocolError.
 */
export function decode<F extends Fields>(
  schema: Schema<F>,
  bytes: Uint8Array,
  offset: number,
  version: number,
): FieldsType<F> {
  return decodeFrom(schema, new Reader(bytes, offset), version);
}

/** Decodes at the reader's place and leaves the reader behind the message. Throws a ProtocolError. */
export function decodeFrom<F extends Fields>(schema: Schema<F>, reader: Reader, version: number): FieldsType<F> {
  const codec = codecOf(schema, version);
  try {
    return codec.decode(reader) as FieldsType<F>;
  } catch (error) {
    throw located(error, schema, version);
  }
}

/** Appends the message to the writer. Throws a ProtocolError; the writer then holds a part of the message. */
export function encodeInto<F extends Fields>(
  writer: Writer,
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
): void {
  const codec = codecOf(schema, version);
  try {
    codec.encode(writer, value);
  } catch (error) {
    const unencodable = error instanceof TypeError || (error as ProtocolError).reason === 'unencodable';
    if (!unencodable) throw located(error, schema, version);
    const field = unencodableField(schema.fields, value, version);
    // A TypeError comes from a struct that is no object.
    if (error instanceof TypeError && field !== undefined) {
      throw new ProtocolError('unencodable', `${schema.name} v${version}: ${field}: not an object`);
    }
    throw located(error, schema, version, field);
  }
}

const scratch = new Writer(4096);

/**
 * Encodes the message into a buffer of its own size. Absent fields take their default. A field that the version lacks
 * is dropped when it is ignorable or has its default. Throws a ProtocolError.
 */
export function encode<F extends Fields>(schema: Schema<F>, value: Partially<FieldsType<F>>, version: number): Buffer {
  return encodeBehind(schema, value, version, undefined);
}

/** Like `encode`, with `writePrefix` writing what comes before: a header, a version number, a size. */
export function encodeBehind<F extends Fields>(
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
  writePrefix: ((writer: Writer) => void) | undefined,
): Buffer {
  scratch.offset = 0;
  try {
    writePrefix?.(scratch);
    encodeInto(scratch, schema, value, version);
    return scratch.copy();
  } finally {
    scratch.shrink(SCRATCH_BYTES_MAX);
  }
}
