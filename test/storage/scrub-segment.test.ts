import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Errno } from '../../src/native/file-space.ts';
import { PlanStatus } from '../../src/native/log-store.ts';
import { portableCrc32c } from '../../src/protocol/records/batch-header.ts';
import type { DamagedRange } from '../../src/storage/scrub/damage-list.ts';
import { scrubSegment } from '../../src/storage/scrub/scrub-segment.ts';
import { simpleBatch } from '../native/record-batches.ts';
import { FOLDER, LogFixture, NOW_MS } from './log-fixture.ts';

const BATCH_BYTES = simpleBatch(2, NOW_MS).length;
const BATCHES = 8;
const NAME = '00000000000000000000.log';

/** Two segments; the first has eight batches of two records. */
function filled(indexIntervalBytes = 2 * BATCH_BYTES): LogFixture {
  const fixture = new LogFixture({ segmentBytes: BATCHES * BATCH_BYTES, indexIntervalBytes, cleanupDelete: true });
  for (let batch = 0; batch <= BATCHES; batch++) fixture.append(simpleBatch(2, NOW_MS + batch));
  assert.deepEqual(fixture.log.segments, [0, 16]);
  return fixture;
}

function edit(fixture: LogFixture, change: (bytes: Buffer) => void): void {
  fixture.files.edit(`${FOLDER}/${NAME}`, (bytes) => {
    change(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return bytes;
  });
}

async function scrub(fixture: LogFixture): Promise<readonly DamagedRange[]> {
  assert.equal(await fixture.sync(), 0);
  const [segment, ...others] = fixture.log.scrubSegments();
  assert.equal(others.length, 0);
  const steps = scrubSegment({ folder: FOLDER, ...segment }, fixture.files, portableCrc32c);
  let bytes = 0;
  for (;;) {
    const step = steps.next();
    if (!step.done) {
      bytes += step.value;
      continue;
    }
    assert.ok(bytes <= step.value.bytesRead);
    const before = fixture.log.damage;
    const added = fixture.log.noteDamage(segment, step.value.damage);
    assert.ok(added.length <= step.value.damage.length);
    assert.deepEqual(fixture.log.noteDamage(segment, step.value.damage), [], 'once');
    assert.equal(fixture.log.damage.length, step.value.damage.length, `${before.length} before`);
    return step.value.damage;
  }
}

/** Base offsets that readers get, and the offsets at which they are told of damage. */
function readable(fixture: LogFixture): { served: number[]; damagedAt: number[] } {
  const served: number[] = [];
  const damagedAt: number[] = [];
  for (let offset = 0; offset < fixture.log.logEndOffset; ) {
    const to = fixture.log.damage.find(({ fromOffset }) => fromOffset > offset)?.fromOffset;
    try {
      const batches = fixture.read(offset, to);
      for (const batch of batches) {
        assert.ok(batch.hasValidCrc(portableCrc32c));
        served.push(batch.baseOffset);
      }
      offset = to ?? fixture.log.logEndOffset;
    } catch (error) {
      assert.equal((error as Error).message, `planRead(${offset}): ${PlanStatus.damaged}`);
      damagedAt.push(offset);
      offset++;
    }
  }
  return { served, damagedAt };
}

describe('scrub', () => {
  test('a sound segment', async () => {
    const fixture = filled();
    assert.deepEqual(await scrub(fixture), []);
    assert.equal(readable(fixture).served.length, BATCHES + 1);
    assert.ok(!fixture.names().includes('millrace-damage'));
  });

  test('the active segment, and what is not durable, are left alone', async () => {
    const fixture = filled();
    assert.deepEqual(fixture.log.scrubSegments(), []);
    await fixture.sync();
    assert.deepEqual(fixture.log.scrubSegments(), [
      { baseOffset: 0, nextBaseOffset: 16, sizeBytes: BATCHES * BATCH_BYTES },
    ]);
  });

  test('a rotten record costs its batch and nothing else, and that is remembered', async () => {
    const fixture = filled();
    edit(fixture, (bytes) => {
      bytes[3 * BATCH_BYTES + 70] ^= 1;
    });
    const [range, ...others] = await scrub(fixture);
    assert.equal(others.length, 0);
    const position = { fromPosition: 3 * BATCH_BYTES, toPosition: 4 * BATCH_BYTES };
    assert.deepEqual(range, { segment: 0, ...position, fromOffset: 6, toOffset: 8, what: 'crc' });
    const expected = { served: [0, 2, 4, 8, 10, 12, 14, 16], damagedAt: [6, 7] };
    assert.deepEqual(readable(fixture), expected);
    fixture.reopen();
    assert.deepEqual(readable(fixture), expected);
    fixture.crash();
    assert.deepEqual(readable(fixture).damagedAt.slice(0, 2), [6, 7]);
  });

  test('a rotten batch that fills the buffer costs no more than itself', async () => {
    const large = simpleBatch(1, NOW_MS, 300_000);
    const fixture = new LogFixture({
      segmentBytes: large.length + 2 * BATCH_BYTES,
      indexIntervalBytes: 1 << 20,
      cleanupDelete: true,
    });
    fixture.append(large);
    for (let batch = 0; batch < 3; batch++) fixture.append(simpleBatch(2, NOW_MS));
    assert.deepEqual(fixture.log.segments, [0, 5]);
    edit(fixture, (bytes) => {
      bytes[200_000] ^= 1;
    });
    const found = await scrub(fixture);
    assert.deepEqual(found, [
      { segment: 0, fromPosition: 0, toPosition: large.length, fromOffset: 0, toOffset: 1, what: 'crc' },
    ]);
    assert.deepEqual(readable(fixture), { served: [1, 3, 5], damagedAt: [0] });
  });

  for (const [what, at] of [
    ['magic', 16],
    ['length', 9],
    ['base offset', 2],
    ['length, made small', 11],
  ] as const)
    test(`a rotten header (${what}) costs what lies before the next index entry`, async () => {
      const fixture = filled();
      edit(fixture, (bytes) => {
        bytes[2 * BATCH_BYTES + at] ^= 0x41;
      });
      const ranges = await scrub(fixture);
      assert.equal(ranges.length, 1);
      assert.equal(ranges[0].fromOffset, 4);
      assert.ok(ranges[0].toOffset > 4 && ranges[0].toOffset <= 10, `${ranges[0].toOffset}`);
      const { served, damagedAt } = readable(fixture);
      assert.deepEqual(
        damagedAt,
        Array.from({ length: ranges[0].toOffset - 4 }, (_, index) => 4 + index),
      );
      assert.deepEqual(
        served,
        [0, 2, 4, 6, 8, 10, 12, 14, 16].filter((offset) => offset < 4 || offset >= ranges[0].toOffset),
      );
    });

  test('a rotten header without an index costs the rest of its segment', async () => {
    const fixture = filled(1 << 20);
    edit(fixture, (bytes) => {
      bytes[2 * BATCH_BYTES + 16] = 7;
    });
    const [{ fromOffset, toOffset }] = await scrub(fixture);
    assert.deepEqual([fromOffset, toOffset], [4, 16]);
    assert.deepEqual(readable(fixture).served, [0, 2, 16]);
  });

  test('several damaged places, neighbours taken together', async () => {
    const fixture = filled();
    edit(fixture, (bytes) => {
      for (const batch of [1, 2, 5]) bytes[batch * BATCH_BYTES + 65] ^= 4;
    });
    const ranges = await scrub(fixture);
    assert.deepEqual(
      ranges.map(({ fromOffset, toOffset }) => [fromOffset, toOffset]),
      [
        [2, 6],
        [10, 12],
      ],
    );
    assert.deepEqual(readable(fixture).served, [0, 6, 8, 12, 14, 16]);
  });

  test('a file that lost its end, and one that cannot be read', async () => {
    const short = filled();
    await short.sync();
    const [segment] = short.log.scrubSegments();
    short.files.edit(`${FOLDER}/${NAME}`, (bytes) => bytes.subarray(0, 5 * BATCH_BYTES + 10));
    const steps = scrubSegment({ folder: FOLDER, ...segment }, short.files, portableCrc32c);
    let step = steps.next();
    while (!step.done) step = steps.next();
    assert.deepEqual(
      step.value.damage.map(({ fromOffset, toOffset }) => [fromOffset, toOffset]),
      [[10, 16]],
    );
    const unreadable = filled();
    await unreadable.sync();
    unreadable.files.failWith('read', Errno.EIO, `${FOLDER}/${NAME}`);
    const [{ what, fromOffset, toOffset }] = await scrub(unreadable);
    assert.deepEqual([what, fromOffset, toOffset], ['EIO', 0, 16]);
  });

  test('what was restored is served again; what is deleted is forgotten', async () => {
    const fixture = filled();
    const flip = (): void =>
      edit(fixture, (bytes) => {
        bytes[70] ^= 1;
      });
    flip();
    assert.equal((await scrub(fixture)).length, 1);
    flip();
    assert.equal((await scrub(fixture)).length, 0);
    assert.equal(readable(fixture).served.length, BATCHES + 1);
    flip();
    await scrub(fixture);
    fixture.log.deleteRecords(16);
    assert.equal(fixture.log.deleteOldSegments(), 1);
    assert.deepEqual(fixture.log.damage, []);
  });

  test('whatever rots, nothing rotten is served, and everything outside of the damage is', async () => {
    // Offset and leader epoch of a batch lie outside of its CRC.
    const covered = fc.nat(BATCH_BYTES - 1).filter((at) => (at >= 8 && at < 12) || at >= 16);
    const flip = fc.record({ batch: fc.nat(BATCHES - 1), at: covered, bits: fc.integer({ min: 1, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 6 }), fc.boolean(), async (flips, hasIndex) => {
        const fixture = filled(hasIndex ? 1 : 1 << 20);
        const before = fixture.file(NAME);
        edit(fixture, (bytes) => {
          for (const { batch, at, bits } of flips) bytes[batch * BATCH_BYTES + at] ^= bits;
        });
        const rotten = new Set<number>();
        const now = fixture.file(NAME);
        for (let batch = 0; batch < BATCHES; batch++) {
          const range = [batch * BATCH_BYTES, (batch + 1) * BATCH_BYTES] as const;
          if (!before.subarray(...range).equals(now.subarray(...range))) rotten.add(2 * batch);
        }
        await scrub(fixture);
        const { served } = readable(fixture);
        const isDamaged = (offset: number): boolean =>
          fixture.log.damage.some(({ fromOffset, toOffset }) => offset >= fromOffset && offset < toOffset);
        for (let offset = 0; offset <= 2 * BATCHES; offset += 2) {
          assert.equal(served.includes(offset), !isDamaged(offset), `offset ${offset}`);
          if (rotten.has(offset)) assert.ok(isDamaged(offset), `offset ${offset} is rotten`);
        }
        // With an entry for nearly every batch, damage reaches no further than the next one.
        if (hasIndex) assert.ok(served.length >= BATCHES + 1 - 3 * rotten.size, `${served} of ${[...rotten]}`);
      }),
      { numRuns: 200 },
    );
  });

  test('a segment that was deleted meanwhile', () => {
    const fixture = filled();
    const job = { folder: FOLDER, baseOffset: 99, sizeBytes: 10, nextBaseOffset: 100 };
    const { value, done } = scrubSegment(job, fixture.files, portableCrc32c).next();
    assert.deepEqual([done, value], [true, { damage: [], bytesRead: 0, isGone: true }]);
    assert.deepEqual(fixture.log.noteDamage({ baseOffset: 99, sizeBytes: 10, nextBaseOffset: 100 }, []), []);
  });

  test('a log with damage is not compacted', async () => {
    const fixture = filled();
    fixture.log.setConfig({ ...fixture.config, cleanupCompact: true });
    await fixture.sync();
    assert.ok(fixture.log.cleanable(undefined));
    edit(fixture, (bytes) => {
      bytes[70] ^= 1;
    });
    await scrub(fixture);
    assert.equal(fixture.log.cleanable(undefined), undefined);
  });
});
