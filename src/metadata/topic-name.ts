/**
 * Rules for topic names. Pure, any thread. Behaviour of org.apache.kafka.common.internals.Topic.
 */

const TOPIC_NAME_LENGTH_MAX = 249;
export const CLUSTER_METADATA_TOPIC = '__cluster_metadata';

/** Topics whose `isInternal` is true and which ordinary clients may not write. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}

const LEGAL = /^[a-zA-Z0-9._-]+$/;

/** What is wrong with the name, as a sentence for the user; null when it is a valid one. */
export function topicNameFault(name: string): string | null {
  if (name === '') return 'Topic name is invalid: it is empty.';
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed.`;
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `Topic name is invalid: it has ${name.length} characters, at most ${TOPIC_NAME_LENGTH_MAX} are allowed.`;
  }
  if (!LEGAL.test(name)) {
    return `Topic name is invalid: '${name}' contains characters other than ASCII letters, digits, '.', '_' and '-'.`;
  }
  return null;
}

/** Only names with one of these can collide with another name. */
export function hasCollisionCharacters(name: string): boolean {
  return name.includes('.') || name.includes('_');
}

/** Equal for names that differ in '.' and '_' only: metric names cannot tell such topics apart. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
