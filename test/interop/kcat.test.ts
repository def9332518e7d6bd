// kcat as people use it at a shell: listing, producing with keys, headers and each codec, reading by offset, by time and in
// a group, and asking for offsets.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { run } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { Target } from './target.ts';

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const LINES_PER_CODEC = 50;
const PARTITIONS = 4;

let target: Target | undefined;

after(async () => {
  await target?.kill();
  target?.remove();
});

async function kcat(args: string, input = ''): Promise<string> {
  const words = args.split(' ').filter((word) => word !== '');
  return (await run(['kcat', '-b', target!.bootstrap, ...words], { input, timeoutMs: 60_000 })).stdout;
}

/** What kcat prints for a record with `FORMAT`, of what was given to it. */
const FORMAT = '%p|%o|%K|%k|%S|%s|%h\\n';

leg('kcat', ['kcat'], async () => {
  target = await Target.start(undefined, { 'num.partitions': String(PARTITIONS) });
  const expected: string[] = [];
  const offsets = Array.from({ length: PARTITIONS }, () => 0);
  for (const [index, codec] of CODECS.entries()) {
    const partition = index % PARTITIONS;
    const lines = Array.from({ length: LINES_PER_CODEC }, (_, line) => [
      `key-${line}`,
      `${codec} ${line} ${'ö'.repeat(line)}`,
    ]);
    const input = lines.map(([key, value]) => `${key}:${value}\n`).join('');
    await kcat(`-P -t lines -p ${partition} -K : -z ${codec} -H codec=${codec} -H again=1 -H again=2 -H empty=`, input);
    for (const [key, value] of lines) {
      const offset = offsets[partition]!++;
      const headers = `codec=${codec},again=1,again=2,empty=`;
      expected.push([partition, offset, key!.length, key, Buffer.byteLength(value!), value, headers].join('|'));
    }
  }

  const metadata = JSON.parse(await kcat('-L -J -t lines')) as {
    topics: { partitions: unknown[] }[];
    brokers: unknown[];
  };
  assert.equal(metadata.brokers.length, 1);
  assert.equal(metadata.topics[0]!.partitions.length, PARTITIONS);

  const words = `-C -t lines -o beginning -e -q -f ${FORMAT}`;
  assert.deepEqual((await kcat(words)).trimEnd().split('\n').toSorted(), expected.toSorted());
  const last = (await kcat('-C -t lines -p 0 -o -3 -e -q -f %o\\n')).trimEnd().split('\n').map(Number);
  assert.deepEqual(
    last,
    [3, 2, 1].map((back) => offsets[0]! - back),
  );
  const grouped = await kcat(`-q -e -X auto.offset.reset=earliest -f ${FORMAT} -G kcat-group lines`);
  assert.deepEqual(grouped.trimEnd().split('\n').toSorted(), expected.toSorted());

  // Null values and keys, which -Z makes of empty ones; -1 is how kcat prints the length of null.
  await kcat('-P -t nothing -p 0 -K : -Z', ':\nkey:\n:value\n');
  const nothing = await kcat('-C -t nothing -p 0 -o beginning -e -q -f %K,%S\\n');
  assert.deepEqual(nothing.trimEnd().split('\n'), ['-1,-1', '3,-1', '-1,5']);

  // Offsets by time: the first record is not older than long ago, and none is younger than far in the future.
  assert.match(await kcat('-Q -t lines:1:1000'), /lines \[1\] offset 0\b/);
  assert.match(await kcat('-Q -t lines:1:-1'), new RegExp(`lines \\[1\\] offset ${offsets[1]}\\b`));
  assert.match(await kcat('-Q -t lines:1:-2'), /lines \[1\] offset 0\b/);
  const since = await kcat('-C -t lines -p 1 -o s@1000 -e -q -f %o\\n');
  assert.equal(since.trimEnd().split('\n').length, offsets[1]);
});
