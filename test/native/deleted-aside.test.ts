import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSpace } from '../../src/native/file-space.ts';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { temporaryFolder } from './native-fixture.ts';

const bytes = Buffer.alloc(10);

async function untilGone(files: FileSpace, path: string): Promise<void> {
  while (typeof files.stat(path) !== 'number') await nextTurn();
}

describe('deletions that nobody waits for', { timeout: 20_000 }, () => {
  const { folder: root, dispose } = temporaryFolder();
  for (const [name, files, folder] of [
    ['node:fs', fsFileSpace, root],
    ['memory', new MemoryFileSpace(() => 0), '/data'],
  ] as [string, FileSpace, string][]) {
    test(`a file and a folder go, and what is not there does not matter (${name})`, async () => {
      files.makeFolder(`${folder}/a/b`);
      for (const file of ['a/one', 'a/b/two', 'three', 'four'])
        assert.equal(files.writeFileAtomic(`${folder}/${file}`, bytes), 0);
      files.unlinkAside(`${folder}/three`);
      files.unlinkAside(`${folder}/missing`);
      files.removeFolderAside(`${folder}/a`);
      files.removeFolderAside(`${folder}/missing`);
      await untilGone(files, `${folder}/three`);
      await untilGone(files, `${folder}/a`);
      assert.notEqual(typeof files.stat(`${folder}/four`), 'number');
    });
  }
  test('of many folders each one goes, also those that come while others are on their way', async () => {
    const paths = Array.from({ length: 40 }, (_, at) => `${root}/many-${at}`);
    for (const path of paths) assert.equal(fsFileSpace.makeFolder(`${path}/inner`), 0);
    for (const path of paths.slice(0, 20)) fsFileSpace.removeFolderAside(path);
    await untilGone(fsFileSpace, paths[0]);
    for (const path of paths.slice(20)) fsFileSpace.removeFolderAside(path);
    for (const path of paths) await untilGone(fsFileSpace, path);
  });
  test('the folder of the test goes', () => dispose());
});
