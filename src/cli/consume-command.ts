/** `millrace consume`: records in, bytes out; by offset, or as a member of a group. */
import type { Consumer, Message } from '@platformatic/kafka';
import { usageError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { type ConnectionFlags, withConsumer } from './cluster-client.ts';
import {
  LATEST,
  offsetsAt,
  parseStartOffset,
  type StartOffset,
  startOffsets,
  topicPartitions,
} from './partition-offsets.ts';
import { formatWriter, jsonWriter, type ReadRecord, type RecordWriter } from './record-format.ts';
import { readTopic } from './topic-reader.ts';

export interface ConsumeFlags extends ConnectionFlags {
  readonly fromBeginning?: boolean;
  readonly offset?: string;
  readonly partition?: number;
  readonly group?: string;
  readonly maxMessages?: number;
  readonly exitEof?: boolean;
  readonly format: string;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly json?: boolean;
}

export async function consume(io: CliIo, flags: ConsumeFlags, topic: string): Promise<void> {
  const write = flags.json ? jsonWriter : formatWriter(flags.format);
  if (flags.fromBeginning && flags.offset !== undefined) {
    throw usageError('--from-beginning and --offset exclude each other', 'give one of them');
  }
  if (flags.group === undefined) {
    const start = parseStartOffset(flags.offset ?? (flags.fromBeginning ? 'beginning' : 'end'));
    await withConsumer(flags, io, 'millrace-cli', (consumer) =>
      consumeByOffset(io, flags, topic, consumer, start, write),
    );
    return;
  }
  if (flags.partition !== undefined || flags.offset !== undefined) {
    throw usageError('a group chooses partitions and offsets itself', 'drop --group, or drop --partition and --offset');
  }
  await withConsumer(flags, io, flags.group, (consumer) => consumeInGroup(io, flags, topic, consumer, write));
}

async function consumeByOffset(
  io: CliIo,
  flags: ConsumeFlags,
  topic: string,
  consumer: Consumer,
  start: StartOffset,
  write: RecordWriter,
): Promise<void> {
  const readCommitted = flags.isolation === 'read_committed';
  const partitions = await topicPartitions(consumer, topic, flags.partition);
  const from = await startOffsets(consumer, topic, partitions, start, readCommitted);
  const until = flags.exitEof ? await offsetsAt(consumer, topic, partitions, LATEST, readCommitted) : undefined;
  let left = flags.maxMessages ?? Number.POSITIVE_INFINITY;
  for await (const records of readTopic(consumer, { topic, from, until, readCommitted }, io.stop)) {
    await io.out(Buffer.concat(records.slice(0, left).map(write)));
    left -= records.length;
    if (left <= 0) return;
  }
}

async function consumeInGroup(
  io: CliIo,
  flags: ConsumeFlags,
  topic: string,
  consumer: Consumer,
  write: RecordWriter,
): Promise<void> {
  const partitions = await topicPartitions(consumer, topic);
  const isolationLevel = flags.isolation === 'read_committed' ? 1 : 0;
  const ends = flags.exitEof ? await offsetsAt(consumer, topic, partitions, LATEST, isolationLevel === 1) : undefined;
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: flags.fromBeginning ? 'earliest' : 'latest',
    autocommit: false,
    isolationLevel,
    maxWaitTime: 500,
  });
  const finish = (): void => void stream.close().catch(() => {});
  io.stop.addEventListener('abort', finish, { once: true });
  const reached = (): boolean =>
    ends !== undefined &&
    [...stream.offsetsToFetch].every(
      ([name, offset]) => offset >= (ends.get(Number(name.slice(topic.length + 1))) ?? 0n),
    );
  const pending = new Map<number, Message>();
  const commit = async (): Promise<void> => {
    const last = [...pending.values()];
    pending.clear();
    for (const message of last) await message.commit();
  };
  let left = flags.maxMessages ?? Number.POSITIVE_INFINITY;
  // A group that has nothing to read never yields a message; its fetches tell.
  stream.on('fetch', () => {
    if (stream.readableLength === 0 && pending.size === 0 && reached()) finish();
  });
  for await (const message of stream) {
    await io.out(write(toRecord(message)));
    pending.set(message.partition, message);
    left--;
    // What was written counts as done; committing when the buffer runs empty saves a request per record.
    if (stream.readableLength === 0 || left <= 0) await commit();
    if (left <= 0 || io.stop.aborted || (stream.readableLength === 0 && reached())) break;
  }
  // The user stopped in the middle of what had been read.
  await commit();
  await stream.close().catch(() => {});
}

function toRecord({ topic, partition, offset, timestamp, key, value, headers }: Message): ReadRecord {
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: key ?? null,
    value: value ?? null,
    headers: [...headers].map(([name, header]) => [name, header ?? null]),
  };
}
