/**
 * How persisted records name their type and version in their bytes. Any thread.
 *
 *   metadata log value       uvarint frame version (1), uvarint type, uvarint version, message
 *   remote log metadata      the same without frame version: uvarint type, uvarint version, message
 *   coordinator key          int16 type, message (keys have version 0 only)
 *   coordinator value        int16 version, message
 */
import { decodeFrom, encodeBehind } from '../codec.ts';
import { Reader } from '../primitives.ts';
import { ProtocolError } from '../protocol-error.ts';
import { containsVersion, type Fields, type FieldsType, type Partially, type Schema } from '../schema.ts';

const METADATA_FRAME_VERSION = 1;
/** Type, or version, as the int16 that the bytes begin with. */
const PREFIX_BYTES = 2;

/** Key and value of one record type of a coordinator. */
export interface CoordinatorRecordSchemas {
  readonly type: number;
  readonly key: Schema;
  readonly value: Schema;
}

export interface TypedRecord {
  readonly schema: Schema;
  readonly version: number;
  readonly value: FieldsType<Fields>;
}

/** Value bytes of a metadata log record. */
export function encodeMetadataRecord<F extends Fields>(
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
): Buffer {
  return encodeBehind(schema, value, version, (writer) => {
    writer.uvarint(METADATA_FRAME_VERSION);
    writer.uvarint(schema.apiKey);
    writer.uvarint(version);
  });
}

/** Reads type and version, and the message by the schema that `schemaOf` knows for the type. Throws a ProtocolError. */
export function decodeMetadataRecord(bytes: Uint8Array, schemaOf: (type: number) => Schema | undefined): TypedRecord {
  const reader = new Reader(bytes);
  const frameVersion = reader.uvarint();
  if (frameVersion !== METADATA_FRAME_VERSION) {
    throw new ProtocolError('unsupported-version', `metadata record with frame version ${frameVersion}`);
  }
  return decodeTyped(reader, schemaOf);
}

/** Value bytes of a remote log metadata record. */
export function encodeRemoteLogMetadataRecord<F extends Fields>(
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
): Buffer {
  return encodeBehind(schema, value, version, (writer) => {
    writer.uvarint(schema.apiKey);
    writer.uvarint(version);
  });
}

export function decodeRemoteLogMetadataRecord(
  bytes: Uint8Array,
  schemaOf: (type: number) => Schema | undefined,
): TypedRecord {
  return decodeTyped(new Reader(bytes), schemaOf);
}

function decodeTyped(reader: Reader, schemaOf: (type: number) => Schema | undefined): TypedRecord {
  const type = reader.uvarint();
  const version = reader.uvarint();
  const schema = schemaOf(type);
  if (schema === undefined) throw new ProtocolError('unsupported-version', `record of unknown type ${type}`);
  const value = decodeFrom(schema, reader, version);
  if (reader.remaining() > 0) {
    throw new ProtocolError('malformed', `${reader.remaining()} bytes behind ${schema.name} version ${version}`);
  }
  return { schema, version, value };
}

export function encodeCoordinatorKey<F extends Fields>(schema: Schema<F>, key: Partially<FieldsType<F>>): Buffer {
  return encodeBehind(schema, key, 0, (writer) => writer.int16(schema.apiKey));
}

export function encodeCoordinatorValue<F extends Fields>(
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
): Buffer {
  return encodeBehind(schema, value, version, (writer) => writer.int16(version));
}

/** The record type of a coordinator key, or -1 when there are too few bytes. */
export function coordinatorRecordType(key: Uint8Array): number {
  return prefixOf(key);
}

/** The version of a coordinator value, or -1 when there are too few bytes. */
export function coordinatorValueVersion(value: Uint8Array): number {
  return prefixOf(value);
}

function prefixOf(bytes: Uint8Array): number {
  return bytes.length < PREFIX_BYTES ? -1 : ((bytes[0] << 24) >> 16) | bytes[1];
}

/** The key, whose type must be the schema's. Throws a ProtocolError. */
export function decodeCoordinatorKey<F extends Fields>(schema: Schema<F>, key: Uint8Array): FieldsType<F> {
  const type = coordinatorRecordType(key);
  if (type !== schema.apiKey) throw new ProtocolError('malformed', `${schema.name}: key of type ${type}`);
  return decodeCoordinatorKeyFields(schema, key);
}

/** The key's fields, whatever type it names: an old type may have the fields of a newer one. */
export function decodeCoordinatorKeyFields<F extends Fields>(schema: Schema<F>, key: Uint8Array): FieldsType<F> {
  return decodeFrom(schema, new Reader(key, PREFIX_BYTES), 0);
}

/** Throws a ProtocolError, with `unsupported-version` for a value of a later release. */
export function decodeCoordinatorValue<F extends Fields>(schema: Schema<F>, value: Uint8Array): FieldsType<F> {
  return decodeVersioned(schema, value);
}

/** Bytes that begin with the message's version as an int16: consumer protocol, control records, principal. */
export function encodeVersioned<F extends Fields>(
  schema: Schema<F>,
  value: Partially<FieldsType<F>>,
  version: number,
): Buffer {
  return encodeBehind(schema, value, version, (writer) => writer.int16(version));
}

/**
 * Reads the int16 version and the message. With `newerAsLast`, bytes of a version above the schema's last are read as
 * that last version, as the consumer protocol wants it. Throws a ProtocolError.
 */
export function decodeVersioned<F extends Fields>(
  schema: Schema<F>,
  bytes: Uint8Array,
  newerAsLast = false,
): FieldsType<F> {
  const reader = new Reader(bytes);
  let version = reader.int16();
  if (newerAsLast && version > schema.versions.max) version = schema.versions.max;
  if (!containsVersion(schema.versions, version)) {
    throw new ProtocolError('unsupported-version', `${schema.name} has no version ${version}`);
  }
  return decodeFrom(schema, reader, version);
}
