// Transactions over real sockets: what a Produce request may begin, how batches wait for their coordinator, what readers
// of committed records see, and what is left after a crash.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts';
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/protocol/messages/24-add-partitions-to-txn.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from '../../src/protocol/messages/27-write-txn-markers.ts';
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../src/protocol/messages/61-describe-producers.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { requestFrame } from './raw-client.ts';
import { batchOf, type Producer, TOPIC, TransactionClient, type Write } from './transaction-client.ts';

const { NONE, INVALID_TXN_STATE, TRANSACTION_ABORTABLE, INVALID_PRODUCER_EPOCH } = ErrorCode;

let broker: TestBroker;
let client: TransactionClient;
/** Tests share the topic; each has partition 0's end to itself. */
let base = 0;

before(async () => {
  broker = await startTestBroker();
  client = await TransactionClient.connect(broker.port);
});

after(async () => {
  client?.close();
  await broker?.stop();
});

async function begin(id: string): Promise<Producer> {
  base = await client.lastStableOffset();
  return client.init(id);
}

describe('what a Produce request may do', () => {
  test('from version 12 on it begins the transaction; before, the partition must have joined', async () => {
    const producer = await begin('begins');
    assert.deepEqual(await client.produce(11, 'begins', producer), [[TRANSACTION_ABORTABLE, -1]]);
    assert.deepEqual(await client.produce(10, 'begins', producer), [[INVALID_TXN_STATE, -1]]);
    assert.equal(await client.state('begins'), 'Empty');
    assert.deepEqual(await client.produce(12, 'begins', producer), [[NONE, base]]);
    assert.equal(await client.state('begins'), 'Ongoing');
    assert.deepEqual(await client.produce(13, 'begins', { ...producer, sequence: 1 }), [[NONE, base + 1]]);
    const next = await client.end('begins', producer, true);
    assert.equal(next.producerEpoch, producer.producerEpoch + 1);
    await client.completed('begins');
    assert.deepEqual(await client.produce(12, 'begins', { ...producer, sequence: 2 }), [[INVALID_PRODUCER_EPOCH, -1]]);
    assert.deepEqual(
      await client.produce(12, 'begins', { ...next, sequence: 5 }),
      [[45, -1]],
      'a new epoch begins at 0',
    );
    await client.end('begins', next, false);
  });

  test('a client that learns of no error of its own is told that the partition has not joined', async () => {
    const records = batchOf(await begin('told'));
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
    const request = { transactionalId: 'told', acks: -1, timeoutMs: 1000, topicData };
    const { responses } = await client.raw.ask(produceRequest, produceResponse, 10, request);
    const { errorCode, errorMessage } = responses[0].partitionResponses[0];
    assert.deepEqual([errorCode, errorMessage], [INVALID_TXN_STATE, 'the partition was not added to the transaction']);
  });

  test('an older client adds its partitions and keeps its epoch', async () => {
    const producer = await begin('older');
    assert.equal(await client.add('older', producer, [0]), NONE);
    assert.deepEqual(await client.produce(9, 'older', producer), [[NONE, base]]);
    const { TRANSACTION_ABORTABLE: abortable } = ErrorCode;
    const elsewhere = await client.produce(11, 'older', { ...producer, partition: 1 });
    assert.deepEqual(elsewhere, [[abortable, -1]], 'that one has not joined');
    await client.end('older', producer, true, 4);
    await client.completed('older');
    const late = await client.produce(11, 'older', { ...producer, sequence: 1 });
    assert.deepEqual(late, [[abortable, -1]], 'after the end it belongs to no transaction');
    assert.deepEqual(await client.produce(11, 'older', producer), [[NONE, base]], 'a repetition is told its offset');
  });

  test('transactional batches need a transactional id, and one producer', async () => {
    const producer = await begin('one');
    const refused = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    assert.deepEqual(await client.produce(12, null, producer, { partition: 1 }), [
      [refused, -1],
      [refused, -1],
    ]);
    const other = { ...(await client.init('other')), partition: 1 };
    assert.deepEqual(await client.produce(12, 'one', producer, other), [
      [ErrorCode.INVALID_PRODUCER_ID_MAPPING, -1],
      [ErrorCode.INVALID_PRODUCER_ID_MAPPING, -1],
    ]);
    const fenced = { ...producer, producerEpoch: producer.producerEpoch + 1 };
    assert.deepEqual(await client.produce(12, 'one', fenced), [[INVALID_PRODUCER_EPOCH, -1]]);
    assert.deepEqual(await client.produce(12, 'other', producer), [[ErrorCode.INVALID_PRODUCER_ID_MAPPING, -1]]);
    assert.deepEqual(await client.produce(12, 'unknown', producer), [[ErrorCode.INVALID_PRODUCER_ID_MAPPING, -1]]);
    const plain = await client.produce(12, 'one', { value: 'plain' });
    assert.deepEqual(plain, [[NONE, base]], 'a batch without a transaction may come along');
    assert.equal(await client.state('one'), 'Empty');
  });

  test('requests that follow each other closely are applied in their order', async () => {
    const producer = await begin('pipelined');
    const count = 20;
    const request = (sequence: number) => {
      const records = batchOf({ ...producer, sequence, value: String(sequence) });
      const other = batchOf({ ...producer, sequence, value: String(sequence), partition: 1 });
      const partitionData = [
        { index: 0, records },
        { index: 1, records: other },
      ];
      return { transactionalId: 'pipelined', acks: -1, timeoutMs: 1000, topicData: [{ name: TOPIC, partitionData }] };
    };
    const answers = Array.from({ length: count }, (_, index) => client.raw.await(produceRequest, 12, 100 + index));
    const frames = answers.map((_, index) => requestFrame(produceRequest, 12, request(index), 100 + index));
    client.raw.write(Buffer.concat(frames));
    const codes = (await Promise.all(answers)).map((answer) => {
      const { responses } = answer as {
        responses: { partitionResponses: { errorCode: number; baseOffset: number }[] }[];
      };
      return responses[0].partitionResponses.map(({ errorCode }) => errorCode);
    });
    assert.deepEqual(codes, Array(count).fill([NONE, NONE]));
    await client.end('pipelined', producer, true);
    await client.completed('pipelined');
    const { values } = await client.fetchCommitted(base);
    assert.deepEqual(
      values,
      Array.from({ length: count }, (_, index) => String(index)),
    );
  });

  test('a connection that ends while its batches wait does no harm', async () => {
    const producer = await begin('leaver');
    const leaver = await TransactionClient.connect(broker.port);
    const records = batchOf(producer);
    const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
    const request = { transactionalId: 'leaver', acks: -1, timeoutMs: 1000, topicData };
    leaver.raw.write(requestFrame(produceRequest, 12, request));
    leaver.close();
    assert.equal((await client.produce(12, 'leaver', producer))[0][0], NONE);
    await client.end('leaver', producer, false);
    await client.completed('leaver');
  });
});

