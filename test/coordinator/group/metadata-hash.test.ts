import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupMetadataHash } from '../../../src/coordinator/group/metadata-hash.ts';

interface Topic {
  readonly mostSignificant: bigint;
  readonly leastSignificant: bigint;
  readonly partitionCount: number;
  readonly racks?: readonly string[];
}

function catalog(topics: Record<string, Topic>) {
  const describe = (name: string) => {
    const topic = topics[name];
    if (!topic) return null;
    const id = Buffer.alloc(16);
    id.writeBigInt64BE(topic.mostSignificant, 0);
    id.writeBigInt64BE(topic.leastSignificant, 8);
    return { name, id: id.toString('base64url'), partitionCount: topic.partitionCount };
  };
  return {
    byName: describe,
    byId: () => null,
    names: () => Object.keys(topics),
    racksOf: (name: string) => topics[name]?.racks ?? [],
  };
}

const orders = { mostSignificant: 1n, leastSignificant: 2n, partitionCount: 3 };
const far = { mostSignificant: -5n, leastSignificant: 77n, partitionCount: 2, racks: ['rack-b', 'a'] };

test('the hash is the one that Kafka 4.3 computes', () => {
  // Known answers of Kafka's formula over hash4j 0.22.
  const topics = catalog({ orders, 'tö-\u{1F600}': far });
  assert.equal(groupMetadataHash(['orders'], topics), -4373262523051953005n);
  assert.equal(groupMetadataHash(['tö-\u{1F600}', 'orders'], topics), -1985081767598506071n);
});

test('names twice, in another order, and topics that do not exist make no difference', () => {
  const topics = catalog({ orders, other: orders });
  const hash = groupMetadataHash(['orders', 'other'], topics);
  assert.equal(groupMetadataHash(['other', 'missing', 'orders', 'other'], topics), hash);
  assert.equal(groupMetadataHash(['missing'], topics), 0n);
  assert.equal(groupMetadataHash([], topics), 0n);
});

test('another id, another number of partitions and another rack each change it', () => {
  const of = (topic: Topic) => groupMetadataHash(['t'], catalog({ t: topic }));
  const hashes = new Set([
    of(orders),
    of({ ...orders, leastSignificant: 3n }),
    of({ ...orders, partitionCount: 4 }),
    of({ ...orders, racks: ['a'] }),
    of({ ...orders, racks: ['b'] }),
    of({ ...orders, racks: ['b', 'b'] }),
  ]);
  assert.equal(hashes.size, 6);
});
