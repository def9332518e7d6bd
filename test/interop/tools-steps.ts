// The command lines that run against both brokers, in this order: each builds on those before it.
import { ADMIN_MORE_STEPS } from './tools-admin-steps.ts';
import { LOG_STEPS } from './tools-file-steps.ts';
import { json, step, TOOL, type ToolStep, withoutRates } from './tools-step.ts';

const TOOLS = 'org.apache.kafka.tools';
const {
  topics: TOPICS,
  configs: CONFIGS,
  groups: GROUPS,
  shareGroups: SHARE_GROUPS,
  producer: PRODUCER,
  consumer: CONSUMER,
  shareConsumer: SHARE_CONSUMER,
  offsets: OFFSETS,
  acls: ACLS,
} = TOOL;

/** Which version of each API the tool can use: a newer one than its own makes no difference. */
const usableVersions = (output: string): string => output.replaceAll(/: \d+( to \d+)? \[/g, ' [');

const TOPIC_STEPS: readonly ToolStep[] = [
  step(
    'create a topic',
    TOPICS,
    '--create --topic orders --partitions 3 --replication-factor 1 --config retention.ms=86400000 --config cleanup.policy=delete',
    { status: 0 },
  ),
  step('create it again', TOPICS, '--create --topic orders --partitions 3', { status: 1 }),
  step('create it again, if it is not there', TOPICS, '--create --topic orders --partitions 3 --if-not-exists', {
    status: 0,
  }),
  step('create a topic with a dot', TOPICS, '--create --topic a.b --partitions 1', { status: 0 }),
  step('create a topic whose name collides in metrics', TOPICS, '--create --topic a_b --partitions 1'),
  step('create a topic with a bad name', TOPICS, '--create --topic bad/name --partitions 1', { status: 1 }),
  step('create a topic with a bad setting', TOPICS, '--create --topic other --config no.such.setting=1', { status: 1 }),
  step('create a topic with a bad value', TOPICS, '--create --topic other --config retention.ms=soon', { status: 1 }),
  step('create a topic with too many replicas', TOPICS, '--create --topic other --replication-factor 2', { status: 1 }),
  step('create a topic with no partitions', TOPICS, '--create --topic other --partitions 0', { status: 1 }),
  step('create a topic with an assignment', TOPICS, '--create --topic placed --replica-assignment 1,1', { status: 0 }),
  step(
    'create a compacted topic',
    TOPICS,
    '--create --topic compacted --partitions 1 --config cleanup.policy=compact',
    { status: 0 },
  ),
  step(
    'create a topic with its own compression',
    TOPICS,
    '--create --topic squeezed --partitions 1 --config compression.type=zstd',
    { status: 0 },
  ),
  step(
    'create a topic with times of appending',
    TOPICS,
    '--create --topic stamped --partitions 1 --config message.timestamp.type=LogAppendTime',
    { status: 0 },
  ),
  step('create topics for loads', TOPICS, '--create --topic verified --partitions 3', { status: 0 }),
  step('create a topic with one partition', TOPICS, '--create --topic loose --partitions 1', { status: 0 }),
  step('list topics', TOPICS, '--list', { sorted: true, settles: true, status: 0 }),
  step('describe a topic', TOPICS, '--describe --topic orders', { status: 0 }),
  step('describe all topics', TOPICS, '--describe', { sorted: true, settles: true, status: 0 }),
  step('describe a topic that is not there', TOPICS, '--describe --topic missing', { status: 1 }),
  step('describe topics with settings of their own', TOPICS, '--describe --topics-with-overrides', {
    sorted: true,
    status: 0,
  }),
  step('describe partitions without a leader', TOPICS, '--describe --unavailable-partitions', { status: 0 }),
  step('add partitions', TOPICS, '--alter --topic orders --partitions 5', { status: 0 }),
  step('take partitions away', TOPICS, '--alter --topic orders --partitions 2', { status: 1 }),
  step('keep the number of partitions', TOPICS, '--alter --topic orders --partitions 5', { status: 1 }),
  step('describe the grown topic', TOPICS, '--describe --topic orders', { status: 0 }),
];

const RECORD_STEPS: readonly ToolStep[] = [
  step(
    'produce lines with keys and headers',
    PRODUCER,
    '--topic a.b --reader-property parse.key=true --reader-property parse.headers=true --reader-property key.separator=: --reader-property headers.delimiter=|',
    {
      input: 'h1:x,h2:y|k1:first\nh1:,h1:again|k2:second\nh3:z|k3:third\n',
      status: 0,
    },
  ),
  step('produce with lz4 and acks=all', PRODUCER, '--topic a.b --compression-codec lz4 --request-required-acks all', {
    input: 'fourth\nfifth\n',
    status: 0,
  }),
  step(
    'produce with acks=0',
    PRODUCER,
    '--topic loose --request-required-acks 0 --command-property enable.idempotence=false',
    { input: 'unacknowledged\n', status: 0 },
  ),
  step(
    'produce with acks=1',
    PRODUCER,
    '--topic loose --request-required-acks 1 --command-property enable.idempotence=false',
    { input: 'by the leader\n', status: 0 },
  ),
  step('produce to a topic that the broker makes', PRODUCER, '--topic made-by-use', { input: 'one\n', status: 0 }),
  step('produce a record without key to a compacted topic', PRODUCER, '--topic compacted', {
    input: 'no key\n',
    timeoutMs: 20_000,
    only: /Exception|rejected|key/,
    same: (all) => all.replaceAll(/\[.*?\] /g, ''),
  }),
  step('produce to a compressing topic', PRODUCER, '--topic squeezed', { input: 'squeezed\n', status: 0 }),
  step('produce to a stamping topic', PRODUCER, '--topic stamped', { input: 'stamped\n', status: 0 }),
  step(
    'consume with everything shown',
    CONSUMER,
    '--topic a.b --from-beginning --max-messages 5 --timeout-ms 15000 --formatter-property print.key=true --formatter-property print.headers=true --formatter-property print.partition=true --formatter-property print.offset=true --formatter-property print.timestamp=true',
    { status: 0 },
  ),
  step(
    'consume one partition from an offset',
    CONSUMER,
    '--topic a.b --partition 0 --offset 3 --max-messages 2 --timeout-ms 15000',
    { status: 0 },
  ),
  step(
    'consume in a group',
    CONSUMER,
    '--topic a.b --group readers --from-beginning --max-messages 5 --timeout-ms 15000',
    { status: 0 },
  ),
  step(
    'consume in a group of the consumer protocol',
    CONSUMER,
    '--topic a.b --group new-readers --from-beginning --max-messages 5 --timeout-ms 15000 --command-property group.protocol=consumer',
    { status: 0 },
  ),
  step(
    'consume committed records',
    CONSUMER,
    '--topic squeezed --from-beginning --max-messages 1 --isolation-level read_committed --timeout-ms 15000',
    { status: 0 },
  ),
  step(
    'consume times of appending',
    CONSUMER,
    '--topic stamped --from-beginning --max-messages 1 --timeout-ms 15000 --formatter-property print.timestamp=true',
    { status: 0 },
  ),
  step('consume a topic that is empty', CONSUMER, '--topic placed --from-beginning --timeout-ms 2000', {
    only: /Processed/,
  }),
  step('latest offsets', OFFSETS, '--exclude-internal-topics', {
    sorted: true,
    only: /^(a\.b|orders|compacted|squeezed|stamped|loose)/,
    status: 0,
  }),
  step('earliest offsets', OFFSETS, '--topic a.b --time earliest', { status: 0 }),
  step('offset of the greatest timestamp', OFFSETS, '--topic a.b --time max-timestamp', { status: 0 }),
  step('offsets at a time long ago', OFFSETS, '--topic a.b --time 1000', { status: 0 }),
  step('offsets at a time to come', OFFSETS, '--topic a.b --time 4000000000000', { status: 0 }),
  step('earliest local offsets', OFFSETS, '--topic a.b --time earliest-local', { status: 0 }),
  step('latest tiered offsets', OFFSETS, '--topic a.b --time latest-tiered'),
  step('offsets of partitions by pattern', OFFSETS, '--topic-partitions a.*:0-1', { sorted: true, status: 0 }),
  step(
    'verifiable producer',
    `${TOOLS}.VerifiableProducer`,
    '--topic verified --max-messages 100 --acks -1 --value-prefix 7',
    {
      ownProcess: true,
      same: (all) =>
        all
          .replaceAll(/"(avg_throughput|timestamp|sent|acked|target_throughput)":[\d.]+/g, '"$1":N')
          .replaceAll(/"(partition|offset)":\d+/g, '"$1":N'),
      sorted: true,
      status: 0,
    },
  ),
  step(
    'verifiable consumer',
    `${TOOLS}.VerifiableConsumer`,
    '--topic verified --group-id verified --max-messages 100 --reset-policy earliest',
    {
      ownProcess: true,
      only: /startup_complete|partitions_|shutdown_complete|rror/,
      same: (all) =>
        all.replaceAll(/"timestamp":\w+/g, '"timestamp":N').replaceAll(/\{"topic":"verified","partition":\d\},?/g, ''),
      timeoutMs: 60_000,
      status: 0,
    },
  ),
  step(
    'producer performance',
    `${TOOLS}.ProducerPerformance`,
    '--topic performance --num-records 5000 --record-size 100 --throughput -1 --command-property acks=all --command-property compression.type=snappy',
    { same: withoutRates, status: 0 },
  ),
  step(
    'producer performance in transactions',
    `${TOOLS}.ProducerPerformance`,
    '--topic performance --num-records 2000 --record-size 100 --throughput -1 --transactional-id performance --transaction-duration-ms 100',
    { same: withoutRates, status: 0 },
  ),
  step(
    'consumer performance',
    `${TOOLS}.ConsumerPerformance`,
    '--topic performance --num-records 5000 --timeout 15000 --group performance',
    { same: withoutRates, status: 0 },
  ),
  step(
    'end to end latency',
    `${TOOLS}.EndToEndLatency`,
    '--topic latency --num-records 100 --producer-acks 1 --record-size 100',
    { same: withoutRates, only: /Avg|Percentiles|rror|xception/ },
  ),
  step('delete records', `${TOOLS}.DeleteRecordsCommand`, '--offset-json-file {scratch}/delete.json', {
    files: {
      'delete.json': json({
        version: 1,
        partitions: [
          { topic: 'a.b', partition: 0, offset: 2 },
          { topic: 'performance', partition: 0, offset: -1 },
        ],
      }),
    },
    same: (all) => all.replaceAll(/(performance-0\s+low_watermark: )\d+/g, '$1N'),
    sorted: true,
    status: 0,
  }),
  step('delete records beyond the end', `${TOOLS}.DeleteRecordsCommand`, '--offset-json-file {scratch}/beyond.json', {
    files: { 'beyond.json': json({ version: 1, partitions: [{ topic: 'a.b', partition: 0, offset: 2000 }] }) },
  }),
  step(
    'delete records of a compacted topic',
    `${TOOLS}.DeleteRecordsCommand`,
    '--offset-json-file {scratch}/compacted.json',
    {
      files: { 'compacted.json': json({ version: 1, partitions: [{ topic: 'compacted', partition: 0, offset: 0 }] }) },
    },
  ),
  step('earliest offsets after deleting', OFFSETS, '--topic a.b --time earliest', { status: 0 }),
  step(
    'consume what is left',
    CONSUMER,
    '--topic a.b --from-beginning --max-messages 3 --timeout-ms 15000 --formatter-property print.offset=true',
    { status: 0 },
  ),
];

const GROUP_STEPS: readonly ToolStep[] = [
  step('list groups', GROUPS, '--list', {
    sorted: true,
    only: /^(readers|new-readers|performance|verified)/,
    status: 0,
  }),
  step('list groups with their states', GROUPS, '--list --state', {
    sorted: true,
    only: /^(GROUP|readers|new-readers)/,
    status: 0,
  }),
  step('list groups of one type', GROUPS, '--list --type consumer', { only: /^(readers|new-readers)/, status: 0 }),
  step('list all groups', `${TOOLS}.GroupsCommand`, '--list', {
    sorted: true,
    only: /^(GROUP|readers|new-readers)/,
    status: 0,
  }),
  step('describe a group', GROUPS, '--describe --group readers', { status: 0 }),
  step('describe a group of the consumer protocol', GROUPS, '--describe --group new-readers', { status: 0 }),
  step('describe its state', GROUPS, '--describe --group readers --state', { status: 0 }),
  step(
    'describe the state of a group of the consumer protocol',
    GROUPS,
    '--describe --group new-readers --state --verbose',
    { status: 0 },
  ),
  step('describe its members', GROUPS, '--describe --group readers --members --verbose', { status: 0 }),
  step('describe a group that is not there', GROUPS, '--describe --group missing'),
  step('plan a reset', GROUPS, '--reset-offsets --group readers --topic a.b --to-earliest --dry-run', { status: 0 }),
  step('reset to the earliest', GROUPS, '--reset-offsets --group readers --topic a.b --to-earliest --execute', {
    status: 0,
  }),
  step('reset by a shift', GROUPS, '--reset-offsets --group readers --topic a.b --shift-by 1 --execute', { status: 0 }),
  step(
    'reset to an offset beyond the end',
    GROUPS,
    '--reset-offsets --group readers --topic a.b:0 --to-offset 99 --execute',
  ),
  step(
    'reset to a time',
    GROUPS,
    '--reset-offsets --group readers --all-topics --to-datetime 2020-01-01T00:00:00.000 --execute',
    { status: 0 },
  ),
  step('export offsets', GROUPS, '--reset-offsets --group readers --all-topics --to-current --export', { status: 0 }),
  step('reset a group that is not there', GROUPS, '--reset-offsets --group fresh --topic a.b --to-latest --execute'),
  step('delete offsets', GROUPS, '--delete-offsets --group readers --topic a.b', { status: 0 }),
  step('delete offsets of a topic that is not there', GROUPS, '--delete-offsets --group readers --topic missing'),
  step('delete a group', GROUPS, '--delete --group new-readers', { status: 0 }),
  step('delete a group that is not there', GROUPS, '--delete --group missing'),
  step(
    'consume in a share group from its start',
    CONFIGS,
    '--alter --entity-type groups --entity-name shared --add-config share.auto.offset.reset=earliest',
    { status: 0 },
  ),
  step('consume in a share group', SHARE_CONSUMER, '--topic a.b --group shared --max-messages 3 --timeout-ms 20000', {
    status: 0,
  }),
  step('list share groups', SHARE_GROUPS, '--list', { status: 0 }),
  step('describe a share group', SHARE_GROUPS, '--describe --group shared', {
    same: (all) => all.replaceAll(/ +/g, ' '),
  }),
  step('describe the state of a share group', SHARE_GROUPS, '--describe --group shared --state', {
    same: (all) => all.replaceAll(/ +/g, ' '),
  }),
  step('delete a share group', SHARE_GROUPS, '--delete --group shared'),
];

const ADMIN_STEPS: readonly ToolStep[] = [
  step("a topic's own settings", CONFIGS, '--describe --entity-type topics --entity-name orders', { status: 0 }),
  step("all of a topic's settings", CONFIGS, '--describe --all --entity-type topics --entity-name orders', {
    only: /^(?! *(errors\.deadletterqueue|remote\.copy)\.)/,
    sorted: true,
    status: 0,
  }),
  step(
    'alter a topic',
    CONFIGS,
    '--alter --entity-type topics --entity-name orders --add-config max.message.bytes=2000000,retention.ms=3600000',
    { status: 0 },
  ),
  step(
    'alter a topic with a list',
    CONFIGS,
    '--alter --entity-type topics --entity-name orders --add-config cleanup.policy=[compact,delete]',
    { status: 0 },
  ),
  step(
    'alter a topic wrongly',
    CONFIGS,
    '--alter --entity-type topics --entity-name orders --add-config max.message.bytes=-1',
    { status: 1 },
  ),
  step(
    'take a setting away',
    CONFIGS,
    '--alter --entity-type topics --entity-name orders --delete-config retention.ms',
    { status: 0 },
  ),
  step(
    'take a setting away that is not there',
    CONFIGS,
    '--alter --entity-type topics --entity-name orders --delete-config no.such.setting',
    {},
  ),
  step("a topic's own settings then", CONFIGS, '--describe --entity-type topics --entity-name orders', { status: 0 }),
  step('settings of a topic that is not there', CONFIGS, '--describe --entity-type topics --entity-name missing', {
    status: 0,
  }),
  step("a broker's dynamic settings", CONFIGS, '--describe --entity-type brokers --entity-name 1', { status: 0 }),
  step(
    "alter a broker's setting",
    CONFIGS,
    '--alter --entity-type brokers --entity-name 1 --add-config log.cleaner.threads=2',
    { status: 0 },
  ),
  step(
    "alter every broker's setting",
    CONFIGS,
    '--alter --entity-type brokers --entity-default --add-config max.connections.per.ip=1000',
    { status: 0 },
  ),
  step(
    "alter a broker's fixed setting",
    CONFIGS,
    '--alter --entity-type brokers --entity-name 1 --add-config node.id=7',
    { status: 1 },
  ),
  step("a broker's dynamic settings then", CONFIGS, '--describe --entity-type brokers --entity-name 1', {
    sorted: true,
    status: 0,
  }),
  step("every broker's settings", CONFIGS, '--describe --entity-type brokers --entity-default', { status: 0 }),
  step(
    "alter a client's quota",
    CONFIGS,
    '--alter --entity-type clients --entity-name app --add-config producer_byte_rate=1000000,consumer_byte_rate=2000000',
    { status: 0 },
  ),
  step(
    "alter a user's quota",
    CONFIGS,
    '--alter --entity-type users --entity-name anna --entity-type clients --entity-default --add-config request_percentage=50',
    { status: 0 },
  ),
  step(
    "alter an address's quota",
    CONFIGS,
    '--alter --entity-type ips --entity-name 10.0.0.1 --add-config connection_creation_rate=5',
    { status: 0 },
  ),
  step('describe quotas of clients', CONFIGS, '--describe --entity-type clients', { status: 0 }),
  step('describe quotas of users and clients', CONFIGS, '--describe --entity-type users --entity-type clients', {
    status: 0,
  }),
  step('describe quotas of addresses', CONFIGS, '--describe --entity-type ips', { status: 0 }),
  step(
    'a quota that there is not',
    CONFIGS,
    '--alter --entity-type clients --entity-name app --add-config no_such_rate=1',
    { status: 1 },
  ),
  step(
    "take a client's quota away",
    CONFIGS,
    '--alter --entity-type clients --entity-name app --delete-config producer_byte_rate',
    { status: 0 },
  ),
  step(
    'add a SCRAM credential',
    CONFIGS,
    '--alter --entity-type users --entity-name anna --add-config SCRAM-SHA-256=[iterations=4096,password=secret]',
    { status: 0 },
  ),
  step('describe users', CONFIGS, '--describe --entity-type users', { sorted: true, status: 0 }),
  step(
    'take the SCRAM credential away',
    CONFIGS,
    '--alter --entity-type users --entity-name anna --delete-config SCRAM-SHA-256',
    { status: 0 },
  ),
  step(
    "alter a group's setting",
    CONFIGS,
    '--alter --entity-type groups --entity-name readers --add-config consumer.session.timeout.ms=50000',
    { status: 0 },
  ),
  step('describe groups', CONFIGS, '--describe --entity-type groups --entity-name readers', { status: 0 }),
  step(
    'client metrics',
    `${TOOLS}.ClientMetricsCommand`,
    '--alter --name watch --metrics org.apache.kafka.producer. --interval 60000',
    { status: 0 },
  ),
  step('describe client metrics', `${TOOLS}.ClientMetricsCommand`, '--describe', { status: 0 }),
  step('list client metrics', `${TOOLS}.ClientMetricsCommand`, '--list', { status: 0 }),
  step('delete client metrics', `${TOOLS}.ClientMetricsCommand`, '--delete --name watch', { status: 0 }),
  step(
    'add ACLs',
    ACLS,
    '--add --allow-principal User:anna --operation Read --operation Describe --topic orders --group readers',
    { sorted: true, status: 0 },
  ),
  step(
    'add a prefixed ACL',
    ACLS,
    '--add --deny-principal User:bob --allow-host 10.0.0.2 --deny-host 10.0.0.1 --operation All --topic pay --resource-pattern-type prefixed',
    { sorted: true },
  ),
  step('list ACLs', ACLS, '--list', { sorted: true, status: 0 }),
  step('list ACLs that match', ACLS, '--list --topic payments --resource-pattern-type match', {
    sorted: true,
    status: 0,
  }),
  step('remove ACLs', ACLS, '--remove --force --topic orders', { sorted: true, status: 0 }),
  step('remove the other ACLs', ACLS, '--remove --force --resource-pattern-type any --topic *', { sorted: true }),
  step('remove ACLs by prefix', ACLS, '--remove --force --topic pay --resource-pattern-type prefixed', {
    sorted: true,
  }),
  step('remove ACLs of the group', ACLS, '--remove --force --group readers', { sorted: true }),
  step('log folders', `${TOOLS}.LogDirsCommand`, '--describe --topic-list a.b,orders', {
    same: (all) =>
      all
        .replaceAll(/"(size|totalBytes|usableBytes)":\d+/g, '"$1":N')
        .replaceAll(/\{"partition":"(\w+\.?\w*-\d+)"/g, '\n$1'),
    sorted: true,
    status: 0,
  }),
  step('transactions', `${TOOLS}.TransactionsCommand`, '--bootstrap-server {bootstrap} list', {
    same: (all) => all.replaceAll(/\s\d+\s/g, ' N '),
  }),
  step(
    'describe a transaction',
    `${TOOLS}.TransactionsCommand`,
    '--bootstrap-server {bootstrap} describe --transactional-id performance',
    { same: (all) => withoutRates(all).replaceAll(/[ \t]+/g, ' ') },
  ),
  step(
    'describe a transaction that is not there',
    `${TOOLS}.TransactionsCommand`,
    '--bootstrap-server {bootstrap} describe --transactional-id missing',
  ),
  step(
    'describe producers',
    `${TOOLS}.TransactionsCommand`,
    '--bootstrap-server {bootstrap} describe-producers --topic performance --partition 0',
    { only: /^ProducerId|rror/ },
  ),
  step(
    'find hanging transactions',
    `${TOOLS}.TransactionsCommand`,
    '--bootstrap-server {bootstrap} find-hanging --broker-id 1',
    { status: 0 },
  ),
  step('features', `${TOOLS}.FeatureCommand`, '--bootstrap-server {bootstrap} describe', {
    same: (all) =>
      all
        .replaceAll(/Epoch: \d+/g, 'Epoch: N')
        .replaceAll(/(Feature: metadata.version .* SupportedMaxVersion: ).{15}/g, '$1'),
    status: 0,
  }),
  step('version of the cluster id', `${TOOLS}.ClusterTool`, 'cluster-id --bootstrap-server {bootstrap}', { status: 0 }),
  step('brokers', `${TOOLS}.ClusterTool`, 'list-endpoints --bootstrap-server {bootstrap}', {
    same: (all) => all.replaceAll(/ +/g, ' ').replaceAll(/\b\d{4,5}\b/g, 'PORT'),
    status: 0,
  }),
  step('status of the quorum', `${TOOLS}.MetadataQuorumCommand`, '--bootstrap-server {bootstrap} describe --status', {
    same: (all) => withoutRates(all).replaceAll(/ +/g, ' '),
    only: /^(ClusterId|LeaderId|MaxFollowerLag:|CurrentObservers)/,
  }),
  step('elect leaders', `${TOOLS}.LeaderElectionCommand`, '--election-type preferred --topic orders --partition 0'),
  step('list reassignments', `${TOOLS}.reassign.ReassignPartitionsCommand`, '--list', { status: 0 }),
  step(
    'verify a reassignment',
    `${TOOLS}.reassign.ReassignPartitionsCommand`,
    '--verify --reassignment-json-file {scratch}/reassign.json',
    {
      files: { 'reassign.json': json({ version: 1, partitions: [{ topic: 'orders', partition: 0, replicas: [1] }] }) },
      status: 0,
    },
  ),
  step('API versions', `${TOOLS}.BrokerApiVersionsCommand`, '', { sorted: true, status: 0, same: usableVersions }),
];

const LAST_STEPS: readonly ToolStep[] = [
  step('delete a topic', TOPICS, '--delete --topic orders', { status: 0 }),
  step('delete it again', TOPICS, '--delete --topic orders', { status: 1 }),
  step('delete topics by pattern', TOPICS, '--delete --topic a.b', { status: 0 }),
  step('list what is left', TOPICS, '--list', { sorted: true, only: /^(?!__)/, status: 0 }),
];

export const TOOL_STEPS: readonly ToolStep[] = [
  ...TOPIC_STEPS,
  ...RECORD_STEPS,
  ...GROUP_STEPS,
  ...ADMIN_STEPS,
  ...ADMIN_MORE_STEPS,
  ...LOG_STEPS,
  ...LAST_STEPS,
];
