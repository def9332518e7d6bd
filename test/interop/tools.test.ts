// Apache Kafka's own command-line tools: the same command lines run against Apache Kafka and against the target, and what
// they print must be the same, but for ids, ports and times.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { withGaps } from './gaps.ts';
import { runTool } from './kafka-tool.ts';
import { reasonToSkip } from './legs.ts';
import { checkStorage } from './storage-check.ts';
import { AUTHORIZER_CONFIG, acceptedConfig, chosenTarget, Target } from './target.ts';
import { STOPPED_STEPS } from './tools-file-steps.ts';
import { type ToolCommand, ToolsSession } from './tools-session.ts';
import type { ToolStep } from './tools-step.ts';
import { TOOL_STEPS } from './tools-steps.ts';

interface Side {
  target: Target;
  session: ToolsSession;
}

/** The reference first, then the target; both or none. */
const sides: Side[] = [];
let skip: string | undefined;
const scratch = mkdtempSync(join(tmpdir(), 'millrace-tools-'));

before(async () => {
  skip = await reasonToSkip('tools', ['kafka', 'java']);
  if (skip) return console.error(`interop: tools skipped: ${skip}`);
  // ACLs need an authorizer.
  const config = await acceptedConfig(chosenTarget(), AUTHORIZER_CONFIG);
  for (const name of ['kafka', chosenTarget()] as const) {
    sides.push({ target: await Target.start(name, config), session: await ToolsSession.start() });
  }
});

after(async () => {
  for (const side of sides) {
    side.session.close();
    await side.target.kill();
    side.target.remove();
  }
  rmSync(scratch, { recursive: true, force: true });
});

/** What must be the same on both sides: ids, addresses, times and rates are not. */
export function normalise(text: string, { target }: Side): string {
  return (
    text
      .replaceAll(target.dir, 'DIR')
      .replaceAll(new RegExp(`(127\\.0\\.0\\.1|localhost)(:|', port=')${target.port}\\b`, 'g'), 'BROKER')
      .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
      .replaceAll(/(?<![\w-])[\w-]{22}(?![\w-])/g, 'UUID22')
      .replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]/g, '[TIME]')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}/g, 'TIME')
      .replaceAll(/(?<!\d)1[78]\d{11}(?!\d)/g, 'TIME')
      .replaceAll(/\tat .*\n/g, '')
      // The words of an error are each broker's own; its class is not.
      .replaceAll(/(Exception|Error while executing [\w ]+ command ?): (?!org\.apache).*/g, '$1')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
  );
}

async function outcome(step: ToolStep, side: Side): Promise<Record<string, unknown>> {
  const place = (text: string): string =>
    text
      .replaceAll('{bootstrap}', side.target.bootstrap)
      .replaceAll('{data}', side.target.dataDir)
      .replaceAll('{scratch}', scratch);
  const args = step.args.map(place);
  if (!args.includes('--bootstrap-server') && !step.noBootstrap)
    args.unshift('--bootstrap-server', side.target.bootstrap);
  const command: ToolCommand = { class: step.class, args, input: step.input, timeoutMs: step.timeoutMs };
  const { status, stdout, stderr } = step.ownProcess
    ? await runTool(step.class, args, { anyStatus: true, timeoutMs: step.timeoutMs })
    : await side.session.run(command);
  const tidy = (text: string): string[] => {
    const lines = (
      step.only
        ? text
            .split('\n')
            .filter((line) => step.only!.test(line))
            .join('\n')
        : text
    ).trimEnd();
    const same = (step.same ?? ((all: string) => all))(normalise(lines, side)).split('\n');
    return step.sorted ? same.toSorted() : same;
  };
  return { status, stdout: tidy(stdout), stderr: tidy(stderr) };
}

/** How often a step is run that looks at what settles. */
const LOOKS_MAX = 10;

function compare(step: ToolStep): void {
  test(step.name, { timeout: 120_000 }, async (context) => {
    if (skip) return context.skip(skip);
    await withGaps(context, step.name, async () => {
      // Once for both sides, which run at the same time.
      for (const [name, content] of Object.entries(step.files ?? {})) writeFileSync(join(scratch, name), content);
      const look = () => Promise.all(sides.map((side) => outcome(step, side)));
      let [expected, actual] = await look();
      for (let more = step.settles ? LOOKS_MAX : 0; more > 0 && !isDeepStrictEqual(actual, expected); more--) {
        [expected, actual] = await look();
      }
      if (step.status !== undefined) assert.equal(expected!.status, step.status, JSON.stringify(expected));
      assert.deepEqual(actual, expected);
    });
  });
}

for (const step of TOOL_STEPS) compare(step);

test('both brokers stop in order', { timeout: 120_000 }, async (context) => {
  if (skip) return context.skip(skip);
  const codes = await Promise.all(sides.map(({ target }) => target.stop()));
  // A JVM that a signal ends says so.
  assert.deepEqual(codes.slice(1), [chosenTarget() === 'kafka' ? codes[0] : 0]);
});

for (const step of STOPPED_STEPS) compare(step);

test('files on disk after the tools', { timeout: 120_000 }, async (context) => {
  if (skip) return context.skip(skip);
  await checkStorage(sides[1]!.target.dataDir);
});
