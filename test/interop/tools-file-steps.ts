// What Kafka's tools that read files make of both brokers' data folders, after the same work. Times, checksums and the
// batches' sizes are each broker's own; offsets, records and their fields are not.
import { step, TOOL, type ToolStep } from './tools-step.ts';

const FIRST = '00000000000000000000';
const dump = (name: string, args: string, more: Partial<ToolStep> = {}): ToolStep =>
  step(name, TOOL.dump, args, { noBootstrap: true, status: 0, ...more });

/** The records' keys and values alone, without times. */
const records = (output: string): string =>
  output
    .replaceAll(/^.*?keySize: (-?\d+) valueSize: (-?\d+).*? key: /gm, 'keySize: $1 valueSize: $2 key: ')
    .replaceAll(/("\w*[tT]imestamp(Ms)?"):-?\d+/g, '$1:N')
    .replaceAll(/"metadataHash":-?\d+/g, '"metadataHash":N');

const METADATA = '--cluster-metadata-decoder';

const distinct = (output: string): string => [...new Set(output.split('\n'))].sort().join('\n');

/** What the metadata says, each thing once: without the offsets, which a quorum's own records shift, and what names this start. */
const metadata = (output: string): string =>
  distinct(
    output
      .replaceAll(/^.*? payload: /gm, '')
      .replaceAll(/("(brokerEpoch|port)"):\d+/g, '$1:N')
      .replaceAll(/"features":\[.*?\]/g, '"features":[]')
      .replaceAll(/("(host|salt|storedKey|serverKey)"):"[^"]*"/g, '$1:T'),
  );

/** While the brokers run. */
export const LOG_STEPS: readonly ToolStep[] = [
  dump('dump records', `--print-data-log --files {data}/desk-0/${FIRST}.log`, {
    only: /offset: /,
    same: (all) => all.replaceAll(/CreateTime: \S+|crc: \d+|size: \d+|producerId: \d+/g, 'N'),
  }),
  ...[0, 1, 2, 3].map((partition) =>
    dump(
      `dump groups of partition ${partition}`,
      `--offsets-decoder --files {data}/__consumer_offsets-${partition}/${FIRST}.log`,
      {
        // These groups alone came and went by steps whose records do not depend on chance.
        only: /clerks/,
        same: (all) =>
          records(all)
            .replaceAll(/console-consumer-[\w-]+/g, 'MEMBER')
            .replaceAll(/"(assignment|subscription)":"[^"]*"/g, '"$1":B'),
      },
    ),
  ),
  ...[0, 1, 2, 3].map((partition) =>
    dump(
      `dump transactions of partition ${partition}`,
      `--transaction-log-decoder --files {data}/__transaction_state-${partition}/${FIRST}.log`,
      {
        only: /payload: /,
        // How many transactions a second holds, and the order of their partitions, is chance.
        same: (all) =>
          distinct(
            records(all)
              .replaceAll(/("transactionPartitions"):\[.*?\]\}?\]?/g, '$1:P')
              .replaceAll(/"\w*([pP]roducerId|Epoch)":-?\d+/g, 'N')
              .replaceAll(/Size: \d+/g, 'Size: N'),
          ),
      },
    ),
  ),
  dump('dump metadata', `${METADATA} --files {data}/__cluster_metadata-0/${FIRST}.log`, {
    only: /payload: \{"type":"(?!(NO_OP|REGISTER_CONTROLLER|PRODUCER_IDS|CLEAR_ELR|CLIENT_QUOTA)_RECORD)(?!.*__share_group_state)/,
    same: metadata,
  }),
  dump('dump quotas of the metadata', `${METADATA} --files {data}/__cluster_metadata-0/${FIRST}.log`, {
    only: /CLIENT_QUOTA_RECORD/,
    same: metadata,
  }),
];

const shell = (name: string, command: string, more: Partial<ToolStep> = {}): ToolStep =>
  step(name, TOOL.metadataShell, `--snapshot {data}/__cluster_metadata-0/${FIRST}.log ${command}`, {
    noBootstrap: true,
    // It runs the command on what it has read by then.
    settles: true,
    ...more,
  });

/** When both brokers have stopped: the shell takes the data folder's lock. */
export const STOPPED_STEPS: readonly ToolStep[] = [
  dump('dump an index', `--files {data}/performance-0/${FIRST}.timeindex`, {
    same: (all) => all.replaceAll(/\d+/g, 'N'),
    only: /Dumping/,
  }),
  shell('the shell sees the image', 'ls /image'),
  shell('the shell sees topics', 'find /image/topics/byName', { only: /^(?!.*__share)/, sorted: true }),
  shell('the shell sees the cluster', 'ls /image/cluster'),
];
