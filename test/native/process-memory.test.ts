import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { trimProcess } from '../../src/native/process-memory.ts';
import { skip } from './native-fixture.ts';

test('the process goes on after it gave back what its start needed', { skip }, () => {
  const before = residentCodeKb();
  trimProcess();
  assert.ok(residentCodeKb() < before / 2, `${before} KiB of code before, ${residentCodeKb()} after`);
  assert.equal(JSON.parse(JSON.stringify({ still: 'here' })).still, 'here');
});

/** Of all executable mappings. */
function residentCodeKb(): number {
  let isCode = false;
  let sum = 0;
  for (const line of readFileSync('/proc/self/smaps', 'latin1').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isCode = line.includes(' r-xp ');
    else if (isCode && line.startsWith('Rss:')) sum += Number(/\d+/.exec(line)![0]);
  }
  return sum;
}
