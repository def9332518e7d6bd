/**
 * The language in which Kafka's messages are written down (messages/, persisted/). A schema holds every version of a
 * message; a value has the same shape in all of them, and fields that a version lacks have their default. Any thread.
 *
 *   export const heartbeatRequest = request({
 *     apiKey: 12,
 *     name: 'HeartbeatRequest',
 *     versions: '0-4',
 *     flexible: '4+',
 *     listeners: ['broker'],
 *     fields: {
 *       groupId: string(),                                               // in every version
 *       groupInstanceId: string('3+', { nullable: true, default: null }),  // from version 3 on
 *       topics: array('4+', { name: string(), partitions: array(int32()) }),
 *     },
 *   });
 *
 * Fields are sent in the order in which they stand here. A field without versions exists in all versions of what it
 * stands in; `nullable: true` means in all versions of the field. A field with a `tag` travels in the tag section of
 * flexible versions and is left out when it has its default.
 *
 * Defaults: 0, false, '', empty bytes, empty array, the zero uuid, a struct of defaults; `records` null.
 */

import { ZERO_UUID } from '../base/uuid.ts';
import { EMPTY_BYTES } from './primitives.ts';

/** `3+`, `0-8`, `4` */
export type VersionRange = `${number}+` | `${number}-${number}` | `${number}`;

/** First and last version, both included. */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

const VERSION_MAX = 32767;
const ALL_VERSIONS: Versions = { min: 0, max: VERSION_MAX };
export const NO_VERSIONS: Versions = { min: 0, max: -1 };

/** Java's Long.MAX_VALUE, which encodes to exactly that. */
export const LONG_MAX = 2 ** 63;

export function parseVersions(range: VersionRange | 'none' | undefined): Versions {
  if (range === undefined) return ALL_VERSIONS;
  if (range === 'none') return NO_VERSIONS;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(range);
  if (match === null) throw new TypeError(`not a version range: ${range}`);
  const min = Number(match[1]);
  return { min, max: match[2] ? VERSION_MAX : Number(match[3] ?? min) };
}

export function containsVersion(versions: Versions, version: number): boolean {
  return version >= versions.min && version <= versions.max;
}

export type ScalarKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'bigint64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';
export type FieldKind = ScalarKind | 'array' | 'struct';

export interface Field<T = unknown> {
  readonly kind: FieldKind;
  readonly versions: Versions;
  readonly nullableVersions: Versions;
  /** Versions in which the field travels in the tag section; none without a tag. */
  readonly taggedVersions: Versions;
  readonly tag: number;
  readonly ignorable: boolean;
  /** Of a scalar its default; of an array or struct null, or undefined for an empty array or a struct of defaults. */
  readonly defaultValue: unknown;
  /** False: classic encoding even in flexible versions (the request header's client id). */
  readonly compact: boolean;
  readonly element?: Field;
  readonly fields?: Fields;
  /** Null is written although it is the default: Kafka's own default of this tagged field is not null. */
  readonly explicitNull: boolean;
  /** Only for the type checker. */
  readonly valueType?: T;
}
export type Fields = { readonly [name: string]: Field };

export interface FieldOptions {
  /** Places the field in the tag section. */
  readonly tag?: number;
  /** Versions in which it is tagged, when it is not in all of its versions. */
  readonly tagged?: VersionRange;
  /** May silently be dropped when written in a version without it; otherwise only its default may. */
  readonly ignorable?: boolean;
}
export interface ScalarOptions<T> extends FieldOptions {
  readonly default?: T;
}
export interface NullableOptions<T> extends FieldOptions {
  readonly nullable?: true | VersionRange;
  readonly default?: T | null;
  readonly compact?: false;
}
export interface StructOptions extends FieldOptions {
  readonly nullable?: true | VersionRange;
  readonly default?: null;
  /** Tagged: null is written although it is the default, because Kafka takes an absent field for an empty one. */
  readonly explicitNull?: true;
}

interface AnyOptions extends FieldOptions {
  readonly nullable?: true | VersionRange;
  readonly default?: unknown;
  readonly compact?: false;
  readonly explicitNull?: true;
}

