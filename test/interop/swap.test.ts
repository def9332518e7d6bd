// A data directory changes hands between Apache Kafka and Millrace, in both directions, after an orderly stop and after
// kill -9. The one that takes over must have everything that the other one had, and clients go on as if nothing happened.
import assert from 'node:assert/strict';
import { leg } from './legs.ts';
import { checkStorage } from './storage-check.ts';
import { type QuorumKind, SwapDirectory } from './swap-directory.ts';
import type { TargetName } from './target.ts';
import { ToolsSession } from './tools-session.ts';

/** What a broker still has to do when it starts, as the markers of transactions, is to be done by then. */
const SETTLE_TIMEOUT_MS = 12_000;
const COMMAND_TIMEOUT_MS = 120_000;

interface Turn {
  readonly broker: TargetName;
  readonly end: 'SIGTERM' | 'SIGKILL';
}

const turn = (broker: TargetName, end: Turn['end']): Turn => ({ broker, end });

const TOOLS = 'org.apache.kafka.tools';
/** What Kafka's tools print of the directory: the same from both brokers. */
const DESCRIPTIONS: readonly (readonly [name: string, ...args: string[]])[] = [
  [`${TOOLS}.TopicCommand`, '--describe', '--exclude-internal'],
  ['kafka.admin.ConfigCommand', '--describe', '--entity-type', 'topics'],
  ['kafka.admin.ConfigCommand', '--describe', '--entity-type', 'brokers'],
  ['kafka.admin.ConfigCommand', '--describe', '--entity-type', 'clients', '--entity-type', 'users'],
  [`${TOOLS}.consumer.group.ConsumerGroupCommand`, '--describe', '--all-groups'],
  [`${TOOLS}.consumer.group.ConsumerGroupCommand`, '--describe', '--all-groups', '--state'],
  [`${TOOLS}.GetOffsetShell`, '--exclude-internal-topics'],
  [`${TOOLS}.TransactionsCommand`, 'list'],
  [`${TOOLS}.MetadataQuorumCommand`, 'describe', '--status'],
  [`${TOOLS}.FeatureCommand`, 'describe'],
];

async function tool(session: ToolsSession, name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await session.run({ class: name, args, timeoutMs: COMMAND_TIMEOUT_MS });
  assert.equal(status, 0, `${name} ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

async function describe(session: ToolsSession, directory: SwapDirectory): Promise<Record<string, unknown>> {
  const state = JSON.parse(await tool(session, 'Swap', directory.bootstrap, 'state')) as Record<string, unknown>;
  for (const [name, ...args] of DESCRIPTIONS) {
    // Some of them have subcommands, before which the address stands.
    const text = await tool(session, name, '--bootstrap-server', directory.bootstrap, ...args);
    state[[name, ...args].join(' ')] = comparable(text);
  }
  return state;
}

/** Without what tells the moment or the start of the broker, and with the blanks of a table made one. */
function comparable(text: string): string[] {
  return text
    .split('\n')
    .filter(
      (line) => !/^(LeaderEpoch|HighWatermark|MaxFollowerLagTimeMs|MaxFollowerLag):|to-time-out|times-out/.test(line),
    )
    .map((line) =>
      line
        .replaceAll(/\s+/g, ' ')
        .trim()
        .replaceAll(/Epoch: \d+/g, 'Epoch: N')
        // Millrace knows later releases too, and its controller has no port.
        .replace(/(Feature: metadata.version .* SupportedMaxVersion: ).*(?= Finalized)/, '$1')
        .replace(/, "endpoints": \[.*?\]/g, ''),
    )
    .toSorted();
}

/** Takes turns on one directory; every turn begins with a look at what the turn before it left. */
async function takeTurns(quorum: QuorumKind, logDirCount: number, turns: readonly Turn[]): Promise<void> {
  const directory = await SwapDirectory.create(quorum, logDirCount);
  // The clients live in it, through all turns.
  const session = await ToolsSession.start();
  try {
    if (turns[0]!.broker === 'kafka') await directory.formatWithKafka();
    let left: Record<string, unknown> | undefined;
    const differences: string[] = [];
    for (const [round, { broker, end }] of turns.entries()) {
      const startedMs = performance.now();
      const what = `turn ${round} (${broker}, quorum ${quorum})`;
      await directory.start(broker);
      if (left) {
        const difference = await settles(session, directory, left);
        if (difference) differences.push(`${what}: ${difference.message}`);
      }
      const lookedMs = performance.now();
      await tool(session, 'Swap', directory.bootstrap, 'write', String(round)).catch((error: Error) => {
        throw new Error(`${what}: ${error.message}\n${directory.output()}`);
      });
      // What a broker cannot tell must still be there for the next one that can.
      const found = Object.entries(await describe(session, directory));
      left = { ...left, ...Object.fromEntries(found.filter(([, value]) => value !== null)) };
      const wroteMs = performance.now();
      const exitCode = await directory.end(end);
      if (end === 'SIGTERM') assert.equal(exitCode, broker === 'kafka' ? 143 : 0, `exit code of ${what}`);
      const seconds = [lookedMs - startedMs, wroteMs - lookedMs, performance.now() - wroteMs].map((ms) =>
        (ms / 1000).toFixed(1),
      );
      console.error(`interop: ${what}: ${seconds.join(' + ')} s`);
    }
    if (differences.length > 0) throw new Error(differences.join('\n\n'));
    await checkStorage(directory.dataDir, ['compacted']);
  } finally {
    session.close();
    await directory.end('SIGKILL');
    if (process.env.MILLRACE_SWAP_KEEP) console.error(`kept: ${directory.dir}`);
    else directory.remove();
  }
}

/**
 * Waits until the broker has what the one before it had; it may first have to do what that one left to be done. Returns
 * what is still different when the time is up: later turns have more to tell.
 */
async function settles(
  session: ToolsSession,
  directory: SwapDirectory,
  left: Record<string, unknown>,
): Promise<Error | undefined> {
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    try {
      const found = await describe(session, directory);
      // What the broker cannot be asked is no part of the comparison.
      const told = Object.entries(left).filter(([key]) => found[key] !== null);
      const wanted = Object.fromEntries(told);
      assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, found[key]])), wanted);
      return undefined;
    } catch (error) {
      if (performance.now() > deadlineMs) return error as Error;
    }
  }
}

leg('a directory of Kafka, whose voters are in the log', ['kafka', 'java'], () =>
  takeTurns('standalone', 1, [
    turn('kafka', 'SIGTERM'),
    turn('millrace', 'SIGTERM'),
    turn('kafka', 'SIGKILL'),
    turn('millrace', 'SIGTERM'),
  ]),
);

leg('directories of Millrace, whose voters are in the settings', ['kafka', 'java'], () =>
  takeTurns('static', 2, [turn('millrace', 'SIGKILL'), turn('kafka', 'SIGTERM'), turn('millrace', 'SIGTERM')]),
);
