// A broker on the engine, whose syncs fail: many partitions at once, so that they are synced as one file system.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { canFail, Fault, fileSystemSyncs, runFailing, setFault } from '../native/failing-calls.ts';
import { skip, temporaryFolder } from '../native/native-fixture.ts';
import { StorageClient } from './storage-client.ts';

const { KAFKA_STORAGE_ERROR, NONE } = ErrorCode;
const PARTITIONS = 6;

test('a broker whose syncs fail, in a process of its own', { skip: skip || canFail }, (t) => {
  const run = runFailing(import.meta.filename);
  if (!run) return t.skip('no compiler');
  assert.equal(run.status, 0, run.output);
});

describe('a broker whose syncs fail', { skip: skip || !canFail }, () => {
  for (const [what, faults] of [
    ['a write of one file failed earlier', [Fault.earlierWriteOfFile, Fault.dataOfFile]],
    ['neither the file system nor a file can be synced', [Fault.fileSystem, Fault.dataOfFile]],
  ] as const)
    test(`${what}: its directory is offline, and nothing is acknowledged in it again`, async () => {
      const { folder, dispose } = temporaryFolder();
      const broker = await startTestBroker({
        folder,
        engine: 'native',
        onFatal: () => {},
        configs: { 'log.dirs': `${folder}/a,${folder}/b`, 'file.delete.delay.ms': 0 },
      });
      const clients = await Promise.all(Array.from({ length: PARTITIONS }, () => StorageClient.connect(broker.port)));
      try {
        assert.equal(await clients[0].create('t', PARTITIONS), NONE);
        const replicas = await clients[0].replicas('t');
        const failed = replicas.find(({ partition }) => partition === 1)!.path;
        const failing = new Set(replicas.filter(({ path }) => path === failed).map(({ partition }) => partition));
        const produce = (): Promise<number[]> =>
          Promise.all(clients.map(async (client, index) => (await client.produce('t', 'v', { index }))[0]));
        const before = fileSystemSyncs();
        while (fileSystemSyncs() === before) assert.deepEqual(await produce(), new Array(PARTITIONS).fill(NONE));
        for (const fault of faults) setFault(fault, true);
        assert.equal((await produce())[1], KAFKA_STORAGE_ERROR);
        for (const fault of faults) setFault(fault, false);
        for (const [partition, code] of (await produce()).entries())
          assert.equal(code, failing.has(partition) ? KAFKA_STORAGE_ERROR : NONE, `partition ${partition}`);
      } finally {
        for (const fault of faults) setFault(fault, false);
        for (const client of clients) client.close();
        await broker.stop().catch(() => {});
        dispose();
      }
    });
});