function makeField<T>(
  kind: FieldKind,
  versions: Versions,
  options: AnyOptions,
  ownDefault: unknown,
  inner?: { element?: Field; fields?: Fields },
): Field<T> {
  const tagged = options.tag === undefined ? NO_VERSIONS : options.tagged ? parseVersions(options.tagged) : versions;
  const nullable = options.nullable === true ? versions : parseVersions(options.nullable ?? 'none');
  return {
    kind,
    versions,
    nullableVersions: nullable,
    taggedVersions: tagged,
    tag: options.tag ?? -1,
    ignorable: options.ignorable ?? false,
    defaultValue: options.default === undefined ? ownDefault : options.default,
    compact: options.compact ?? true,
    explicitNull: options.explicitNull ?? false,
    ...inner,
  };
}

interface Scalar<T> {
  (options?: ScalarOptions<T>): Field<T>;
  (versions: VersionRange, options?: ScalarOptions<T>): Field<T>;
}

type Nullable<T, O> = O extends { readonly nullable: true | string } ? T | null : T;

interface NullableScalar<T> {
  <const O extends NullableOptions<T>>(options?: O): Field<Nullable<T, O>>;
  <const O extends NullableOptions<T>>(versions: VersionRange, options?: O): Field<Nullable<T, O>>;
}

function scalar<T>(kind: ScalarKind, ownDefault: unknown): Scalar<T> & NullableScalar<T> {
  return (first?: VersionRange | AnyOptions, second?: AnyOptions) => {
    const versions = typeof first === 'string' ? parseVersions(first) : ALL_VERSIONS;
    const options = typeof first === 'string' ? second : first;
    return makeField<never>(kind, versions, options ?? {}, ownDefault);
  };
}

export const bool: Scalar<boolean> = scalar('bool', false);
export const int8: Scalar<number> = scalar('int8', 0);
export const int16: Scalar<number> = scalar('int16', 0);
export const uint16: Scalar<number> = scalar('uint16', 0);
export const int32: Scalar<number> = scalar('int32', 0);
export const uint32: Scalar<number> = scalar('uint32', 0);
/** A number: exact to 2^53, and 2^63 stands for Java's Long.MAX_VALUE. */
export const int64: Scalar<number> = scalar('int64', 0);
/** An int64 of which every bit counts, as in a hash. */
export const bigint64: Scalar<bigint> = scalar('bigint64', 0n);
export const float64: Scalar<number> = scalar('float64', 0);
/** 22 characters of base64url. */
export const uuid: Scalar<string> = scalar('uuid', ZERO_UUID);
export const string: NullableScalar<string> = scalar('string', '');
/** Decoded as a view of the input, not a copy. */
export const bytes: NullableScalar<Uint8Array> = scalar('bytes', EMPTY_BYTES);
/** Record batches: bytes whose default is null. */
export const records: NullableScalar<Uint8Array> = scalar('records', null);

type ElementType<E> = E extends Field<infer T> ? T : E extends Fields ? FieldsType<E> : never;

/** An array of a scalar (`array(int32())`) or of structs (`array({ name: string() })`). */
export function array<E extends Field | Fields, const O extends StructOptions>(
  element: E,
  options?: O,
): Field<Nullable<ElementType<E>[], O>>;
export function array<E extends Field | Fields, const O extends StructOptions>(
  versions: VersionRange,
  element: E,
  options?: O,
): Field<Nullable<ElementType<E>[], O>>;
export function array(...parameters: unknown[]): Field<never> {
  const { versions, inner, options } = containerParameters(parameters);
  const element = typeof inner.kind === 'string' ? (inner as unknown as Field) : structElement(inner as Fields);
  return makeField('array', versions, options, undefined, { element });
}

/** A struct that stands in another struct. */
export function struct<F extends Fields, const O extends StructOptions>(
  fields: F,
  options?: O,
): Field<Nullable<FieldsType<F>, O>>;
export function struct<F extends Fields, const O extends StructOptions>(
  versions: VersionRange,
  fields: F,
  options?: O,
): Field<Nullable<FieldsType<F>, O>>;
export function struct(...parameters: unknown[]): Field<never> {
  const { versions, inner, options } = containerParameters(parameters);
  return makeField('struct', versions, options, undefined, { fields: inner as Fields });
}

function structElement(fields: Fields): Field {
  return makeField('struct', ALL_VERSIONS, {}, undefined, { fields });
}

function containerParameters(parameters: unknown[]) {
  const withVersions = typeof parameters[0] === 'string';
  const [inner, options] = (withVersions ? parameters.slice(1) : parameters) as [Field | Fields, AnyOptions?];
  const versions = withVersions ? parseVersions(parameters[0] as VersionRange) : ALL_VERSIONS;
  return { versions, inner, options: options ?? {} };
}

