import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portableCrc32c } from '../../src/protocol/records/batch-header.ts';
import { scrubSegment } from '../../src/storage/scrub/scrub-segment.ts';
import { compressedMessage, oldMessage, writeFile } from '../native/old-messages.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { CompactedLog } from './cleaner/cleaner-fixture.ts';
import { FOLDER, LogFixture, NOW_MS } from './log-fixture.ts';

const FIRST = `${FOLDER}/00000000000000000000.log`;
const SECOND = `${FOLDER}/00000000000000000010.log`;

/** Offsets 0 to 9: two messages, eight in one, and a batch behind them; `LogFixture.crash` opens it. */
function parts(magic: 0 | 1, timestamp = NOW_MS): Buffer[] {
  return [
    oldMessage({ magic, offset: 0, timestamp: timestamp - 20, key: 'a', value: 'first' }),
    oldMessage({ magic, offset: 1, timestamp: timestamp - 10, key: 'b', value: '' }),
    compressedMessage(magic, 2, 8, timestamp),
  ];
}

function filled(magic: 0 | 1, fixture = new LogFixture(), timestamp = NOW_MS): LogFixture {
  writeFile(fixture.files, FIRST, parts(magic, timestamp));
  writeFile(fixture.files, SECOND, [simpleBatch(2, NOW_MS + 5, 10, { baseOffset: 10 })]);
  fixture.crash({ recoveryPoint: 0 });
  return fixture;
}

const OFFSETS = Array.from({ length: 12 }, (_, offset) => offset);

for (const magic of [0, 1] as const)
  describe(`a log with messages of format ${magic}`, () => {
    test('is whole after a crash and after a clean stop, and takes batches behind them', () => {
      const fixture = filled(magic);
      assert.equal(fixture.log.logEndOffset, 12);
      assert.deepEqual(fixture.log.damage, []);
      const check = () =>
        assert.deepEqual(
          [...fixture.records(0)].map(({ offset }) => offset),
          OFFSETS,
        );
      check();
      fixture.reopen();
      check();
      const single = new LogFixture();
      writeFile(single.files, FIRST, parts(magic));
      single.crash({ recoveryPoint: 0 });
      assert.equal(single.appendRecords(2).baseOffset, 10);
      single.crash();
      single.reopen();
      assert.deepEqual(
        single.records(0).map(({ offset }) => offset),
        OFFSETS,
      );
    });

    test('loses a torn or damaged tail behind its recovery point', () => {
      const message = oldMessage({ magic, offset: 12, value: 'value' });
      const damaged = Buffer.from(message);
      damaged[damaged.length - 1] ^= 1;
      for (const tail of [message.subarray(0, message.length - 1), damaged]) {
        const fixture = filled(magic);
        fixture.files.edit(SECOND, (bytes) => Buffer.concat([bytes, tail]));
        fixture.crash({ recoveryPoint: 10 });
        assert.equal(fixture.log.logEndOffset, 12);
        assert.equal(fixture.file('00000000000000000010.log').length, simpleBatch(2, NOW_MS).length);
      }
    });

    test('finds offsets by timestamp', () => {
      const { log } = filled(magic);
      const at = (timestamp: number) => log.offsetForTimestamp(timestamp, 12)?.offset;
      assert.deepEqual(
        [NOW_MS - 20, NOW_MS - 15, NOW_MS - 7, NOW_MS - 2, NOW_MS, NOW_MS + 5, NOW_MS + 6].map(at),
        magic === 1 ? [0, 1, 2, 7, 9, 10, undefined] : [10, 10, 10, 10, 10, 10, undefined],
      );
      assert.equal(log.maxTimestampOffset(12)?.offset, 10);
    });

    test('has their segment deleted by their timestamps, or by the time of its file', () => {
      const fixture = filled(magic, new LogFixture({ retentionMs: 1000 }), NOW_MS - 1001);
      assert.equal(fixture.log.deleteOldSegments(), magic);
      fixture.clock.advance(1002);
      assert.equal(fixture.log.deleteOldSegments(), 1 - magic);
    });

    test('is scrubbed', async () => {
      const fixture = filled(magic);
      const scrub = async () => {
        await fixture.sync();
        const [segment] = fixture.log.scrubSegments();
        const steps = scrubSegment({ folder: FOLDER, ...segment }, fixture.files, portableCrc32c);
        for (;;) {
          const step = steps.next();
          if (step.done) return step.value.damage;
        }
      };
      assert.deepEqual(await scrub(), []);
      fixture.files.edit(FIRST, (bytes) => {
        bytes[parts(magic)[0].length + 20] ^= 1;
        return bytes;
      });
      assert.deepEqual(
        (await scrub()).map(({ fromOffset, what }) => [fromOffset, what]),
        [[1, 'crc']],
      );
    });

    test('is compacted: what is left of them become batches', async () => {
      const log = filled(magic, new CompactedLog()) as CompactedLog;
      log.put([
        ['a', 'newer'],
        ['k3', null],
      ]);
      log.log.roll();
      log.put([['last', 'x']]);
      assert.equal((await log.clean()).isComplete, true);
      assert.deepEqual(
        log
          .data()
          .map(({ offset, key, value }) => [offset, key, value])
          .filter(([, key]) => key !== null),
        [
          [1, 'b', ''],
          ...[0, 1, 2, 4, 5, 6, 7].map((at) => [2 + at, `k${at}`, String(at)]),
          [11, 'k', 'a'.repeat(10)],
          [12, 'a', 'newer'],
          [13, 'k3', null],
          [14, 'last', 'x'],
        ],
      );
      const timestamps = log
        .data()
        .slice(0, 2)
        .map(({ timestamp }) => timestamp);
      assert.deepEqual(timestamps, magic === 1 ? [NOW_MS - 10, NOW_MS - 7] : [-1, -1]);
      log.crash({ recoveryPoint: 0 });
      assert.equal(log.log.logEndOffset, 15);
    });
  });
