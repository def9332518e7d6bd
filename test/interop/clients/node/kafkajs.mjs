import { createRequire } from 'node:module';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import snappy from '@napi-rs/snappy';
import lz4 from 'lz4-napi';

const require = createRequire(`${process.env.MILLRACE_INTEROP_NPM}/package.json`);
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs');

// KafkaJS brings gzip only; the others are plugged in as its documentation shows.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
function xerialCompress(bytes) {
  const block = snappy.compressSync(bytes);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(block.length);
  return Buffer.concat([XERIAL, size, block]);
}
function xerialUncompress(bytes) {
  if (!bytes.subarray(0, 7).equals(XERIAL.subarray(0, 7))) return snappy.uncompressSync(bytes);
  const blocks = [];
  for (let at = XERIAL.length; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    blocks.push(Buffer.from(snappy.uncompressSync(bytes.subarray(at + 4, at + 4 + size))));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}
const codec = (compress, decompress) => () => ({
  compress: async (encoder) => compress(encoder.buffer),
  decompress: async (buffer) => decompress(buffer),
});
CompressionCodecs[CompressionTypes.GZIP] = codec(gzipSync, gunzipSync);
CompressionCodecs[CompressionTypes.Snappy] = codec(xerialCompress, xerialUncompress);
CompressionCodecs[CompressionTypes.LZ4] = codec((b) => lz4.compressFrameSync(b), (b) => lz4.decompressFrameSync(b));
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstdCompressSync, zstdDecompressSync);
const TYPES = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD };

const kafka = (bootstrap) => new Kafka({ clientId: 'interop-kafkajs', brokers: [bootstrap], logLevel: logLevel.ERROR });

// Its headers are an object of lists: repeated names are grouped.
function headersOf(list) {
  const headers = {};
  for (const [name, value] of list) (headers[name] ??= []).push(value);
  return headers;
}

async function send(producer, topic, compression, records, first, acknowledged) {
  const chunkSize = 64;
  for (let at = 0; at < records.length; at += chunkSize) {
    const chunk = records.slice(at, at + chunkSize);
    const messages = chunk.map((r) => ({ ...r, headers: headersOf(r.headers), timestamp: String(r.timestamp) }));
    const results = await producer.send({ topic, messages, compression, acks: -1 });
    const next = new Map(results.map((result) => [result.partition, Number(result.baseOffset)]));
    for (const [index, record] of chunk.entries()) {
      const offset = next.get(record.partition);
      acknowledged(first + at + index, offset);
      next.set(record.partition, offset + 1);
    }
  }
}

export async function produce({ bootstrap, topic, codec: name, records, acknowledged }) {
  const producer = kafka(bootstrap).producer({ idempotent: name === 'lz4', maxInFlightRequests: 1 });
  await producer.connect();
  await send(producer, topic, TYPES[name], records, 0, acknowledged);
  await producer.disconnect();
}

// Three transactions, of which the second one is aborted.
export async function transact({ bootstrap, topic, codec: name, records, acknowledged }) {
  const producer = kafka(bootstrap).producer({ transactionalId: 'interop-kafkajs', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const part = Math.ceil(records.length / 3);
  for (let first = 0; first < records.length; first += part) {
    const abort = first === part;
    const transaction = await producer.transaction();
    await send(transaction, topic, TYPES[name], records.slice(first, first + part), first, abort ? () => {} : acknowledged);
    if (abort) await transaction.abort();
    else await transaction.commit();
  }
  await producer.disconnect();
}

export async function consume({ bootstrap, group, topics, assigned, record }) {
  const consumer = kafka(bootstrap).consumer({ groupId: group, sessionTimeout: 10_000, heartbeatInterval: 300 });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const assignment = Object.entries(payload.memberAssignment);
    assigned(assignment.flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}-${partition}`)));
  });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((one) => [name, one]));
      record({ ...message, topic, partition, headers });
    },
  });
  return () => consumer.disconnect();
}
