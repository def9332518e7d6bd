/** What to say about a broker setting that has no effect. Pure; control thread, at start. */
import { NOT_YET } from './accepted-reasons.ts';
import { brokerConfigDefinitionOf, brokerConfigNames } from './broker-configs.ts';
import { topicConfigDefinition } from './topic-config.ts';

/** Settings of older Kafkas that Kafka 4 no longer has. */
const RETIRED: ReadonlySet<string> = new Set([
  'advertised.host.name',
  'advertised.port',
  'broker.id.generation.enable',
  'control.plane.listener.name',
  'delegation.token.master.key',
  'group.coordinator.new.enable',
  'host.name',
  'inter.broker.protocol.version',
  'log.message.downconversion.enable',
  'log.message.format.version',
  'log.message.timestamp.difference.max.ms',
  'offsets.commit.required.acks',
  'port',
  'reserved.broker.max.id',
]);
const RETIRED_PREFIXES = ['zookeeper.', 'password.encoder.'];
/** What stands behind these is handed to plug-ins or to clients that the broker starts. */
const PLUGIN_PREFIXES = [
  'rsm.config.',
  'rlmm.config.',
  'remote.log.metadata.',
  'config.providers.',
  'client.quota.callback.',
  'ssl.',
  'sasl.',
];
/** Edits up to which a name counts as mistyped. */
const DISTANCE_MAX = 3;

/**
 * A warning for a name that nothing reads; undefined when it is read or belongs to a plug-in. Settings that are without
 * effect for good (threads of a JVM and the like) pass silently: they stand in every file made for Kafka.
 */
export function ineffectiveConfigWarning(name: string, origin: string): string | undefined {
  const definition = brokerConfigDefinitionOf(name);
  if (definition?.accepted === NOT_YET) return `${name} (${origin}) has no effect: ${NOT_YET}`;
  if (definition) return undefined;
  const nearest = nearestName(name.replace(/^listener\.name\.[^.]+\./, ''));
  const meant = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  if (RETIRED.has(name) || RETIRED_PREFIXES.some((prefix) => name.startsWith(prefix))) {
    return `${name} (${origin}) is a setting of Kafka before 4.0 and has no effect.`;
  }
  if (topicConfigDefinition(name)) {
    const synonym = topicConfigDefinition(name)?.synonym;
    return `${name} (${origin}) is a setting of topics and has no effect here.${synonym ? ` For all topics set ${synonym}.` : ''}`;
  }
  if (nearest === undefined && PLUGIN_PREFIXES.some((prefix) => name.startsWith(prefix))) return undefined;
  return `${name} (${origin}) is not a setting that Millrace knows, and has no effect.${meant}`;
}

/** The known name that differs by the fewest edits, if that is few enough. */
function nearestName(name: string): string | undefined {
  const distanceMax = Math.min(DISTANCE_MAX, Math.floor(name.length / 4));
  let nearest: string | undefined;
  let least = distanceMax + 1;
  for (const candidate of brokerConfigNames()) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, beforeLast[column - 2] + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length];
}