/** The value of a struct with these fields. */
export type FieldsType<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export type Listener = 'broker' | 'controller';
export type SchemaKind =
  | 'request'
  | 'response'
  | 'header'
  | 'data'
  | 'metadata'
  | 'coordinator-key'
  | 'coordinator-value';

interface SchemaDefinition<F extends Fields> {
  /** Kafka's name. */
  readonly name: string;
  readonly versions: VersionRange;
  /** Versions with compact types and tag sections. */
  readonly flexible: VersionRange | 'none';
  readonly fields: F;
}

export interface Schema<F extends Fields = Fields> {
  readonly kind: SchemaKind;
  readonly name: string;
  /** Of requests and responses the API key, of persisted records the record type, else -1. */
  readonly apiKey: number;
  readonly versions: Versions;
  readonly flexibleVersions: Versions;
  /** Requests: who serves it. */
  readonly listeners: readonly Listener[];
  /** Requests: the last version is advertised only when unstable versions are enabled. */
  readonly latestVersionUnstable: boolean;
  readonly fields: F;
  /** Compiled on first use, by version; belongs to codec.ts. */
  readonly codecs: unknown[];
}

/** The decoded value. */
export type MessageType<S extends Schema> = S extends Schema<infer F> ? FieldsType<F> : never;

/** What `encode` takes: absent and undefined fields stand for their default. */
export type MessageInput<S extends Schema> = Partially<MessageType<S>>;
export type Partially<T> = unknown extends T
  ? T
  : T extends Uint8Array | string | number | boolean | null
    ? T
    : T extends readonly (infer E)[]
      ? readonly Partially<E>[]
      : { readonly [K in keyof T]?: Partially<T[K]> | undefined };

interface SchemaTraits {
  readonly apiKey?: number;
  readonly listeners?: readonly Listener[];
  readonly latestVersionUnstable?: boolean;
}

function makeSchema<F extends Fields>(kind: SchemaKind, definition: SchemaDefinition<F> & SchemaTraits): Schema<F> {
  return {
    kind,
    name: definition.name,
    apiKey: definition.apiKey ?? -1,
    versions: parseVersions(definition.versions),
    flexibleVersions: parseVersions(definition.flexible),
    listeners: definition.listeners ?? [],
    latestVersionUnstable: definition.latestVersionUnstable ?? false,
    fields: definition.fields,
    codecs: [],
  };
}

interface RequestTraits {
  readonly apiKey: number;
  readonly listeners: readonly Listener[];
  readonly latestVersionUnstable?: boolean;
}

export function request<F extends Fields>(definition: SchemaDefinition<F> & RequestTraits): Schema<F> {
  return makeSchema('request', definition);
}

export function response<F extends Fields>(definition: SchemaDefinition<F> & { readonly apiKey: number }): Schema<F> {
  return makeSchema('response', definition);
}

/** Headers of requests and responses. */
export function header<F extends Fields>(definition: SchemaDefinition<F>): Schema<F> {
  return makeSchema('header', definition);
}

/** A message that is neither request nor response and has no type id. */
export function data<F extends Fields>(definition: SchemaDefinition<F>): Schema<F> {
  return makeSchema('data', definition);
}

/** A record of a log that mixes types, told apart by `apiKey`: the metadata log, the remote log metadata. */
export function metadataRecord<F extends Fields>(
  definition: SchemaDefinition<F> & { readonly apiKey: number },
): Schema<F> {
  return makeSchema('metadata', definition);
}

/** Key of a coordinator's record; `apiKey` is what the key bytes begin with. */
export function coordinatorKey<F extends Fields>(
  definition: SchemaDefinition<F> & { readonly apiKey: number },
): Schema<F> {
  return makeSchema('coordinator-key', definition);
}

export function coordinatorValue<F extends Fields>(
  definition: SchemaDefinition<F> & { readonly apiKey: number },
): Schema<F> {
  return makeSchema('coordinator-value', definition);
}

/** Whether decoded messages may hold views of the bytes they were decoded from. */
export function holdsViews(fields: Fields): boolean {
  return Object.values(fields).some((field) => fieldHoldsViews(field));
}

function fieldHoldsViews({ kind, element, fields }: Field): boolean {
  if (kind === 'bytes' || kind === 'records') return true;
  return (element !== undefined && fieldHoldsViews(element)) || (fields !== undefined && holdsViews(fields));
}
