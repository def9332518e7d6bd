import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { describe, test } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { LogStore } from '../../src/native/log-store.ts';
import { ErrorCode } from '../../src/protocol/errors.ts';
import { AppendOrigin } from '../../src/storage/append-origin.ts';
import { Log } from '../../src/storage/log.ts';
import { offsetFileName } from '../../src/storage/log-files.ts';
import { adapters } from '../native/adapters.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { DEFAULT_CONFIG, NOW_MS, TOPIC_ID } from './log-fixture.ts';

const SEGMENT_BYTES = 50_000;

function open(store: LogStore, folder: string, recoveryPoint: number, cleanShutdown: boolean): Log {
  const log = Log.open(store, folder, {
    topic: 't',
    partition: 0,
    topicId: TOPIC_ID,
    config: { ...DEFAULT_CONFIG, segmentBytes: SEGMENT_BYTES, preallocate: true },
    validation: { decompressedBytesMax: 1 << 27 },
    producerStateOptions: { producerIdExpirationMs: 86_400_000, verificationEnabled: false },
    clock: new ManualClock(NOW_MS),
    random: seededRandom(1),
    logger: silentLogger,
    recoveryPoint,
    logStartOffset: 0,
    cleanShutdown,
    leaderEpoch: 0,
  });
  log.setHighWatermark(log.logEndOffset);
  return log;
}

for (const adapter of adapters.filter(({ name }) => name !== 'memory'))
  describe(`preallocate: ${adapter.name}`, () => {
    test('segments have their whole size while they are active, also through kills', () => {
      const { store, folder, dispose } = adapter.open();
      try {
        const path = `${folder}/t-0`;
        const sizes = (at: string, log: Log): number[] =>
          log.segments.map(
            (base) => (store.files.stat(`${at}/${offsetFileName(base, '.log')}`) as { sizeBytes: number }).sizeBytes,
          );
        const append = (log: Log, count: number): void => {
          for (let at = 0; at < count; at++) {
            const outcome = log.append(simpleBatch(1, NOW_MS, 9_900), AppendOrigin.client);
            assert.equal(outcome.errorCode, ErrorCode.NONE);
          }
          log.setHighWatermark(log.logEndOffset);
        };
        const log = open(store, path, 0, true);
        append(log, 7);
        const [closed, active] = sizes(path, log);
        assert.ok(closed < SEGMENT_BYTES && closed > 40_000, `${closed}`);
        assert.equal(active, SEGMENT_BYTES);
        assert.ok(log.sizeBytes < closed + SEGMENT_BYTES);
        // What a kill leaves.
        cpSync(path, `${folder}/killed/t-0`, { recursive: true });
        const back = open(store, `${folder}/killed/t-0`, 0, false);
        assert.equal(back.logEndOffset, 7);
        assert.deepEqual(back.segments, log.segments);
        assert.ok(sizes(`${folder}/killed/t-0`, back)[1] < SEGMENT_BYTES);
        append(back, 5);
        assert.equal(back.logEndOffset, 12);
        back.close();
        log.close();
        const trimmed = sizes(path, log);
        assert.ok(trimmed[1] < SEGMENT_BYTES, `${trimmed[1]}`);
        const again = open(store, path, 7, true);
        append(again, 1);
        assert.equal(again.logEndOffset, 8);
        again.close();
      } finally {
        dispose();
      }
    });
  });