describe('what readers of committed records see', () => {
  test('nothing of an open transaction, nor anything behind it', async () => {
    const first = await begin('first');
    const second = await client.init('second');
    await client.produce(12, 'first', { ...first, value: 'first' });
    await client.produce(12, 'second', { ...second, value: 'second' });
    await client.produce(12, null, { value: 'plain' });
    assert.equal(await client.lastStableOffset(), base);
    await client.end('second', second, true);
    await client.completed('second');
    assert.deepEqual(await client.fetchCommitted(base), {
      errorCode: NONE,
      lastStableOffset: base,
      aborted: [],
      values: [],
    });
    const waiting = await TransactionClient.connect(broker.port);
    const fetched = waiting.fetchCommitted(base, 0, 10_000);
    await client.end('first', first, false);
    const seen = await fetched;
    assert.deepEqual(seen.values, ['second', 'plain'], 'a reader that waits is told at once');
    assert.deepEqual(seen.aborted, [{ producerId: first.producerId, firstOffset: base }]);
    assert.equal(seen.lastStableOffset, base + 5);
    waiting.close();
  });

  test('aborted transactions are named only to who may meet their records', async () => {
    const producer = await begin('aborts');
    await client.produce(12, 'aborts', { ...producer, value: 'no' });
    const next = await client.end('aborts', producer, false);
    await client.completed('aborts');
    await client.produce(12, 'aborts', { ...next, value: 'yes' });
    await client.end('aborts', next, true);
    await client.completed('aborts');
    const all = await client.fetchCommitted(base);
    assert.deepEqual(all.values, ['yes']);
    assert.deepEqual(all.aborted, [{ producerId: producer.producerId, firstOffset: base }]);
    const later = await client.fetchCommitted(base + 2);
    assert.deepEqual([later.aborted, later.values], [[], ['yes']]);
  });
});

