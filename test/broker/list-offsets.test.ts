// What ListOffsets asks of the storage workers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listOffsets } from '../../src/broker/apis/02-list-offsets.ts';
import type { BrokerServices, RequestContext } from '../../src/broker/broker-services.ts';
import { StorageLinks } from '../../src/broker/storage-links.ts';
import type { FromStorage, StorageRequest, ToStorage } from '../../src/partition/storage-messages.ts';
import type { ListOffsetsResponse } from '../../src/protocol/messages/02-list-offsets.ts';
import { allocatePartitionTable, PartitionTable, RowSlot } from '../../src/ring/partition-table.ts';

const EARLIEST = -2;

test('leader epochs of the first records are asked of each worker at once', async () => {
  const table = new PartitionTable(allocatePartitionTable(6));
  for (let row = 0; row < 6; row++) {
    table.set(row, RowSlot.leaderEpoch, 50);
    table.set(row, RowSlot.logStartOffset, row * 10);
    table.set(row, RowSlot.logEndOffset, row === 4 ? 40 : 100);
  }
  const asked: StorageRequest[] = [];
  const worker = () => {
    let receive: (message: FromStorage) => void;
    return {
      onMessage: (listener: typeof receive) => void (receive = listener),
      post: ({ id, request }: ToStorage) => {
        asked.push(request);
        assert.ok(request.op === 'epochsForOffsets');
        // That of row 4, which is empty, is not known.
        const leaderEpochs = request.offsets.map((offset) => (offset === 40 ? -1 : offset / 10));
        queueMicrotask(() => receive({ type: 'reply', id, reply: { rows: request.rows, leaderEpochs }, error: null }));
      },
    };
  };
  const services = {
    table,
    storage: new StorageLinks([worker(), worker()], { onOffline: () => {} }),
    partitions: { locate: (_: string, row: number) => ({ errorCode: 0, row }) },
  } as unknown as BrokerServices;
  const partitions = [0, 1, 2, 3, 4, 5].map((partitionIndex) => ({ partitionIndex, timestamp: EARLIEST }));
  const topics = [
    { name: 'a', partitions: partitions.slice(0, 3) },
    { name: 'b', partitions: partitions.slice(3) },
  ];
  const request = { replicaId: -1, isolationLevel: 0, topics };
  const answer = (await listOffsets.handle!(
    request as never,
    { apiVersion: 7 } as RequestContext,
    services,
  )) as ListOffsetsResponse;
  assert.deepEqual(
    answer.topics.flatMap((topic) => topic.partitions.map(({ offset, leaderEpoch }) => [offset, leaderEpoch])),
    [
      [0, 0],
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 50],
      [50, 5],
    ],
  );
  assert.deepEqual(asked, [
    { op: 'epochsForOffsets', rows: [0, 2, 4], offsets: [0, 20, 40] },
    { op: 'epochsForOffsets', rows: [1, 3, 5], offsets: [10, 30, 50] },
  ]);
});
