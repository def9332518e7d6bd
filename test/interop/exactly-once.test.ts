// Exactly once: a copy job in three client libraries, with its copiers and the broker killed by SIGKILL at random moments,
// while a reader checks at every moment that it sees whole transactions only; and at the end the output is the input.
// MILLRACE_INTEROP_COPY_KILLS=50 (scripts/kill-rounds --copy 50) makes it long.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import { seededRandom } from '../../src/base/random.ts';
import { COPY_PARTITIONS, COPY_TOPICS, CopyLedger, runCopyJob } from './copy-job.ts';
import { javaCommand } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { checkStorage } from './storage-check.ts';
import { Target } from './target.ts';
import { clientsDir, type ToolchainName, toolchain } from './toolchains.ts';

const KILLS = Number(process.env.MILLRACE_INTEROP_COPY_KILLS ?? 4);
const SEED = Number(process.env.MILLRACE_INTEROP_SEED ?? Date.now() % 100_000);
const CONFIG = {
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  // A killed copier is to be missed soon.
  'group.min.session.timeout.ms': '500',
  'group.consumer.min.session.timeout.ms': '500',
  'group.consumer.session.timeout.ms': '2000',
};

async function dirOf(name: ToolchainName): Promise<string> {
  const found = await toolchain(name);
  if ('missing' in found) throw new Error(found.missing);
  return found.dir;
}

const helper = async (): Promise<string[]> => [
  join(await dirOf('python'), 'venv/bin/python'),
  join(clientsDir, 'python/copy_job.py'),
];

interface CopyClient {
  name: string;
  needs: ToolchainName[];
  command(): Promise<string[]>;
  /** How many run at once. */
  copiers: number;
}

const CLIENTS: readonly CopyClient[] = [
  {
    name: 'java',
    needs: ['java'],
    command: async () => javaCommand('Copy', [], join(await dirOf('java'), 'classes')),
    copiers: 2,
  },
  {
    name: 'java and the consumer protocol',
    needs: ['java'],
    command: async () =>
      (await javaCommand('Copy', [], join(await dirOf('java'), 'classes'))).toSpliced(
        1,
        0,
        '-Dgroup.protocol=consumer',
      ),
    copiers: 2,
  },
  { name: 'librdkafka', needs: [], command: async () => [...(await helper()), 'copy'], copiers: 2 },
  // It does not wait for offsets whose transaction is open (KIP-447), so that nobody may take over from a running copier.
  {
    name: 'platformatic',
    needs: [],
    command: async () => [process.execPath, join(clientsDir, 'node/copy.mjs')],
    copiers: 1,
  },
];

for (const { name, needs, command, copiers } of CLIENTS) {
  leg(`exactly once with ${name}`, ['python', 'kafka', ...needs], async () => {
    console.error(`interop: ${KILLS} kills with MILLRACE_INTEROP_SEED=${SEED}`);
    const target = await Target.start(undefined, CONFIG);
    try {
      const admin = new Admin({ clientId: 'copy-admin', bootstrapBrokers: [target.bootstrap] });
      await admin.createTopics({ topics: COPY_TOPICS, partitions: COPY_PARTITIONS, replicas: 1 });
      await admin.close();
      const random = seededRandom(SEED);
      const job = { target, copier: await command(), copiers, helper: await helper(), kills: KILLS, random };
      const { records, brokerKills, copierKills, ...rest } = await runCopyJob(job);
      console.error(
        `interop: ${name}: ${records} records copied exactly once through ${brokerKills} kills of the broker and ${copierKills} of copiers, in ${rest.seconds} s (${rest.sumsChecked} sums looked at, ${rest.copierFailures} copiers gave up)`,
      );
      await target.stop();
      await checkStorage(target.dataDir);
    } finally {
      await target.kill();
      target.remove();
    }
  });
}

test('the ledger of a copy job sees what must not be', () => {
  const ledgerOf = (...events: Parameters<CopyLedger['take']>[0][]): CopyLedger => {
    const ledger = new CopyLedger();
    for (const event of events) ledger.take(event);
    return ledger;
  };
  const whole = [
    { p: 0, o: 0, v: '0:1' },
    { p: 0, o: 1, v: 'balance:-1' },
  ];
  ledgerOf({ p: 0, stable: 3 }, ...whole, { p: 0, o: 3, v: '2:3' }, { p: 0, o: 4, v: 'balance:-3' }).checkEnd(2);
  assert.throws(() => ledgerOf({ p: 0, stable: 1 }, ...whole), /the sum before offset 1/, 'half a transaction');
  assert.throws(() => ledgerOf(...whole, { p: 0, o: 3, v: '0:1' }), /the number copied next/, 'copied twice');
  assert.throws(() => ledgerOf(...whole, { p: 0, o: 3, v: '4:5' }), /the number copied next/, 'one is missing');
  assert.throws(() => ledgerOf(...whole, { p: 0, o: 1, v: '2:3' }), /offset 1 after 1/, 'read again');
  assert.throws(() => ledgerOf({ p: 1, stable: 5 }, { p: 1, stable: 4 }), /went from 5 to 4/);
  assert.throws(() => ledgerOf(...whole).checkEnd(2), /numbers copied/);
});
