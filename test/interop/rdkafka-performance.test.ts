// librdkafka's load program: what it says it delivered is what a group of its own reads back, with every codec.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { run, runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { Target } from './target.ts';
import { toolchain } from './toolchains.ts';

const RECORDS = 50_000;
const RECORD_BYTES = 300;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const TIMEOUT_MS = 120_000;

let target: Target | undefined;

after(async () => {
  await target?.kill();
  target?.remove();
});

leg('rdkafka_performance', ['kafka', 'loadProgram'], async () => {
  const found = await toolchain('loadProgram');
  if ('missing' in found) throw new Error(found.missing);
  target = await Target.start();
  const program = `${found.dir}/rdkafka_performance`;
  const load = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run([program, '-b', target!.bootstrap, '-q', ...args], { timeoutMs: TIMEOUT_MS });
    return stdout + stderr;
  };
  const create = ['--bootstrap-server', target.bootstrap, '--create', '--topic', 'load', '--partitions', '4'];
  await runTool('org.apache.kafka.tools.TopicCommand', create);
  for (const codec of CODECS) {
    const size = ['-s', String(RECORD_BYTES), '-c', String(RECORDS), '-a', '-1'];
    const report = await load('-P', '-t', 'load', ...size, '-z', codec);
    assert.match(report, new RegExp(`${RECORDS} delivered .*, 0 failed`), report);
  }
  const total = RECORDS * CODECS.length;
  const report = await load('-G', 'readers', '-t', 'load', '-c', String(total), '-o', 'beginning');
  assert.match(report, new RegExp(`% ${total} messages \\(${total * RECORD_BYTES} bytes\\) consumed`), report);
  assert.equal(await target.stop(), 0);
});
