import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { loadAddon } from '../../src/native/addon.ts';
import { Errno } from '../../src/native/file-space.ts';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import { skip, temporaryFolder } from './native-fixture.ts';

const ADDON = new URL('../../src/native/addon.ts', import.meta.url).href;

/** What another process gets that asks the system for the lock, as Java's programs do. */
function lockElsewhere(path: string): number {
  const script = `import { loadAddon } from ${JSON.stringify(ADDON)};
    console.log(loadAddon().addon.lockFile(${JSON.stringify(path)}));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return Number(stdout);
}

describe('lock files', { skip }, () => {
  const { folder, dispose } = temporaryFolder();
  after(dispose);

  test('are seen by programs that know nothing of their content', () => {
    const path = join(folder, 'ours');
    assert.equal(fsFileSpace.lock(path), 0);
    assert.equal(lockElsewhere(path), Errno.EAGAIN);
    // Whoever reads the file and closes it again takes nothing away.
    assert.equal(fsFileSpace.lock(path), Errno.EAGAIN);
    assert.equal(lockElsewhere(path), Errno.EAGAIN);
    assert.equal(fsFileSpace.unlock(path), 0);
    assert.ok(lockElsewhere(path) > 0);
  });

  test('of others are respected whatever they contain', () => {
    const path = join(folder, 'theirs');
    writeFileSync(path, '');
    const theirs = loadAddon()!.addon.lockFile(path);
    assert.ok(theirs > 0);
    assert.equal(fsFileSpace.lock(path), Errno.EAGAIN);
    closeSync(theirs);
    assert.equal(fsFileSpace.lock(path), 0);
    assert.equal(fsFileSpace.unlock(path), 0);
  });
});
