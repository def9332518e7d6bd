// Reads every file of a broker's data folder with Apache Kafka's own kafka-dump-log, deep and with all its sanity
// checks: what Kafka's code finds wrong with a file, a Kafka that opens the folder would stumble over.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runTool, type ToolResult } from './kafka-tool.ts';

const DUMP = 'org.apache.kafka.tools.DumpLogSegments';
/** One command line takes this many files. */
const FILES_PER_CALL = 300;

/** The dump's own words for trouble. A record's text cannot be mistaken for them: records are not printed here. */
const COMPLAINTS =
  /isvalid: false|Mismatches in|Found |Non-consecutive|invalid|Exception|[Ee]rror|Could not|does not match/;

/** The decoder for a topic whose records the broker itself writes. */
const DECODERS: readonly [prefix: string, option: string][] = [
  ['__consumer_offsets-', '--offsets-decoder'],
  ['__transaction_state-', '--transaction-log-decoder'],
  ['__share_group_state-', '--share-group-state-decoder'],
  ['__cluster_metadata-', '--cluster-metadata-decoder'],
];

/**
 * Throws when Kafka's tool complains about any file below `dataDir`. Returns what it looked at. In the logs of `compacted`
 * topics offsets may be missing.
 */
export async function checkStorage(
  dataDir: string,
  compacted: readonly string[] = [],
): Promise<{ files: number; batches: number }> {
  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dataDir, name))
    // A deleted topic's folder waits for its removal; its files are no longer looked after.
    .filter((file) => statSync(file).isFile() && !dirname(file).endsWith('-delete'));
  const ending = (...suffixes: string[]): string[] => files.filter((file) => suffixes.some((s) => file.endsWith(s)));
  const logs = ending('.log').filter((file) => /^\d{20}\.log$/.test(basename(file)));
  assert.ok(logs.length > 0, `no log segment below ${dataDir}`);
  let batches = 0;
  const check = async (what: string[], ...options: string[]): Promise<void> => {
    for (let at = 0; at < what.length; at += FILES_PER_CALL) {
      const some = what.slice(at, at + FILES_PER_CALL);
      const result = await runTool(DUMP, [...options, '--files', some.join(',')], { anyStatus: true });
      batches += result.stdout.match(/^baseOffset: /gm)?.length ?? 0;
      assertQuiet(result, options, compacted);
    }
  };

  // Deep: every record is read, and its offset, timestamps and CRC checked.
  await check(logs, '--deep-iteration');
  for (const [prefix, decoder] of DECODERS) {
    const owned = logs.filter((file) => basename(dirname(file)).startsWith(prefix));
    if (owned.length > 0) await checkDecoded(owned, decoder);
  }
  const snapshots = ending('.checkpoint').filter((file) => basename(dirname(file)).startsWith('__cluster_metadata'));
  if (snapshots.length > 0) await checkDecoded(snapshots, '--cluster-metadata-decoder');

  // Both index checks read the log beside the index.
  const indexes = ending('.index', '.timeindex').filter((file) => statSync(file).size > 0);
  await check(indexes, '--index-sanity-check');
  await check(indexes, '--verify-index-only');
  await check(ending('.txnindex', '.snapshot'));
  return { files: files.length, batches };
}

function assertQuiet(result: ToolResult, options: readonly string[], compacted: readonly string[]): void {
  const stdout = withoutUsualGaps(result.stdout, compacted);
  const stderr = withoutUsualGaps(result.stderr, compacted);
  const complaints = [...stdout, ...stderr].filter((line) => COMPLAINTS.test(line));
  assert.deepEqual(complaints.slice(0, 20), [], `kafka-dump-log ${options.join(' ')} complains`);
  assert.equal(stderr.join('\n').trim(), '', `kafka-dump-log ${options.join(' ')} complains`);
  assert.equal(result.status, 0, `exit status of kafka-dump-log ${options.join(' ')}`);
}

/** Every record must decode: the tool goes on after one that does not, and says so in the record's place. */
async function checkDecoded(files: readonly string[], decoder: string): Promise<void> {
  for (let at = 0; at < files.length; at += FILES_PER_CALL) {
    const some = files.slice(at, at + FILES_PER_CALL);
    const { stdout, stderr, status } = await runTool(DUMP, [decoder, '--files', some.join(',')], { anyStatus: true });
    const undecoded = stdout
      .split('\n')
      .filter((line) => /Failed to decode|Could not decode|unknown|Unknown/.test(line));
    assert.deepEqual(undecoded.slice(0, 20), [], `kafka-dump-log ${decoder}`);
    assert.equal(stderr.trim(), '', `kafka-dump-log ${decoder}`);
    assert.equal(status, 0, `exit status of kafka-dump-log ${decoder}`);
  }
}

/** What follows the topic in the name of a partition's folder, also of one that is moved or deleted. */
const FOLDER_END = /-\d+(?:\.\S+-(?:future|delete|stray))?$/;

/**
 * The lines without complaints about gaps that must be: in logs of compacted topics, and before the first record of a
 * segment, as the tool counts from -1 in every file. The pairs of offsets stand below the name of the file.
 */
function withoutUsualGaps(text: string, compacted: readonly string[]): string[] {
  const lines = text.split('\n');
  const kept: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const file = /^Non-consecutive offsets in (.*)$/.exec(lines[at]!)?.[1];
    let next = at + 1;
    while (file !== undefined && / is followed by /.test(lines[next] ?? '')) next++;
    const pairs = lines.slice(at + 1, next).map((line) => line.trim());
    const start = `-1 is followed by ${Number.parseInt(basename(file ?? ''), 10)}`;
    const topic = basename(dirname(file ?? '')).replace(FOLDER_END, '');
    const usual = compacted.includes(topic) || pairs.join() === start;
    if (file === undefined || !usual) kept.push(...lines.slice(at, next));
    at = next;
  }
  return kept;
}
