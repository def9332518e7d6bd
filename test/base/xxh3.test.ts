import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxh3 } from '../../src/base/xxh3.ts';

/** Length to hash, for bytes i * 31 + 7: each branch of the algorithm and its borders. From hash4j 0.22. */
const KNOWN: readonly (readonly [length: number, hash: string])[] = [
  [0, '2d06800538d394c2'],
  [1, '4c5cca45d0f4811f'],
  [2, 'a7e250c97710ff27'],
  [3, '15f7093b173d005c'],
  [4, 'dca012f95811b6b9'],
  [7, '7561869c23da3c1b'],
  [8, 'dec6a9a43575982e'],
  [9, 'cbe393399f17ffbd'],
  [12, '46aaf92c7550afa4'],
  [16, '7e484c18d74895d0'],
  [17, '208bde5ee2bed407'],
  [32, '3df0ac5255d1446'],
  [33, '199a362122d71f46'],
  [64, 'dd30702ab46b3745'],
  [65, 'fab36b851b94ce20'],
  [96, 'd245cd2541582982'],
  [97, '60e3e1d0d43785b3'],
  [128, 'f92b70eaa21a6288'],
  [129, 'f8f76713f2bb60fa'],
  [160, 'c90911ffcef461e2'],
  [200, '12fdb864685f344d'],
  [239, 'caa9b7a588464745'],
  [240, 'ccc7375172c41f03'],
  [241, 'b3b630948ce4a00'],
  [256, 'ec85b75bafe6ca74'],
  [512, 'efc2e52d1c2ffbaa'],
  [513, 'eb39b64b9df98485'],
  [1023, 'f0d330ce2b3300fb'],
  [1024, '23bc880ebf0d29c6'],
  [1025, 'c09fdfbc398c7d82'],
  [1088, 'a16bad67843c5a45'],
  [2048, '19f6f9c987331373'],
  [2049, '5045460f5d85c275'],
  [5000, '559fff92c2b7f8ee'],
];

test('XXH3 of every length class', () => {
  for (const [length, hash] of KNOWN) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + 7);
    assert.equal(xxh3(bytes).toString(16), hash, `${length} bytes`);
  }
});

test('a view into a larger memory hashes as what it shows', () => {
  const memory = Uint8Array.from({ length: 300 }, (_, i) => (i - 20) * 31 + 7);
  assert.equal(xxh3(memory.subarray(20, 260)).toString(16), 'ccc7375172c41f03');
});
