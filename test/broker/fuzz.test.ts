// Messages of every API in every version, made of what the broker has and of nonsense, whole, cut and damaged.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createApiTable } from '../../src/broker/api-table.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../src/protocol/messages/18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from '../../src/protocol/messages/19-create-topics.ts';
import { buildBatch } from '../../src/protocol/records/batch-builder.ts';
import { containsVersion, type Field, type Fields } from '../../src/protocol/schema.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { arbitraryMessage } from '../protocol/arbitrary-message.ts';
import { RawClient, requestFrame } from './raw-client.ts';

/** Messages per API and version; MILLRACE_FUZZ_RUNS and MILLRACE_FUZZ_SEED make it look further. */
const RUNS = Number(process.env.MILLRACE_FUZZ_RUNS ?? 8);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? 1);

const failures: string[] = [];
let broker: TestBroker;
let witness: RawClient;
let topicId: string;
/** What is sent at the moment, for the message of a failure. */
let sending = '';

before(async () => {
  broker = await startTestBroker({
    configs: { 'socket.request.max.bytes': 1_000_000, 'millrace.receive.arena.bytes': 8_388_608 },
    logger: {
      debug() {},
      info() {},
      warn() {},
      error: (details, message) => failures.push(`${message} ${JSON.stringify(details)} while sending ${sending}`),
    },
    onFatal: (error) => failures.push(`the broker gave up: ${error.stack} while sending ${sending}`),
  });
  witness = await RawClient.connect(broker.port);
  const topics = [{ name: 'real', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }];
  const created = await witness.ask(createTopicsRequest, createTopicsResponse, 7, { topics });
  topicId = created.topics[0].topicId;
});

after(async () => {
  witness?.close();
  await broker?.stop();
});

const pick = <T>(choices: readonly T[], random: number): T => choices[random % choices.length];

/** Swaps some values for such as mean something to the broker. */
function knowing(value: unknown, name: string, field: Field, version: number, random: () => number): unknown {
  if (!containsVersion(field.versions, version) || value === null) return value;
  if (field.kind === 'array') {
    return (value as unknown[]).map((element) => knowing(element, name, field.element!, version, random));
  }
  if (field.kind === 'struct') return knowingFields(value as object, field.fields!, version, random);
  if (random() % 4 === 0) return value;
  if (value instanceof Uint8Array) return field.kind === 'records' ? someBatch(random) : value;
  if (typeof value === 'string') {
    if (field.kind === 'uuid') return topicId;
    if (/topic|^name|resourceName/i.test(name)) {
      return pick(['real', 'fresh', '__consumer_offsets', '__transaction_state', '__cluster_metadata', '1'], random());
    }
    if (/group|transactional|key$/i.test(name)) return pick(['one', 'other', ''], random());
    return /clientSoftware/.test(name) ? 'name' : value;
  }
  if (typeof value !== 'number') return value;
  if (/partition|index/i.test(name)) return pick([0, 1, 2, 3, -1], random());
  if (/resourceType/.test(name)) return pick([2, 4, 8, 16, 32], random());
  if (/epoch|offset|generation|acks|sessionId|version/i.test(name)) return pick([-1, 0, 1, 2], random());
  if (/timeout|wait|ms$/i.test(name)) return pick([0, 1, 10_000], random());
  return /replicationFactor/.test(name) ? pick([1, -1], random()) : value;
}

function knowingFields(value: object, fields: Fields, version: number, random: () => number): object {
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
    name,
    knowing(inner, name, fields[name], version, random),
  ]);
  return Object.fromEntries(entries);
}

function someBatch(random: () => number): Uint8Array {
  return buildBatch([{ key: 'k', value: 'v', timestamp: 1_700_000_000_000 }], {
    producerId: pick([-1, 0, 1, 2 ** 40], random()),
    producerEpoch: pick([-1, 0], random()),
    baseSequence: pick([-1, 0], random()),
    transactional: random() % 3 === 0,
  });
}

/** The frame, a frame that ends early, and frames with damaged bytes. */
function variants(frame: Buffer, random: () => number): Buffer[] {
  const cut = Buffer.from(frame.subarray(0, 5 + (random() % Math.max(1, frame.length - 5))));
  cut.writeInt32BE(cut.length - 4, 0);
  const damaged = [1, 2, 4].map((count) => {
    const bytes = Buffer.from(frame);
    for (let i = 0; i < count; i++) {
      const at = 12 + (random() % Math.max(1, bytes.length - 12));
      if (at < bytes.length) bytes[at] = pick([0xff, 0x7f, 0, 0x80, bytes[at] ^ 1], random());
    }
    return bytes;
  });
  return [frame, cut, ...damaged];
}

async function sendAll(apiKey: number): Promise<void> {
  const api = createApiTable().get(apiKey)!;
  for (let version = api.minVersion; version <= api.maxVersion; version++) {
    const seed = SEED * 1000 + version;
    let state = seed;
    const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) >> 8;
    const clients: RawClient[] = [];
    for (const made of fc.sample(arbitraryMessage(api.request, version), { seed, numRuns: RUNS })) {
      const body = knowingFields(made, api.request.fields, version, random);
      const frame = requestFrame(api.request, version, body as never, 5, pick(['raw', '', null], random()));
      for (const bytes of variants(frame, random)) {
        sending = `api ${apiKey} v${version} ${bytes.toString('hex').slice(0, 2000)}`;
        const about = sending;
        const client = await RawClient.connect(broker.port);
        client.write(bytes);
        client.await(api.request, version, 5).catch((error: Error) => {
          // Damaged ids come back damaged.
          if (bytes === frame && error.message !== 'connection closed') failures.push(`${error.message}: ${about}`);
        });
        clients.push(client);
      }
      await witness.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    }
    for (const client of clients) client.close();
  }
  await witness.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
  assert.deepEqual(failures.splice(0), []);
}

describe('fuzz', () => {
  for (const [apiKey, { request }] of createApiTable()) {
    test(`${request.name}: others are served on, nothing fails inside`, { timeout: 60_000 }, () => sendAll(apiKey));
  }
});
