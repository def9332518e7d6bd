import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import { skip, temporaryFolder } from './native-fixture.ts';

describe('syncs of a file system', { skip }, () => {
  const { folder, dispose } = temporaryFolder();
  after(dispose);

  test('leave nothing of it unwritten', (context) => {
    const file = fsFileSpace.openFileSystem(folder);
    if (file === Errno.ENOSYS) return context.skip('no ext4, or an old system');
    assert.ok(file >= 0);
    writeFileSync(join(folder, 'large'), Buffer.alloc(1 << 20));
    assert.equal(fsFileSpace.syncFileSystemNow(file), 0);
    fsFileSpace.close(file);
    assert.equal(fsFileSpace.syncFileSystemNow(file), Errno.EBADF);
    assert.equal(fsFileSpace.openFileSystem(join(folder, 'none')), Errno.ENOENT);
  });

  test('are not made where failed writes are not told of', () => {
    assert.equal(fsFileSpace.openFileSystem('/proc'), Errno.ENOSYS);
  });

  test('what waits to be written is known', () => {
    assert.ok(Number.isSafeInteger(fsFileSpace.unwrittenBytes()));
  });
});
