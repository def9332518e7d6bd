import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cpuSeconds, threadNs } from '../../bench/measure/process.ts';

test('what the threads of a process have used, by name', () => {
  const [before, used] = [cpuSeconds(process.pid), threadNs(process.pid)];
  assert.ok(used.size > 1);
  assert.ok((used.get(readFileSync('/proc/self/comm', 'utf8').trim()) ?? 0) > 0);
  const all = [...used.values()].reduce((sum, ns) => sum + ns, 0);
  // What threads that have ended used is in the process's time only; that is counted in hundredths.
  assert.ok(all / 1e9 <= cpuSeconds(process.pid) + 0.02);
  assert.ok(all / 1e9 >= before / 2);
});
