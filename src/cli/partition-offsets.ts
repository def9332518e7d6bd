/** Offsets of partitions, as describing and consuming need them. */
import type { Admin, ClusterTopicMetadata, Consumer } from '@platformatic/kafka';
import { CliError, usageError } from './cli-error.ts';

/** Any of the library's clients. */
type MetadataClient = Pick<Admin, 'metadata'>;

export const EARLIEST = -2n;
export const LATEST = -1n;

/** Where consuming begins. */
export type StartOffset =
  | { readonly at: 'beginning' | 'end' }
  | { readonly at: 'offset'; readonly offset: bigint }
  /** So many records before the end. */
  | { readonly at: 'tail'; readonly count: bigint }
  | { readonly at: 'timestamp'; readonly timestampMs: bigint };

/** beginning, end, a number, -N for the last N, @MS for a time. */
export function parseStartOffset(text: string): StartOffset {
  if (text === 'beginning' || text === 'earliest') return { at: 'beginning' };
  if (text === 'end' || text === 'latest') return { at: 'end' };
  const [, sign, digits] = /^([-@]?)(\d{1,18})$/.exec(text) ?? [];
  if (digits === undefined) {
    throw usageError(
      `${text} is not an offset`,
      'write beginning, end, a number, -N for the last N, or @MS for a time',
    );
  }
  const number = BigInt(digits);
  if (sign === '-') return { at: 'tail', count: number };
  return sign === '@' ? { at: 'timestamp', timestampMs: number } : { at: 'offset', offset: number };
}

/** A topic's metadata. Throws a CliError when it does not exist; it is not created by asking. */
export async function existingTopic(client: MetadataClient, topic: string): Promise<ClusterTopicMetadata> {
  const missing = new CliError(`there is no topic ${topic}`, 'see the topics with: millrace topic list');
  try {
    const { topics } = await client.metadata({ topics: [topic], forceUpdate: true, autocreateTopics: false });
    const found = topics.get(topic);
    if (found) return found;
  } catch (error) {
    // All that the client library says of UNKNOWN_TOPIC_OR_PARTITION here.
    if (!(error instanceof Error) || !error.message.startsWith('Unknown topic ')) throw error;
  }
  throw missing;
}

/** Ids of a topic's partitions, or of the one that is asked for. Throws a CliError when it does not exist. */
export async function topicPartitions(client: MetadataClient, topic: string, only?: number): Promise<number[]> {
  const count = (await existingTopic(client, topic)).partitionsCount;
  if (only === undefined) return Array.from({ length: count }, (_, partition) => partition);
  if (only < count) return [only];
  throw new CliError(`${topic} has no partition ${only}`, `it has ${count}, numbered from 0`);
}

/** Offset by partition for a timestamp, or for EARLIEST or LATEST; -1 where no record is as young. */
export async function offsetsAt(
  consumer: Consumer,
  topic: string,
  partitions: readonly number[],
  timestamp: bigint,
  readCommitted = false,
): Promise<Map<number, bigint>> {
  const offsets = await consumer.listOffsetsWithTimestamps({
    topics: [topic],
    partitions: { [topic]: [...partitions] },
    timestamp,
    isolationLevel: readCommitted ? 1 : 0,
  });
  const found = offsets.get(topic);
  return new Map(partitions.map((partition) => [partition, found?.get(partition)?.offset ?? -1n]));
}

export async function startOffsets(
  consumer: Consumer,
  topic: string,
  partitions: readonly number[],
  start: StartOffset,
  readCommitted: boolean,
): Promise<Map<number, bigint>> {
  const at = (timestamp: bigint): Promise<Map<number, bigint>> =>
    offsetsAt(consumer, topic, partitions, timestamp, readCommitted);
  switch (start.at) {
    case 'beginning':
      return at(EARLIEST);
    case 'end':
      return at(LATEST);
    case 'offset':
      return new Map(partitions.map((partition) => [partition, start.offset]));
    case 'tail': {
      const [first, last] = [await at(EARLIEST), await at(LATEST)];
      return new Map(
        [...last].map(([partition, end]) => [partition, greater(end - start.count, first.get(partition)!)]),
      );
    }
    case 'timestamp': {
      const [found, last] = [await at(start.timestampMs), await at(LATEST)];
      return new Map([...found].map(([partition, offset]) => [partition, offset < 0n ? last.get(partition)! : offset]));
    }
  }
}

function greater(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
