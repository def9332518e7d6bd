// A disk that is completely full: in memory, and on a small file system where one can be mounted.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { startTestBroker, type TestBroker } from '../../src/testing/test-broker.ts';
import { StorageClient } from './storage-client.ts';

const { KAFKA_STORAGE_ERROR, NONE } = ErrorCode;
const CONFIGS = { 'millrace.disk.reserve.bytes': 65_536, 'log.segment.delete.delay.ms': 0 };
const VALUE = 'v'.repeat(10_000);

describe('a full disk', () => {
  const fatal: string[] = [];
  let broker: TestBroker | undefined;
  let client: StorageClient;

  afterEach(async () => {
    client.close();
    await broker?.stop().catch(() => {});
    fatal.length = 0;
  });

  async function start(options: Parameters<typeof startTestBroker>[0]): Promise<void> {
    broker = await startTestBroker({ ...options, configs: CONFIGS, onFatal: (error) => fatal.push(error.message) });
    client = await StorageClient.connect(broker.port);
  }

  /** Writes until nothing fits any more, not even a small record, nor a word into the metadata log. */
  async function fill(): Promise<void> {
    for (const value of [VALUE, 'v'.repeat(500), 'v']) {
      let errorCode: number = NONE;
      while (errorCode === NONE) [errorCode] = await client.produce('ballast', value, { acks: 1 });
      assert.equal(errorCode, KAFKA_STORAGE_ERROR);
    }
    let errorCode: number = NONE;
    for (let at = 0; errorCode === NONE; at++) {
      errorCode = await client.alter(2, 'ballast', 'retention.ms', `${1_000_000 + at}`);
    }
    assert.equal(errorCode, KAFKA_STORAGE_ERROR);
  }

  /** Room is made some time after a deletion, and kept back anew with the next word in the metadata log. */
  async function untilReserved(hasReserve: () => boolean): Promise<void> {
    for (let at = 0; !hasReserve(); at++) await client.alter(2, 'kept', 'retention.ms', `${2_000_000 + at}`);
  }

  async function works(hasReserve: () => boolean): Promise<void> {
    await client.create('ballast');
    await client.create('kept');
    assert.deepEqual(await client.produce('kept', 'one'), [NONE, 0]);
    await fill();
    assert.equal(await client.create('more'), KAFKA_STORAGE_ERROR);
    assert.deepEqual(await client.values('kept'), ['one']);
    assert.deepEqual(fatal, []);
    assert.equal(await client.delete('ballast'), NONE);
    let errorCode: number = KAFKA_STORAGE_ERROR;
    while (errorCode !== NONE) errorCode = await client.create('ballast');
    await untilReserved(hasReserve);
    assert.deepEqual(await client.produce('kept', 'two'), [NONE, 1]);
    // Room is kept back anew: it works again and again.
    await fill();
    assert.equal(await client.delete('ballast'), NONE);
    while ((await client.create('ballast')) !== NONE);
    await untilReserved(hasReserve);
    assert.deepEqual(await client.values('kept'), ['one', 'two']);
    assert.deepEqual(fatal, []);
  }

  test('topics can still be deleted, and everything goes on then', async () => {
    const files = new MemoryFileSpace(() => Date.now());
    await start({ store: new SegmentedLogStore(files) });
    files.capacityBytes = files.usedBytes + 300_000;
    await works(() => typeof files.stat('/millrace/.millrace-reserve') !== 'number');
  });

  test('a broker starts on it, and can be emptied', async () => {
    const files = new MemoryFileSpace(() => Date.now());
    await start({ store: new SegmentedLogStore(files) });
    files.capacityBytes = files.usedBytes + 300_000;
    await client.create('ballast');
    await client.create('kept');
    await client.produce('kept', 'one');
    await fill();
    const after = files.clone();
    after.capacityBytes = after.usedBytes;
    client.close();
    await broker!.stop().catch(() => {});
    await start({ store: new SegmentedLogStore(after) });
    assert.deepEqual(await client.values('kept'), ['one']);
    assert.equal(await client.delete('ballast'), NONE);
    while ((await client.produce('kept', 'two'))[0] !== NONE);
    assert.deepEqual(fatal, []);
  });

  for (const engine of ['portable', 'native'] as const)
    test(`the same on a file system of its own (${engine})`, async (context) => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'));
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'ignore' });
      } catch {
        rmdirSync(folder);
        context.skip('nothing can be mounted here');
        return;
      }
      try {
        await start({ folder: `${folder}/data`, engine });
        await works(() => existsSync(`${folder}/data/.millrace-reserve`));
        await fill();
        assert.equal(statfsSync(folder).bavail, 0);
        client.close();
        await broker!.stop().catch(() => {});
        await start({ folder: `${folder}/data`, engine });
        assert.deepEqual(await client.values('kept'), ['one', 'two']);
        assert.equal(await client.delete('ballast'), NONE);
        while ((await client.create('more')) !== NONE);
        client.close();
        await broker!.stop();
      } finally {
        await broker?.stop().catch(() => {});
        execFileSync('umount', ['-l', folder]);
        rmdirSync(folder);
      }
    });
});
