/** Settings of one client-metrics subscription (KIP-714). Data only; any thread. */
import { int, list } from './config-definition.ts';

export const CLIENT_METRICS_CONFIGS = [
  list('metrics', [], 'Prefixes of the metrics that matching clients push; * is all.'),
  int('interval.ms', 300_000, 'Time between two pushes of a client.', { min: 100, max: 3600000 }),
  list('match', [], "Which clients: selector=regular expression pairs in RE2's syntax, all of which must match."),
] as const;
