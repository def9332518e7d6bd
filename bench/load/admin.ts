/**
 * The few admin calls a benchmark needs, in the oldest versions that brokers still accept, so that any Kafka-protocol
 * address can be measured. Runs on the main thread before and after a run, never during one.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ApiKey } from '../../src/protocol/api-keys.ts';
import { decode, encode } from '../../src/protocol/codec.ts';
import { errorName } from '../../src/protocol/errors.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../src/protocol/messages/20-delete-topics.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../src/protocol/messages/44-incremental-alter-configs.ts';

export interface Address {
  host: string;
  port: number;
  tls: boolean;
}

const CALL_MS_MAX = 60_000;
const FRAME_BYTES_MAX = 100 * 2 ** 20;
const CLIENT_ID = Buffer.from('millrace-bench');
/** All before the flexible versions: the header is always the same. */
const VERSIONS = { metadata: 4, createTopics: 2, deleteTopics: 1, incrementalAlterConfigs: 0 } as const;

/** Size, header and body. */
export function requestFrame(api: number, version: number, body: Buffer): Buffer {
  const header = Buffer.alloc(14);
  header.writeInt32BE(10 + CLIENT_ID.length + body.length, 0);
  header.writeInt16BE(api, 4);
  header.writeInt16BE(version, 6);
  header.writeInt32BE(1, 8);
  header.writeInt16BE(CLIENT_ID.length, 12);
  return Buffer.concat([header, CLIENT_ID, body]);
}

/** One request on a connection of its own; returns the body of the answer, rejects when it does not come in time. */
function call(address: Address, api: number, version: number, body: Buffer): Promise<Buffer> {
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
      resolve(held.subarray(8, wanted + 4));
      socket.destroy();
    });
    socket.write(requestFrame(api, version, body));
  });
}

export interface NewTopic {
  name: string;
  partitions: number;
  configs?: Record<string, string>;
}

/** Creates topics; one that exists is left as it is. Throws with the broker's own words. */
export async function createTopics(address: Address, topics: readonly NewTopic[]): Promise<void> {
  const request = {
    topics: topics.map((topic) => ({
      name: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
    })),
    timeoutMs: CALL_MS_MAX,
    validateOnly: false,
  };
  const version = VERSIONS.createTopics;
  const body = await call(address, ApiKey.CreateTopics, version, encode(createTopicsRequest, request, version));
  for (const { name, errorCode, errorMessage } of decode(createTopicsResponse, body, 0, version).topics) {
    const code = errorName(errorCode);
    if (code !== 'NONE' && code !== 'TOPIC_ALREADY_EXISTS') {
      throw new Error(`Creating topic ${name}: ${code} ${errorMessage ?? ''}`);
    }
  }
}

/** Deletes topics; one that does not exist is no error. */
export async function deleteTopics(address: Address, names: readonly string[]): Promise<void> {
  const version = VERSIONS.deleteTopics;
  const request = { topicNames: [...names], timeoutMs: CALL_MS_MAX };
  const body = await call(address, ApiKey.DeleteTopics, version, encode(deleteTopicsRequest, request, version));
  for (const { name, errorCode } of decode(deleteTopicsResponse, body, 0, version).responses) {
    const code = errorName(errorCode);
    if (code !== 'NONE' && code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw new Error(`Deleting topic ${name}: ${code}`);
  }
}

const BROKER_RESOURCE = 4;
const Operation = { set: 0, delete: 1 } as const;

/** Sets what all brokers of the cluster are to have; null: the default again. */
export async function setClusterConfig(address: Address, name: string, value: string | null): Promise<void> {
  const version = VERSIONS.incrementalAlterConfigs;
  const configs = [{ name, configOperation: value === null ? Operation.delete : Operation.set, value }];
  const request = { resources: [{ resourceType: BROKER_RESOURCE, resourceName: '', configs }], validateOnly: false };
  const encoded = encode(incrementalAlterConfigsRequest, request, version);
  const body = await call(address, ApiKey.IncrementalAlterConfigs, version, encoded);
  const [answer] = decode(incrementalAlterConfigsResponse, body, 0, version).responses;
  const code = answer === undefined ? 'no answer' : errorName(answer.errorCode);
  if (code !== 'NONE') throw new Error(`Setting ${name}: ${code} ${answer?.errorMessage ?? ''}`);
}

/** For each topic how many partitions have a leader; 0 for a topic that is not there. */
export async function countPartitions(address: Address, names: readonly string[]): Promise<Map<string, number>> {
  const version = VERSIONS.metadata;
  const request = { topics: names.map((name) => ({ name })), allowAutoTopicCreation: false };
  const body = await call(address, ApiKey.Metadata, version, encode(metadataRequest, request, version));
  const { topics } = decode(metadataResponse, body, 0, version);
  return new Map(topics.map((t) => [t.name ?? '', t.partitions.filter((partition) => partition.leaderId >= 0).length]));
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
  for (const topic of missing) await createTopics(address, [topic]); // controllers bound what one request may create
  return waitForTopics(
    address,
    topics.map((topic) => (missing.includes(topic) ? topic : { ...topic, partitions: there.get(topic.name)! })),
  );
}
