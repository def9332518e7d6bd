import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errno } from '../../src/native/file-space.ts';
import { describeStores } from './log-store-fixture.ts';

describeStores('small files', (t) => {
  test('the file space keeps small files', () => {
    const { files } = t.store;
    const path = `${t.folder}/small`;
    assert.equal(files.readFile(path), Errno.ENOENT);
    assert.equal(files.writeFileAtomic(path, Buffer.from('one')), 0);
    assert.equal(files.writeFileAtomic(path, Buffer.from('two')), 0);
    assert.equal(Buffer.from(files.readFile(path) as Uint8Array).toString(), 'two');
    assert.equal(files.rename(path, `${path}.2`), 0);
    assert.equal(files.unlink(path), Errno.ENOENT);
    assert.equal(files.lock(`${t.folder}/.lock`), 0);
    assert.equal(files.lock(`${t.folder}/.lock`), Errno.EAGAIN);
    assert.equal(files.unlock(`${t.folder}/.lock`), 0);
    assert.equal(files.lock(`${t.folder}/.lock`), 0);
    assert.equal(files.unlock(`${t.folder}/.lock`), 0);
    assert.equal(files.makeFolder(`${t.folder}/a/b`), 0);
    assert.equal(files.rename(`${t.folder}/a`, `${t.folder}/c`), 0);
    assert.deepEqual(files.list(`${t.folder}/c`), [{ name: 'b', isFolder: true }]);
    assert.equal(files.removeFolder(`${t.folder}/c`), 0);
    assert.equal(files.list(`${t.folder}/c`), Errno.ENOENT);
  });
});
