/**
 * One client-metrics subscription as code reads it (KIP-714): which metrics, how often, of which clients. Pure; control
 * thread.
 *
 *     effectiveClientMetricsConfig(overrides: ConfigTexts): ClientMetricsConfig
 *     parseClientMatch('client_id=a.*')                        a pattern, or what is wrong with it
 *
 * Patterns match whole values and are RE2's, so that no subscription can make a client's request expensive.
 */
import { RE2JS } from 're2js';
import type { ConfigTexts } from './broker-config.ts';
import { CLIENT_METRICS_CONFIGS } from './client-metrics-configs.ts';
import { type ConfigDefinition, type ConfigValue, INT_MAX } from './config-definition.ts';
import { isProblem, parseConfigValue, splitList } from './config-value.ts';

const CLIENT_MATCH_SELECTORS = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
] as const;
export type ClientMatchSelector = (typeof CLIENT_MATCH_SELECTORS)[number];

/** Longest regular expression that a subscription may match clients with. */
const MATCH_PATTERN_CHARS_MAX = 1024;

export interface ClientMatchPattern {
  readonly selector: ClientMatchSelector;
  /** Whether a client's whole value matches. */
  matches(value: string): boolean;
}

export interface ClientMetricsConfig {
  /** Prefixes of metric names; `*` stands for all. */
  readonly metrics: readonly string[];
  readonly intervalMs: number;
  /** All must match. Of two with the same selector the later one counts, as in Kafka. */
  readonly match: ReadonlyMap<ClientMatchSelector, ClientMatchPattern>;
}

const DEFINITIONS: ReadonlyMap<string, ConfigDefinition> = new Map(
  CLIENT_METRICS_CONFIGS.map((definition) => [definition.name, definition as ConfigDefinition]),
);

export function clientMetricsDefinition(name: string): ConfigDefinition | undefined {
  return DEFINITIONS.get(name);
}

/** A stored value that cannot be read (any more) counts as not set. */
export function effectiveClientMetricsConfig(overrides: ConfigTexts): ClientMetricsConfig {
  const match = new Map<ClientMatchSelector, ClientMatchPattern>();
  for (const element of settingOf('match', overrides) as readonly string[]) {
    const pattern = parseClientMatch(element);
    if (typeof pattern !== 'string') match.set(pattern.selector, pattern);
  }
  return {
    metrics: settingOf('metrics', overrides) as readonly string[],
    intervalMs: Math.min(settingOf('interval.ms', overrides) as number, INT_MAX),
    match,
  };
}

/** The first pair of a `match` setting that cannot be used, and why; null when all can. */
export function clientMatchFault(text: string): string | null {
  for (const element of splitList(text)) {
    const pattern = parseClientMatch(element);
    if (typeof pattern === 'string') return `Invalid value ${element} for configuration match: ${pattern}`;
  }
  return null;
}

/** A selector=regular expression pair, or the words for what is wrong with it. */
function parseClientMatch(element: string): ClientMatchPattern | string {
  const [name, expression, ...more] = element.split('=').map((part) => part.trim());
  if (!expression || more.length > 0) return 'give selector=regular expression, with one equals sign';
  const selector = CLIENT_MATCH_SELECTORS.find((known) => known === name);
  if (!selector) return `the selector must be one of ${CLIENT_MATCH_SELECTORS.join(', ')}`;
  if (expression.length > MATCH_PATTERN_CHARS_MAX) {
    return `a pattern has at most ${MATCH_PATTERN_CHARS_MAX} characters`;
  }
  try {
    const pattern = RE2JS.compile(expression);
    return { selector, matches: (value) => pattern.matches(value) };
  } catch {
    return "not a regular expression in RE2's syntax";
  }
}

function settingOf(name: string, overrides: ConfigTexts): ConfigValue {
  const definition = DEFINITIONS.get(name)!;
  const text = overrides.get(name);
  const parsed = text === undefined ? undefined : parseConfigValue(definition, text);
  return parsed === undefined || isProblem(parsed) ? definition.defaultValue : parsed.value;
}
