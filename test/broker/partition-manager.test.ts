// Partitions and the rows of the table they live in, with stand-ins for storage workers, I/O threads and directories.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartitionManager, type PartitionManagerContext } from '../../src/broker/partition-manager.ts';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { allocatePartitionTable, PartitionTable } from '../../src/ring/partition-table.ts';
import {
  creatable,
  createRequest,
  LATEST,
  NODE_ID,
  type Setup,
  startedController,
} from '../controller/controller-setup.ts';

function manage(rowsMax: number) {
  const routes = new Map<string, readonly number[]>();
  const withoutRoom: number[] = [];
  const opened: string[] = [];
  const place = { folder: '', recoveryPoint: 0, logStartOffset: 0, cleanedOffset: 0, cleanShutdown: true };
  const context = {
    nodeId: NODE_ID,
    table: new PartitionTable(allocatePartitionTable(rowsMax)),
    storage: { requestRows: async () => [] },
    io: {
      publishRoutes: async (set: { name: string; rows: Int32Array }[]) => {
        for (const { name, rows } of set) routes.set(name, [...rows]);
      },
    },
    directories: {
      place: (topic: string, partition: number) => {
        opened.push(`${topic}-${partition}`);
        return place;
      },
      idOf: () => undefined,
      forget: () => {},
    },
    config: () => new BrokerConfig(new Map()),
    writeCheckpoints: () => {},
    onPartitionOnline: () => {},
    onPartitionOffline: () => {},
    onPartitionDeleted: () => {},
    onAssigned: () => {},
    onNoRoom: (count: number) => withoutRoom.push(count),
  } as unknown as PartitionManagerContext;
  return { manager: new PartitionManager(context), routes, withoutRoom, opened };
}

const create = (setup: Setup, name: string, numPartitions: number) =>
  setup.controller.createTopics(createRequest([creatable(name, { numPartitions })]), LATEST);

test('of more partitions than there is room for, those that find room are served', async () => {
  const setup = await startedController();
  await create(setup, 'a', 2);
  await create(setup, 'b', 2);
  const { manager, routes, withoutRoom, opened } = manage(3);
  let applied = 0;
  await setup.controller.subscribe(async (delta, image) => {
    await manager.apply(delta, image);
    applied++;
  });
  assert.equal(applied, 1, 'the change is not given up');
  assert.deepEqual(withoutRoom, [1]);
  assert.deepEqual(opened, ['a-0', 'a-1', 'b-0']);
  assert.deepEqual(routes.get('a'), [0, 1]);
  assert.deepEqual(routes.get('b'), [2, -1]);
  assert.equal(manager.locate('b', 1).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  await setup.controller.deleteTopics({ topics: [], topicNames: ['a'], timeoutMs: 5000 }, LATEST);
  await create(setup, 'c', 2);
  assert.deepEqual(opened.slice(3), ['c-0', 'c-1'], 'rows that came free');
  assert.deepEqual(withoutRoom, [1]);
});
