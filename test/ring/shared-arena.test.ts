import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SharedArena } from '../../src/ring/shared-arena.ts';

const ORDER = 14;
const SCRATCH = 512;
const newArena = (order = ORDER): SharedArena => new SharedArena(SharedArena.allocateMemory(order, SCRATCH), SCRATCH);
const powerOfTwoFrom = (size: number): number => Math.max(256, 2 ** Math.ceil(Math.log2(Math.max(size, 1))));

interface Block {
  offset: number;
  size: number;
  readonly mark: number;
}

/** Blocks that are held, each filled with a mark of its own, and what a buddy allocator has to do with them. */
class Model {
  readonly blocks: Block[] = [];
  #marks = 0;

  /** Whether a block of that size lies free at a place where it may lie. */
  hasRoom(size: number): boolean {
    for (let at = 0; at + size <= 2 ** ORDER; at += size) if (this.#isFree(at, at + size)) return true;
    return false;
  }

  /** Whether everything but the block itself is free in the aligned range of `size` around it. */
  canGrow(block: Block, size: number): boolean {
    const start = Math.floor((block.offset - SCRATCH) / size) * size;
    const others = this.blocks.filter((other) => other !== block);
    return start + size <= 2 ** ORDER && others.every((other) => !overlaps(other, start, start + size));
  }

  add(arena: SharedArena, offset: number, size: number): void {
    const mark = ++this.#marks & 0xff;
    arena.bytes.fill(mark, offset, offset + size);
    this.blocks.push({ offset, size, mark });
  }

  check(arena: SharedArena): void {
    assert.equal(
      arena.usedBytes,
      this.blocks.reduce((sum, { size }) => sum + size, 0),
    );
    for (const { offset, size, mark } of this.blocks) {
      assert.equal(arena.sizeOf(offset), size);
      assert.ok(offset >= SCRATCH && offset + size <= SCRATCH + 2 ** ORDER);
      assert.ok(arena.bytes.subarray(offset, offset + size).every((byte) => byte === mark));
    }
  }

  #isFree(start: number, end: number): boolean {
    return this.blocks.every((block) => !overlaps(block, start, end));
  }
}

const overlaps = ({ offset, size }: Block, start: number, end: number): boolean =>
  offset - SCRATCH < end && start < offset - SCRATCH + size;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('allocate' as const), size: fc.integer({ min: 0, max: 9000 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('free' as const), size: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('grow' as const), size: fc.nat() }) },
);

describe('shared arena', () => {
  test('whatever is taken, grown and given back: blocks stay apart, and room that is there is found', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const arena = newArena();
        const model = new Model();
        for (const { kind, size } of steps) {
          if (kind === 'allocate') {
            const wanted = powerOfTwoFrom(size);
            const offset = arena.allocate(size);
            assert.equal(offset >= 0, model.hasRoom(wanted));
            if (offset >= 0) model.add(arena, offset, wanted);
          } else if (model.blocks.length > 0) {
            const index = size % model.blocks.length;
            const block = model.blocks[index];
            if (kind === 'free') {
              arena.free(block.offset);
              model.blocks.splice(index, 1);
            } else {
              const offset = arena.grow(block.offset, block.size * 2, block.size);
              assert.equal(offset >= 0, model.canGrow(block, block.size * 2));
              if (offset >= 0) {
                block.offset = offset;
                arena.bytes.fill(block.mark, offset + block.size, offset + block.size * 2);
                block.size *= 2;
              }
            }
          }
          model.check(arena);
        }
        for (const { offset } of model.blocks) arena.free(offset);
        assert.equal(arena.usedBytes, 0);
        assert.equal(arena.allocate(2 ** ORDER), SCRATCH);
      }),
    );
  });

  test('a block may be the whole arena, and not more', () => {
    const arena = newArena();
    assert.equal(arena.blockBytesMax, 2 ** ORDER);
    assert.equal(arena.allocate(2 ** ORDER + 1), -1);
    const whole = arena.allocate(2 ** ORDER);
    assert.equal(whole, SCRATCH);
    assert.equal(arena.allocate(1), -1);
    assert.equal(arena.grow(whole, 2 ** ORDER + 1, 0), -1);
    arena.free(whole);
    assert.equal(arena.usedBytes, 0);
  });

  test('a block grows step by step to the whole arena from wherever it lies', () => {
    const arena = newArena();
    const blocks = Array.from({ length: 2 ** ORDER / 256 }, () => arena.allocate(256));
    const kept = blocks[37];
    arena.bytes.write('the bytes that are kept', kept);
    for (const block of blocks) if (block !== kept) arena.free(block);
    let at = kept;
    for (let size = 512; size <= 2 ** ORDER; size *= 2) at = arena.grow(at, size, 23);
    assert.equal(at, SCRATCH);
    assert.equal(arena.bytes.toString('latin1', at, at + 23), 'the bytes that are kept');
  });

  test('blocks that are kept whole stay apart from those of the next size, however many are given back', () => {
    const arena = newArena();
    const [small, large] = [256, 512].map((size) => Array.from({ length: 20 }, () => arena.allocate(size)));
    for (const block of [...large, ...small]) arena.free(block);
    const sizes = [...Array(20).fill(512), ...Array(20).fill(256)];
    const taken = sizes.map((size) => [arena.allocate(size), size]).sort(([one], [other]) => one - other);
    for (const [index, [offset, size]] of taken.entries()) {
      assert.ok(offset + size <= (taken[index + 1]?.[0] ?? SCRATCH + 2 ** ORDER), `block at ${offset}`);
      assert.equal(arena.sizeOf(offset), size);
    }
  });

  test('giving back twice, or what is no block, is a bug that is told', () => {
    const arena = newArena();
    const block = arena.allocate(300);
    arena.free(block);
    assert.throws(() => arena.free(block), /freed twice/);
    assert.throws(() => arena.free(block + 256), /freed twice/);
  });

  test('memory of an impossible size is refused', () => {
    assert.throws(() => new SharedArena(new SharedArrayBuffer(SCRATCH + 1000), SCRATCH), RangeError);
    assert.throws(() => new SharedArena(new SharedArrayBuffer(SCRATCH + 128), SCRATCH), RangeError);
  });
});
