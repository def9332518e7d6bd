// Apache Kafka's client in all combinations: {plain, idempotent, transactional} x codecs x {classic, consumer protocol} x
// {read_uncommitted, read_committed}, in one program.
import assert from 'node:assert/strict';
import { javaCommand, run } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { checkStorage } from './storage-check.ts';
import { Target } from './target.ts';
import { toolchain } from './toolchains.ts';

const TIMEOUT_MS = 240_000;
const COMBINATIONS = 3 * 5 * 2 * 2;

leg('all kinds of producers and consumers in Java', ['java', 'kafka'], async () => {
  const java = await toolchain('java');
  assert.ok('dir' in java);
  const target = await Target.start();
  try {
    const argv = await javaCommand('Matrix', [target.bootstrap], `${java.dir}/classes`);
    const { stdout } = await run(argv, { timeoutMs: TIMEOUT_MS });
    assert.equal(new Set(stdout.trim().split('\n')).size, COMBINATIONS);
    await target.stop();
    await checkStorage(target.dataDir);
  } finally {
    await target.kill();
    target.remove();
  }
});
