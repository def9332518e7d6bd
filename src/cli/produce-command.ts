/** `millrace produce`: lines in, records out. What has arrived of the input goes out together, in its order. */
import { createReadStream } from 'node:fs';
import type { MessageToProduce, Producer } from '@platformatic/kafka';
import { systemRandom } from '../base/random.ts';
import { usageError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { type ConnectionFlags, clientOptions } from './cluster-client.ts';
import { readLines } from './line-reader.ts';
import { topicPartitions } from './partition-offsets.ts';
import { type LineParser, lineParser } from './record-lines.ts';

export interface ProduceFlags extends ConnectionFlags {
  readonly file?: string;
  readonly keySeparator?: string;
  readonly header: readonly string[];
  readonly partition?: number;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly acks: 'all' | '1' | '0';
  readonly emptyIsNull?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Records that are sent with one call, and their bytes. */
const BATCH_RECORDS_MAX = 2000;
const BATCH_BYTES_MAX = 512 * 1024;
const ACKS = { all: -1, '1': 1, '0': 0 } as const;

export async function produce(io: CliIo, flags: ProduceFlags, topic: string): Promise<void> {
  const parse = lineParser({
    topic,
    keySeparator: flags.keySeparator,
    headers: flags.header,
    partition: flags.partition,
    emptyIsNull: flags.emptyIsNull,
    json: flags.json,
  });
  const { compatibilityPartitioner, Producer } = await import('@platformatic/kafka');
  let turn = systemRandom.below(2 ** 16);
  const producer = new Producer({
    ...clientOptions(flags, io.env),
    acks: ACKS[flags.acks],
    compression: flags.compression,
    autocreateTopics: true,
    // Keys go where Kafka's own clients put them; records without one stay together, batch by batch.
    partitioner: (message, key) => (key === undefined ? turn : compatibilityPartitioner(message, key)),
  });
  if (flags.file === undefined && io.stdin.isTTY) io.err('one record a line; Ctrl-D ends');
  let sent = 0;
  try {
    // The client library would wrap a number that is too great around.
    if (flags.partition !== undefined) await topicPartitions(producer, topic, flags.partition);
    for await (const batch of batches(await openInput(io, flags), parse, io.stop)) {
      await producer.send({ messages: batch });
      sent += batch.length;
      turn++;
    }
  } finally {
    await close(producer);
  }
  if (!flags.quiet) io.err(`${sent} ${sent === 1 ? 'record' : 'records'} sent to ${topic}`);
}

async function openInput(io: CliIo, flags: ProduceFlags): Promise<AsyncIterable<Uint8Array | string>> {
  if (flags.file === undefined) return io.stdin as AsyncIterable<Uint8Array | string>;
  const file = createReadStream(flags.file);
  await new Promise<void>((resolve, reject) => {
    file.once('open', () => resolve());
    file.once('error', (error: NodeJS.ErrnoException) =>
      reject(usageError(`${flags.file} cannot be read (${error.code})`, 'check the path after -f')),
    );
  });
  return file;
}

async function* batches(
  input: AsyncIterable<Uint8Array | string>,
  parse: LineParser,
  stop: AbortSignal,
): AsyncGenerator<MessageToProduce[]> {
  let lineNumber = 0;
  for await (const lines of readLines(input)) {
    if (stop.aborted) return;
    let batch: MessageToProduce[] = [];
    let bytes = 0;
    for (const line of lines) {
      batch.push(parse(line, ++lineNumber));
      bytes += line.length;
      if (batch.length < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield batch;
  }
}

async function close(producer: Producer): Promise<void> {
  await producer.close().catch(() => {});
}
