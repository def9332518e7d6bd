import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const COMPRESSION = new URL('../../src/protocol/records/compression.ts', import.meta.url).href;

// The library's destructors run at the end of each thread that used it: that of the cleaner, which goes when it is idle.
for (const codec of ['snappy', 'lz4'] as const)
  test(`a thread that compressed with ${codec} ends, and the process goes on`, async () => {
    const worker = `
      const { compress, decompress, CompressionType } = await import('${COMPRESSION}');
      const bytes = compress(CompressionType.${codec}, Buffer.alloc(100_000, 'record'));
      if (decompress(CompressionType.${codec}, bytes).length !== 100_000) throw new Error('another length');`;
    const program = `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})));
      worker.on('exit', (code) => console.log('ended', code));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    assert.equal(stdout, 'ended 0\n');
  });
