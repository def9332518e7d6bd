/**
 * A broker in a few lines for tests of the load generator: keeps batches in memory, checks them, and can stall, drop its
 * connections or never answer. Runs in the test's process; the generator is a process of its own.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { BatchFault } from '../../src/native/log-store.ts';
import { decode, encode } from '../../src/protocol/codec.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts';
import { apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { initProducerIdResponse } from '../../src/protocol/messages/22-init-producer-id.ts';
import { checkBatch, RecordBatchView } from '../../src/protocol/records/batch-header.ts';
import { parseRequestHeader, responseHeaderVersion } from '../../src/protocol/request-header.ts';

const OFFERED = { 0: 12, 1: 12, 2: 1, 3: 4, 18: 0, 22: 0 } as const;
const TOPIC = 'fake';

export interface StoredBatch {
  baseOffset: number;
  view: RecordBatchView;
}

export class FakeBroker {
  readonly topic = TOPIC;
  readonly logs: StoredBatch[][];
  readonly faults: string[] = [];
  readonly clientVersions = new Map<number, number>();
  /** Answers nothing but the set-up calls. */
  silent = false;
  requests = 0;
  #server: Server;
  #sockets = new Set<Socket>();
  #stalled: (() => void)[] | undefined;
  #producerIds = 100;
  #waiting: (() => void)[] = [];

  constructor(partitions: number) {
    this.logs = Array.from({ length: partitions }, () => []);
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.port;
  }
  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }
  async close(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
  /** Everything that arrives waits until `resume`. */
  stall(): void {
    this.#stalled ??= [];
  }
  resume(): void {
    const held = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const run of held) run();
  }
  recordCount(): number {
    return this.logs.flat().reduce((sum, batch) => sum + batch.view.recordsCount, 0);
  }
  #end(partition: number): number {
    const last = this.logs[partition]!.at(-1);
    return last === undefined ? 0 : last.baseOffset + last.view.recordsCount;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= held.readInt32BE(0) + 4) {
        const frame = Buffer.from(held.subarray(4, held.readInt32BE(0) + 4));
        held = held.subarray(frame.length + 4);
        if (this.#stalled) this.#stalled.push(() => this.#answer(socket, frame));
        else this.#answer(socket, frame);
      }
    });
  }

  #answer(socket: Socket, frame: Buffer): void {
    const header = parseRequestHeader(frame);
    const { apiKey, apiVersion, correlationId, bodyOffset } = header;
    this.clientVersions.set(apiKey, apiVersion);
    if (apiKey <= 1) {
      this.requests++;
      if (this.silent) return;
    }
    const send = (body: Buffer) => {
      const length = Buffer.alloc(4);
      const head = Buffer.alloc(responseHeaderVersion(apiKey, apiVersion) === 1 ? 5 : 4); // an empty tag section
      head.writeInt32BE(correlationId);
      length.writeInt32BE(head.length + body.length);
      socket.write(Buffer.concat([length, head, body]));
    };
    switch (apiKey) {
      case 0:
        this.#produce(frame, bodyOffset, apiVersion, send);
        break;
      case 1:
        this.#fetch(frame, bodyOffset, apiVersion, send, performance.now());
        break;
      case 2:
        send(this.#listOffsets(frame, bodyOffset, apiVersion));
        break;
      case 3:
        send(this.#metadata(frame, bodyOffset, apiVersion));
        break;
      case 18: {
        const apiKeys = Object.entries(OFFERED).map(([key, max]) => ({
          apiKey: Number(key),
          minVersion: 0,
          maxVersion: max,
        }));
        send(encode(apiVersionsResponse, { apiKeys }, apiVersion));
        break;
      }
      case 22:
        send(encode(initProducerIdResponse, { producerId: this.#producerIds++, producerEpoch: 0 }, apiVersion));
        break;
      default:
        socket.destroy();
    }
  }

  #metadata(frame: Buffer, at: number, version: number): Buffer {
    const { topics } = decode(metadataRequest, frame, at, version);
    const partition = (partitionIndex: number) => ({ partitionIndex, leaderId: 1, replicaNodes: [1], isrNodes: [1] });
    return encode(
      metadataResponse,
      {
        brokers: [{ nodeId: 1, host: '127.0.0.1', port: this.port }],
        topics: (topics ?? []).map(({ name }) =>
          name === TOPIC ? { name, partitions: this.logs.map((_, index) => partition(index)) } : { name, errorCode: 3 },
        ),
      },
      version,
    );
  }

  #listOffsets(frame: Buffer, at: number, version: number): Buffer {
    const { topics } = decode(listOffsetsRequest, frame, at, version);
    return encode(
      listOffsetsResponse,
      {
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, timestamp }) => ({
            partitionIndex,
            offset: timestamp === -2 ? 0 : this.#end(partitionIndex),
          })),
        })),
      },
      version,
    );
  }

  #produce(frame: Buffer, at: number, version: number, send: (body: Buffer) => void): void {
    const { acks, topicData } = decode(produceRequest, frame, at, version);
    const responses = topicData.map(({ name, partitionData }) => ({
      name,
      // In another order than asked, as brokers may.
      partitionResponses: partitionData
        .map(({ index, records }) => ({ index, baseOffset: this.#append(index, records) }))
        .reverse(),
    }));
    if (acks !== 0) send(encode(produceResponse, { responses }, version));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #append(partition: number, records: Uint8Array | null): number {
    const bytes = Buffer.from(records ?? []);
    const fault = checkBatch(bytes, 0, bytes.length);
    if (fault !== BatchFault.none) this.faults.push(`batch fault ${fault}`);
    const view = new RecordBatchView(bytes);
    if (view.sizeBytes !== bytes.length) this.faults.push(`${bytes.length - view.sizeBytes} bytes behind the batch`);
    const baseOffset = this.#end(partition);
    bytes.writeInt32BE(baseOffset, 4); // offsets of a test stay below 2^32
    this.logs[partition]!.push({ baseOffset, view });
    return baseOffset;
  }

  #fetch(frame: Buffer, at: number, version: number, send: (body: Buffer) => void, askedAtMs: number): void {
    const { topics, maxWaitMs } = decode(fetchRequest, frame, at, version);
    let found = 0;
    const responses = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, fetchOffset }) => {
        const batches = this.logs[partition]!.filter(
          (batch) => batch.baseOffset + batch.view.recordsCount > fetchOffset,
        ).slice(0, 20);
        found += batches.length;
        return {
          partitionIndex: partition,
          logStartOffset: 0,
          records: Buffer.concat(batches.map((batch) => batch.view.bytes)),
        };
      }),
    }));
    if (found > 0 || performance.now() - askedAtMs >= maxWaitMs) {
      send(encode(fetchResponse, { responses }, version));
      return;
    }
    let done = false;
    const again = () => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      this.#fetch(frame, at, version, send, askedAtMs);
    };
    const timer = setTimeout(again, maxWaitMs - (performance.now() - askedAtMs));
    this.#waiting.push(again);
  }
}