describe('what brokers and administrators ask', () => {
  const verify = async (
    transaction: Write & { id: string; verifyOnly: boolean; partitions: number[]; topic?: string },
  ) => {
    const { id, verifyOnly, partitions, topic = TOPIC, producerId = -1, producerEpoch = -1 } = transaction;
    const topics = [{ name: topic, partitions }];
    const transactions = [{ transactionalId: id, producerId, producerEpoch, verifyOnly, topics }];
    const answer = await client.raw.ask(addPartitionsToTxnRequest, addPartitionsToTxnResponse, 5, { transactions });
    return answer.resultsByTransaction[0].topicResults[0].resultsByPartition.map((one) => one.partitionErrorCode);
  };

  test('partitions are verified and added for many producers at once', async () => {
    const producer = await begin('batched');
    const question = { id: 'batched', ...producer, partitions: [0, 1] };
    assert.deepEqual(await verify({ ...question, verifyOnly: true }), [TRANSACTION_ABORTABLE, TRANSACTION_ABORTABLE]);
    assert.deepEqual(await verify({ ...question, verifyOnly: false, partitions: [1] }), [NONE]);
    assert.deepEqual(await verify({ ...question, verifyOnly: true }), [TRANSACTION_ABORTABLE, NONE]);
    assert.deepEqual(await verify({ ...question, verifyOnly: false, partitions: [1, 99] }), [
      ErrorCode.OPERATION_NOT_ATTEMPTED,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    await client.end('batched', producer, false);
    await client.completed('batched');
  });

  const writeMarker = async (producer: Producer, partition: number, version: number, extra: object = {}) => {
    const topics = [{ name: TOPIC, partitionIndexes: [partition] }];
    const markers = [{ ...producer, transactionResult: false, topics, coordinatorEpoch: 0, ...extra }];
    const answer = await client.raw.ask(writeTxnMarkersRequest, writeTxnMarkersResponse, version, { markers });
    return answer.markers[0].topics[0].partitions[0].errorCode;
  };

  test('a marker ends what was left behind, may come twice, and is judged by its version', async () => {
    const producer = await begin('left-behind');
    await client.produce(12, 'left-behind', producer);
    const next = { ...producer, producerEpoch: producer.producerEpoch + 1 };
    assert.equal(await writeMarker(producer, 99, 2), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    const strict = { transactionVersion: 2 };
    assert.equal(await writeMarker(producer, 0, 2, strict), INVALID_PRODUCER_EPOCH, 'each transaction has its epoch');
    assert.equal(await writeMarker(next, 0, 2, strict), NONE);
    assert.equal(await client.lastStableOffset(), base + 2);
    assert.equal(await writeMarker(next, 0, 2, strict), NONE);
    assert.equal(await writeMarker(next, 0, 1), NONE);
    assert.equal(await client.lastStableOffset(), base + 4);
    assert.equal(await writeMarker(next, 0, 1, { coordinatorEpoch: -1 }), ErrorCode.TRANSACTION_COORDINATOR_FENCED);
    assert.equal(await writeMarker(producer, 0, 1), INVALID_PRODUCER_EPOCH);
  });

  test('an open transaction shows where it begins', async () => {
    const producer = await begin('described');
    await client.produce(12, 'described', producer);
    const describeFirst = async () => {
      const request = { topics: [{ name: TOPIC, partitionIndexes: [0] }] };
      const { topics } = await client.raw.ask(describeProducersRequest, describeProducersResponse, 0, request);
      return topics[0].partitions[0].activeProducers.find((one) => one.producerId === producer.producerId);
    };
    assert.equal((await describeFirst())?.currentTxnStartOffset, base);
    await client.end('described', producer, true);
    await client.completed('described');
    assert.equal((await describeFirst())?.currentTxnStartOffset, -1);
  });
});

test('a crash leaves open transactions open, and decided ones are brought to their end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-transactions-'));
  const configs = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 50 };
  try {
    await using first = await startTestBroker({ folder: join(folder, 'a'), configs });
    const before = await TransactionClient.connect(first.port);
    const open = await before.init('open');
    const aborted = await before.init('aborted');
    await before.produce(12, 'open', { ...open, value: 'open' });
    await before.produce(12, 'aborted', { ...aborted, value: 'aborted' });
    await before.end('aborted', aborted, false);
    await before.completed('aborted');
    const slow = await before.init('slow', 400);
    await before.produce(12, 'slow', { ...slow, partition: 1, value: 'slow' });
    // What the disk would hold if the process were killed now.
    cpSync(join(folder, 'a'), join(folder, 'b'), { recursive: true, filter: (path) => !path.endsWith('.lock') });
    before.close();

    await using second = await startTestBroker({ folder: join(folder, 'b'), configs });
    const later = await TransactionClient.connect(second.port);
    assert.equal(await later.state('open'), 'Ongoing');
    assert.equal(await later.lastStableOffset(), 0);
    assert.deepEqual(await later.produce(12, 'open', { ...open, value: 'open' }), [[NONE, 0]], 'a repetition');
    assert.deepEqual(await later.produce(12, 'open', { ...open, sequence: 1, value: 'more' }), [[NONE, 3]]);
    await later.end('open', open, true);
    await later.completed('open');
    const { values, aborted: named } = await later.fetchCommitted();
    assert.deepEqual(values, ['open', 'more']);
    assert.deepEqual(named, [{ producerId: aborted.producerId, firstOffset: 1 }]);
    await later.completed('slow');
    assert.deepEqual((await later.fetchCommitted(0, 1)).values, [], 'time went on');
    assert.ok((await later.init('slow')).producerEpoch > slow.producerEpoch);
    later.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
