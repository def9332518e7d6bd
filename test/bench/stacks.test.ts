import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFlamePage } from '../../bench/profile/flame-page.ts';
import { foldedText, frameName, parseCpuProfile, parsePerfScript } from '../../bench/profile/stacks.ts';

const SCRIPT = `WorkerThread  9082 
	ffffffff822039e0 _raw_spin_unlock ([kernel.kallsyms])
	           fdff8 pwritev64 (/usr/lib/libc.so.6)
	    7fe75809d4c0 JS:+'drain file:///x/y/src/partition/storage-host.ts:86:8 (/tmp/perf-9052.map)
	  4aa500004aa400 [unknown] ([unknown])

WorkerThread  9082 
	           fdff8 pwritev64 (/usr/lib/libc.so.6)
	    7fe75809d4c0 JS:+'drain file:///x/y/src/partition/storage-host.ts:86:8 (/tmp/perf-9052.map)

V8Worker  9055 
	         1631f67 v8::internal::(anonymous namespace)::Invoke(int, char) (/x/node)
`;

test('perf script becomes one tree per thread, named by what it runs', () => {
  const threads = parsePerfScript(SCRIPT);
  assert.deepEqual(
    threads.map((thread) => thread.label),
    ['storage worker (WorkerThread 9082)', 'V8Worker (V8Worker 9055)'],
  );
  assert.equal(
    foldedText(threads[0]!),
    'drain src/partition/storage-host.ts:86;pwritev64 1\ndrain src/partition/storage-host.ts:86;pwritev64;_raw_spin_unlock [kernel] 1\n',
  );
  assert.equal(foldedText(threads[1]!), 'v8::internal::Invoke 1\n');
});

test('frame names are short', () => {
  assert.equal(frameName("JS:*'#take file:///a/src/b.ts:1:2"), '#take src/b.ts:1');
  assert.equal(frameName("JS:~' node:internal/x:16:24"), '(anonymous) node:internal/x:16');
  assert.equal(frameName('millrace::(anonymous namespace)::deliver(int)'), 'millrace::deliver');
});

test('a V8 profile becomes a tree without idle time', () => {
  const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
  const nodes = [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('serve', 'file:///a/src/broker/io/io-host.ts', 9), children: [4] },
    { id: 4, callFrame: frame('write') },
  ];
  const thread = parseCpuProfile('one', { nodes, samples: [2, 2, 3, 4, 4] });
  assert.equal(thread.label, 'I/O thread (one)');
  assert.equal(foldedText(thread), 'serve src/broker/io/io-host.ts:10 1\nserve src/broker/io/io-host.ts:10;write 2\n');
});

test('the flame page has all phases and needs nothing else', () => {
  const page = renderFlamePage('Title', 'Note.', [{ name: 'phase </script>', threads: parsePerfScript(SCRIPT) }]);
  assert.doesNotMatch(page, /phase <\/script>/);
  assert.doesNotMatch(page, /<(script|link|img)[^>]+(src|href)=/);
});
