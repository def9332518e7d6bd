// The checksum scrub in a broker: on the thread of everything else, and on threads of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { recordBatches } from '../../src/protocol/records/stored-batches.ts';
import { startTestBroker } from '../../src/testing/test-broker.ts';
import { adapters } from '../native/adapters.ts';
import { StorageClient } from './storage-client.ts';

const { CORRUPT_MESSAGE, NONE } = ErrorCode;

interface Report {
  readonly partition: string;
  readonly file: string;
  readonly fromOffset: number;
  readonly toOffset: number;
}

for (const { name: engine } of adapters.filter(({ name }) => name !== 'memory'))
  describe(`scrub in a broker: ${engine}`, () => {
    test('rot in a closed segment is found, told, and stays between the records before and behind it', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-scrub-'));
      const reports: Report[] = [];
      let found = (): void => {};
      const reported = new Promise<void>((resolve) => (found = resolve));
      const error = (details: object, message: string): void => {
        if (!message.startsWith('records are damaged')) return;
        reports.push(details as Report);
        found();
      };
      const options = {
        folder,
        engine: engine as 'portable' | 'native',
        logger: { ...silentLogger, error },
        configs: { 'millrace.scrub.interval.ms': 1_000 },
      };
      try {
        let broker = await startTestBroker(options);
        let client = await StorageClient.connect(broker.port);
        await client.create('t', 1, { 'segment.bytes': '1048576' });
        const value = 'v'.repeat(40_000);
        for (let at = 0; at < 30; at++) assert.equal((await client.produce('t', value))[0], NONE);
        const file = join(folder, 't-0', '00000000000000000000.log');
        const bytes = readFileSync(file);
        const [first] = recordBatches(bytes);
        bytes[10 * first.sizeBytes + 5_000] ^= 1;
        writeFileSync(file, bytes);
        await reported;
        assert.deepEqual(
          reports.map(({ partition, fromOffset, toOffset }) => [partition, fromOffset, toOffset]),
          [['t-0', 10, 11]],
        );
        assert.equal(reports[0].file, file);
        const check = async (): Promise<void> => {
          assert.equal((await client.fetch('t', 10)).errorCode, CORRUPT_MESSAGE);
          const before = await client.fetch('t', 8);
          assert.deepEqual(
            before.batches.map(({ baseOffset }) => baseOffset),
            [8, 9],
          );
          const behind = await client.fetch('t', 11);
          assert.equal(behind.errorCode, NONE);
          assert.equal(behind.batches[0].baseOffset, 11);
          assert.ok(behind.batches.every((batch) => batch.hasValidCrc()));
          assert.equal((await client.produce('t', 'more'))[0], NONE);
        };
        await check();
        client.close();
        await broker.stop();
        broker = await startTestBroker({ ...options, configs: { 'millrace.scrub.enable': false } });
        client = await StorageClient.connect(broker.port);
        await check();
        assert.equal(reports.length, 1);
        client.close();
        await broker.stop();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
