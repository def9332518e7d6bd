/**
 * What a setting is: the vocabulary of the tables in this folder (`broker-configs-*.ts`, `topic-configs.ts`,
 * `group-configs.ts`, `client-metrics-configs.ts`). A table line reads
 *
 *     int('num.partitions', 1, 'Partitions of ...', { min: 1, dynamic: 'cluster' })
 *
 * name, default, documentation, and what else holds. Pure; any thread.
 */

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';
/** INT, SHORT, LONG and DOUBLE are numbers; a LONG beyond 2^53 is rounded (its text stays exact). */
export type ConfigValue = boolean | number | string | readonly string[] | null;

/** Where a setting may be changed while the broker runs: for one broker, or also for the whole cluster. Else: nowhere. */
export type DynamicScope = 'broker' | 'cluster';

export interface ConfigOptions {
  /** Least and greatest number, both allowed. */
  readonly min?: number;
  readonly max?: number;
  /** A number outside of the range that is allowed too. */
  readonly also?: number;
  /** The only texts allowed; of a LIST, its only elements. */
  readonly oneOf?: readonly string[];
  /** `oneOf` without regard to upper and lower case. */
  readonly anyCase?: boolean;
  /** A STRING must match. */
  readonly pattern?: TextRule;
  /** Every element of a LIST must match. */
  readonly elements?: TextRule;
  /** A LIST or STRING may not be empty. */
  readonly nonEmpty?: boolean;
  readonly dynamic?: DynamicScope;
  /** Exists only while it is set dynamically: nothing is described when it is not, not even the default. */
  readonly dynamicOnly?: boolean;
  /** Exists for tests and experiments; DescribeConfigs does not list it. */
  readonly internal?: boolean;
  /** The setting of the broker that holds this one's default. */
  readonly synonym?: string;
  /** Kafka's default where ours differs (null: Kafka has none), and why ours differs. */
  readonly kafkaDefault?: string | null;
  readonly why?: string;
  /** The setting is accepted but changes nothing, for this reason. */
  readonly accepted?: string;
}

export interface TextRule {
  readonly matches: RegExp;
  /** Ends the sentence "The value must be ...". */
  readonly mustBe: string;
}

export interface ConfigDefinition<N extends string = string, V extends ConfigValue = ConfigValue>
  extends ConfigOptions {
  readonly name: N;
  readonly type: ConfigType;
  readonly defaultValue: V;
  readonly documentation: string;
}

/** `supported`: it takes effect. `accepted`: it is checked, stored and described only. */
export const configStatus = (definition: ConfigDefinition): 'supported' | 'accepted' =>
  definition.accepted === undefined ? 'supported' : 'accepted';

export const isSensitive = (definition: ConfigDefinition): boolean => definition.type === 'PASSWORD';

export const INT_MAX = 2 ** 31 - 1;
/** Java's Long.MAX_VALUE as far as a double can say it; `canonicalText` writes it exactly. */
export const LONG_MAX = 2 ** 63;

export const COMPRESSION_TYPES = ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'] as const;
export const TIMESTAMP_TYPES = ['CreateTime', 'LogAppendTime'] as const;
export const SECURITY_PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
export const THROTTLED_REPLICA: TextRule = { matches: /^(\*|\d+:\d+)$/, mustBe: '* or partition:broker pairs' };
export const SHARE_OFFSET_RESET: TextRule = {
  matches: /^(latest|earliest|by_duration:P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$/,
  mustBe: 'latest, earliest, or by_duration: and an ISO 8601 duration such as by_duration:PT1H',
};

type Widen<D, T> = D extends null ? T | null : T;

export const bool = <const N extends string, D extends boolean | null>(
  name: N,
  defaultValue: D,
  documentation: string,
  options?: ConfigOptions,
): ConfigDefinition<N, Widen<D, boolean>> =>
  ({ name, type: 'BOOLEAN', defaultValue, documentation, ...options }) as never;

type NumberBuilder = <const N extends string, D extends number | null>(
  name: N,
  defaultValue: D,
  documentation: string,
  options?: ConfigOptions,
) => ConfigDefinition<N, Widen<D, number>>;

type TextBuilder = <const N extends string, D extends string | null>(
  name: N,
  defaultValue: D,
  documentation: string,
  options?: ConfigOptions,
) => ConfigDefinition<N, Widen<D, string>>;

const numberBuilder =
  (type: ConfigType): NumberBuilder =>
  (name, defaultValue, documentation, options) =>
    ({ name, type, defaultValue, documentation, ...options }) as never;

const textBuilder =
  (type: ConfigType): TextBuilder =>
  (name, defaultValue, documentation, options) =>
    ({ name, type, defaultValue, documentation, ...options }) as never;

export const int = numberBuilder('INT');
export const short = numberBuilder('SHORT');
export const long = numberBuilder('LONG');
export const double = numberBuilder('DOUBLE');
export const string = textBuilder('STRING');
export const classOf = textBuilder('CLASS');
export const password = textBuilder('PASSWORD');

export const list = <const N extends string, D extends readonly string[] | null>(
  name: N,
  defaultValue: D,
  documentation: string,
  options?: ConfigOptions,
): ConfigDefinition<N, Widen<D, readonly string[]>> =>
  ({ name, type: 'LIST', defaultValue, documentation, ...options }) as never;
