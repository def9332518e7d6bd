/**
 * The few admin calls a benchmark needs, spoken in the oldest non-flexible versions that brokers still accept, so that
 * any Kafka-protocol address can be measured. Runs on the main thread before and after a run, never during one.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Address {
  host: string;
  port: number;
  tls: boolean;
}

const CALL_MS_MAX = 60_000;
const FRAME_BYTES_MAX = 100 * 2 ** 20;
const TOPIC_ALREADY_EXISTS = 36;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const apiKeys = { metadata: 3, createTopics: 19, deleteTopics: 20 } as const;

class Request {
  #parts: Buffer[] = [];
  i8(value: number): this {
    return this.#add(Buffer.from([value & 0xff]));
  }
  i16(value: number): this {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return this.#add(bytes);
  }
  i32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return this.#add(bytes);
  }
  string(value: string): this {
    return this.i16(Buffer.byteLength(value)).#add(Buffer.from(value));
  }
  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
  #add(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }
}

/** Reads past the end throw, as Buffer does. */
class Answer {
  #at = 0;
  #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  i8(): number {
    return this.#bytes.readInt8((this.#at += 1) - 1);
  }
  i16(): number {
    return this.#bytes.readInt16BE((this.#at += 2) - 2);
  }
  i32(): number {
    return this.#bytes.readInt32BE((this.#at += 4) - 4);
  }
  string(): string {
    const length = this.i16();
    return length < 0 ? '' : this.#bytes.toString('utf8', this.#at, (this.#at += length));
  }
}

/** One request on a connection of its own; rejects when the answer does not come in time. */
function call(address: Address, api: number, version: number, body: Buffer): Promise<Answer> {
  const header = new Request().i16(api).i16(version).i32(1).string('millrace-bench').bytes();
  const length = Buffer.alloc(4);
  length.writeInt32BE(header.length + body.length);
  return new Promise((resolve, reject) => {
    const socket: Socket = address.tls
      ? connectTls({ host: address.host, port: address.port, rejectUnauthorized: false })
      : connectTcp({ host: address.host, port: address.port });
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`${address.host}:${address.port}: ${why}`));
    };
    socket.setTimeout(CALL_MS_MAX, () => fail('no answer in 60 seconds'));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => reject(new Error(`${address.host}:${address.port} closed the connection`)));
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      if (held.length < 4) return;
      const wanted = held.readInt32BE(0);
      if (wanted < 4 || wanted > FRAME_BYTES_MAX) return fail('does not speak the Kafka protocol');
      if (held.length < wanted + 4) return;
      resolve(new Answer(held.subarray(8, wanted + 4)));
      socket.destroy();
    });
    socket.write(Buffer.concat([length, header, body]));
  });
}

export interface NewTopic {
  name: string;
  partitions: number;
  configs?: Record<string, string>;
}

/** Creates topics; one that exists is left as it is. Throws with the broker's own words. */
export async function createTopics(address: Address, topics: readonly NewTopic[]): Promise<void> {
  const body = new Request().i32(topics.length);
  for (const topic of topics) {
    const configs = Object.entries(topic.configs ?? {});
    body.string(topic.name).i32(topic.partitions).i16(1).i32(0).i32(configs.length);
    for (const [name, value] of configs) body.string(name).string(value);
  }
  body.i32(CALL_MS_MAX).i8(0);
  const answer = await call(address, apiKeys.createTopics, 2, body.bytes());
  answer.i32();
  for (let left = answer.i32(); left > 0; left--) {
    const name = answer.string();
    const code = answer.i16();
    const message = answer.string();
    if (code !== 0 && code !== TOPIC_ALREADY_EXISTS)
      throw new Error(`Creating topic ${name}: error ${code} ${message}`);
  }
}

/** Deletes topics; one that does not exist is no error. */
export async function deleteTopics(address: Address, names: readonly string[]): Promise<void> {
  const body = new Request().i32(names.length);
  for (const name of names) body.string(name);
  const answer = await call(address, apiKeys.deleteTopics, 1, body.i32(CALL_MS_MAX).bytes());
  answer.i32();
  for (let left = answer.i32(); left > 0; left--) {
    const name = answer.string();
    const code = answer.i16();
    if (code !== 0 && code !== UNKNOWN_TOPIC_OR_PARTITION) throw new Error(`Deleting topic ${name}: error ${code}`);
  }
}

/** For each topic how many partitions have a leader; 0 for a topic that is not there. */
export async function countPartitions(address: Address, names: readonly string[]): Promise<Map<string, number>> {
  const body = new Request().i32(names.length);
  for (const name of names) body.string(name);
  const answer = await call(address, apiKeys.metadata, 4, body.i8(0).bytes());
  answer.i32();
  for (let left = answer.i32(); left > 0; left--) {
    answer.i32();
    answer.string();
    answer.i32();
    answer.string();
  }
  answer.string();
  answer.i32();
  const counts = new Map<string, number>();
  for (let left = answer.i32(); left > 0; left--) {
    answer.i16();
    const name = answer.string();
    answer.i8();
    let led = 0;
    for (let partitions = answer.i32(); partitions > 0; partitions--) {
      answer.i16();
      answer.i32();
      if (answer.i32() >= 0) led++;
      for (let replicas = answer.i32(); replicas > 0; replicas--) answer.i32();
      for (let inSync = answer.i32(); inSync > 0; inSync--) answer.i32();
    }
    counts.set(name, led);
  }
  return counts;
}

const READY_MS_MAX = 60_000;
const READY_POLL_MS = 50;

/** Waits until every partition of the topics has a leader. */
export async function waitForTopics(address: Address, topics: readonly NewTopic[]): Promise<Map<string, number>> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  for (;;) {
    const counts = await countPartitions(
      address,
      topics.map((topic) => topic.name),
    );
    if (topics.every((topic) => (counts.get(topic.name) ?? 0) >= topic.partitions)) return counts;
    if (performance.now() > deadlineMs)
      throw new Error('The topics did not get leaders for all partitions within 60 seconds.');
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Creates the topics where they are missing and waits for them. Returns how many partitions each has. */
export async function ensureTopics(address: Address, topics: readonly NewTopic[]): Promise<Map<string, number>> {
  const names = topics.map((topic) => topic.name);
  const there = await countPartitions(address, names);
  const missing = topics.filter((topic) => (there.get(topic.name) ?? 0) === 0);
  if (missing.length === 0) return there;
  await createTopics(address, missing);
  return waitForTopics(
    address,
    topics.map((topic) => (missing.includes(topic) ? topic : { ...topic, partitions: there.get(topic.name)! })),
  );
}
