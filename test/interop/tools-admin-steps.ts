// Administration, further: groups, settings of every type of resource, features, the quorum, transactions, elections,
// reassignments. The topic desk and its groups belong to these steps alone.
import { json, step, TOOL, type ToolStep, withoutGaps, withoutRates } from './tools-step.ts';

const { topics, configs, groups, allGroups, offsets } = TOOL;
const BROKER = '--alter --entity-type brokers --entity-name 1';
const EVERY_BROKER = '--alter --entity-type brokers --entity-default';
const LOGGERS = '--alter --entity-type broker-loggers --entity-name 1';
const DESK = '--alter --entity-type topics --entity-name desk';
const CLERKS = '--alter --entity-type groups --entity-name clerks';

const TOPIC_STEPS: readonly ToolStep[] = [
  step('create a desk', topics, '--create --topic desk --partitions 1', { status: 0 }),
  step('put three records on it', TOOL.producer, '--topic desk --compression-codec zstd', {
    input: 'one\ntwo\nthree\n',
    status: 0,
  }),
  step('topics without internal ones', topics, '--describe --exclude-internal', { sorted: true, status: 0 }),
  step('list topics without internal ones', topics, '--list --exclude-internal', { sorted: true, status: 0 }),
  step('list topics by pattern', topics, '--list --topic des.*', { status: 0 }),
  step('partitions that are under-replicated', topics, '--describe --under-replicated-partitions', { status: 0 }),
  step('partitions at their least in-sync replicas', topics, '--describe --at-min-isr-partitions', {
    only: /^(?!\tTopic: __share)/,
    sorted: true,
    settles: true,
    status: 0,
  }),
  step('partitions under their least in-sync replicas', topics, '--describe --under-min-isr-partitions', {
    status: 0,
  }),
  step('add partitions to a topic that is not there', topics, '--alter --topic missing --partitions 2', { status: 1 }),
  step('add them if it is there', topics, '--alter --topic missing --partitions 2 --if-exists', { status: 0 }),
  step('create a topic on a broker that is not there', topics, '--create --topic far --replica-assignment 7', {
    status: 1,
  }),
  step('create a topic twice on one broker', topics, '--create --topic far --replica-assignment 1:1', { status: 1 }),
  step('create a topic named by a dot', topics, '--create --topic .', { status: 1 }),
  step('describe a topic id that is not there', topics, '--describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ', { status: 1 }),
  step('describe the metadata topic', topics, '--describe --topic __cluster_metadata', { status: 1 }),
  step('offset of a partition at its end by time', offsets, '--topic desk --time 99999999999999', { status: 0 }),
  step('offsets by pattern of topics and partitions', offsets, '--topic-partitions des.*:0-1', { status: 0 }),
  step('offsets of some partitions', offsets, '--topic desk --partitions 0,7', { status: 0 }),
  step('offsets of a topic that is not there', offsets, '--topic missing', { status: 1 }),
  step('earliest local offsets', offsets, '--topic desk --time earliest-local', { status: 0 }),
  step('latest tiered offsets', offsets, '--topic desk --time latest-tiered'),
  step('earliest offsets that wait for upload', offsets, '--topic desk --time earliest-pending-upload'),
];

const GROUP_STEPS: readonly ToolStep[] = [
  step(
    'clerks read',
    TOOL.consumer,
    '--topic desk --group clerks --from-beginning --max-messages 3 --timeout-ms 15000',
    {
      status: 0,
    },
  ),
  step(
    'new clerks read',
    TOOL.consumer,
    '--topic desk --group new-clerks --from-beginning --max-messages 3 --timeout-ms 15000 --command-property group.protocol=consumer',
    { status: 0 },
  ),
  step('groups that are empty', groups, '--list --state Empty', { sorted: true, only: /clerks/, status: 0 }),
  step('groups in a state that there is not', groups, '--list --state nonsense', {
    same: (all) => all.replaceAll(/are: .*/g, 'are'),
    status: 1,
  }),
  step('groups by type', groups, '--list --type classic,consumer', { sorted: true, only: /clerks/, status: 0 }),
  step('groups of any kind by type', allGroups, '--list --group-type classic', { sorted: true, only: /clerks/ }),
  step('groups of any kind by protocol', allGroups, '--list --protocol consumer', { sorted: true, only: /clerks/ }),
  step('consumer groups of any kind', allGroups, '--list --consumer', { sorted: true, only: /clerks/, status: 0 }),
  step('states of all groups', groups, '--describe --all-groups --state', { sorted: true, only: /clerks/, status: 0 }),
  step('offsets of a group with leader epochs', groups, '--describe --group clerks --offsets --verbose', { status: 0 }),
  step('members of a group that has none', groups, '--describe --group new-clerks --members --verbose', { status: 0 }),
  step('plan a reset by duration', groups, '--reset-offsets --group clerks --topic desk --by-duration PT1H --dry-run', {
    status: 0,
  }),
  step('reset from a file', groups, '--reset-offsets --group clerks --from-file {scratch}/clerks.csv --execute', {
    files: { 'clerks.csv': 'desk,0,1\n' },
    status: 0,
  }),
  step('reset to where it is', groups, '--reset-offsets --group clerks --all-topics --to-current --dry-run --export', {
    status: 0,
  }),
  step('is this a regular expression', groups, '--validate-regex desk.*', { noBootstrap: true, status: 0 }),
  step('plan to reset an application', TOOL.streamsReset, '--application-id clerk --input-topics desk --dry-run', {
    status: 0,
  }),
  step('reset an application', TOOL.streamsReset, '--application-id clerk --input-topics desk,missing --to-earliest'),
  step('delete a group that is there and one that is not', groups, '--delete --group clerk --group missing'),
];

/** What the broker refuses, by type of resource, and what it then holds. */
const CONFIG_STEPS: readonly ToolStep[] = [
  ...[
    'consumer.session.timeout.ms=1',
    'consumer.session.timeout.ms=100000',
    'consumer.heartbeat.interval.ms=100000',
    'share.auto.offset.reset=none',
    'share.isolation.level=foo',
    'share.record.lock.duration.ms=1',
    'share.delivery.count.limit=100',
    'streams.num.standby.replicas=5',
    'streams.session.timeout.ms=1',
    'no.such.setting=1',
    'consumer.session.timeout.ms=soon',
  ].map((change) => step(`a group takes no ${change}`, configs, `${CLERKS} --add-config ${change}`, { status: 1 })),
  step(
    'a group takes several settings',
    configs,
    `${CLERKS} --add-config consumer.heartbeat.interval.ms=15000,consumer.session.timeout.ms=45000,share.auto.offset.reset=by_duration:PT1H,streams.num.standby.replicas=1`,
    { status: 0 },
  ),
  step('all of a group', configs, '--describe --all --entity-type groups --entity-name clerks', {
    // Of Kafka 4.4.
    only: /^(?! *(errors\.deadletterqueue|streams\.(assignor\.name|rack\.aware)))/,
    sorted: true,
    status: 0,
  }),
  step('a group forgets a setting', configs, `${CLERKS} --delete-config consumer.session.timeout.ms`, { status: 0 }),
  step('settings of all groups', configs, '--describe --entity-type groups', {
    // Consumers without a name of their own have groups with random ones.
    only: /^ |group (clerks|readers|shared) /,
    sorted: true,
    status: 0,
  }),
  ...[
    'retention.ms=-2',
    'cleanup.policy=foo',
    'compression.type=foo',
    'min.insync.replicas=0',
    'segment.bytes=10',
    'remote.storage.enable=true',
    'min.compaction.lag.ms=10,max.compaction.lag.ms=5',
    'message.timestamp.type=foo',
    'leader.replication.throttled.replicas=foo',
    'preallocate=yes',
    'min.cleanable.dirty.ratio=2',
    'compression.gzip.level=100',
    'flush.messages=0',
    'segment.ms=0',
  ].map((change) => step(`a topic takes no ${change}`, configs, `${DESK} --add-config ${change}`, { status: 1 })),
  step('a topic takes lists', configs, `${DESK} --add-config cleanup.policy=[delete,delete,compact]`, { status: 0 }),
  step('a topic takes replicas to throttle', configs, `${DESK} --add-config leader.replication.throttled.replicas=*`, {
    status: 0,
  }),
  step('settings of the desk', configs, '--describe --entity-type topics --entity-name desk', { status: 0 }),
  step(
    'a topic that is not there takes nothing',
    configs,
    `${DESK.replace('desk', 'missing')} --add-config flush.ms=1`,
    {
      status: 1,
    },
  ),
  ...[
    'log.cleaner.threads=100',
    'log.cleaner.threads=0',
    'num.io.threads=100',
    'background.threads=1',
    'max.connections=many',
    'max.connections=-1',
    'max.connections.per.ip=0',
    'max.connection.creation.rate=0',
    'ssl.keystore.type=PEM',
    'log.retention.ms=0',
    'log.retention.hours=1',
    'message.max.bytes=-1',
    'producer.id.expiration.ms=0',
    'log.segment.bytes=10',
    'leader.replication.throttled.rate=-1',
    'cordoned.log.dirs=/nowhere',
    'advertised.listeners=PLAINTEXT://127.0.0.1:1',
    'num.partitions=3',
  ].map((change) => step(`a broker takes no ${change}`, configs, `${BROKER} --add-config ${change}`, { status: 1 })),
  step('a broker takes a setting of no table', configs, `${BROKER} --add-config plugin.setting=1`, { status: 0 }),
  step('a broker takes a rate', configs, `${BROKER} --add-config leader.replication.throttled.rate=1000`, {
    status: 0,
  }),
  step('every broker takes a policy', configs, `${EVERY_BROKER} --add-config log.cleanup.policy=[compact]`, {
    status: 0,
  }),
  step('and another', configs, `${EVERY_BROKER} --add-config log.retention.bytes=7000000,log.cleanup.policy=[delete]`, {
    status: 0,
  }),
  step('settings of every broker by then', configs, '--describe --entity-type brokers --entity-default', {
    sorted: true,
    status: 0,
  }),
  step('where a setting of the desk comes from', configs, '--describe --all --entity-type topics --entity-name desk', {
    only: /retention\.bytes|cleanup\.policy/,
    sorted: true,
    status: 0,
  }),
  step('settings of the broker by then', configs, '--describe --entity-type brokers --entity-name 1', {
    sorted: true,
    status: 0,
  }),
  step(
    'the broker forgets settings',
    configs,
    `${BROKER} --delete-config plugin.setting,leader.replication.throttled.rate`,
    {
      status: 0,
    },
  ),
  step(
    'every broker forgets settings',
    configs,
    `${EVERY_BROKER} --delete-config log.retention.bytes,log.cleanup.policy`,
    {
      status: 0,
    },
  ),
  step('the least in-sync replicas stay with the cluster', configs, `${BROKER} --add-config min.insync.replicas=2`, {
    status: 1,
  }),
  step('and cannot go', configs, `${EVERY_BROKER} --delete-config min.insync.replicas`, { status: 1 }),
  step('settings of a broker that is not there', configs, '--describe --entity-type brokers --entity-name 7'),
  step('a level for all loggers', configs, `${LOGGERS} --add-config root=WARN`, { status: 0 }),
  step('levels of loggers', configs, '--describe --entity-type broker-loggers --entity-name 1', {
    only: /^(Dynamic| *root=)/,
    status: 0,
  }),
  step('a level that there is not', configs, `${LOGGERS} --add-config root=LOUD`, { status: 1 }),
  step('a logger that there is not', configs, `${LOGGERS} --add-config no.such.logger=INFO`, { status: 1 }),
  step('the root logger keeps a level', configs, `${LOGGERS} --delete-config root`, { status: 1 }),
  step('loggers of a broker that is not there', configs, '--describe --entity-type broker-loggers --entity-name 7'),
  step('and a level again', configs, `${LOGGERS} --add-config root=ERROR`, { status: 0 }),
];

const METRIC_STEPS: readonly ToolStep[] = [
  step(
    'watch producers',
    TOOL.clientMetrics,
    '--alter --name producers --metrics org.apache. --match client_id=(?i)p.*',
    {
      status: 0,
    },
  ),
  step('watch too often', TOOL.clientMetrics, '--alter --name bad --interval 50', { status: 1 }),
  step('watch by what is not there', TOOL.clientMetrics, '--alter --name bad --match colour=red', { status: 1 }),
  step('watch by half an expression', TOOL.clientMetrics, '--alter --name bad --match client_id=[', { status: 1 }),
  step('a watch that is there', TOOL.clientMetrics, '--describe --name producers', { status: 0 }),
  step('a watch that is not there', TOOL.clientMetrics, '--describe --name missing'),
  step('all settings of a watch', configs, '--describe --all --entity-type client-metrics --entity-name producers', {
    sorted: true,
    status: 0,
  }),
  step('stop watching', TOOL.clientMetrics, '--delete --name producers', { status: 0 }),
];

const featureStep = (name: string, args: string, status: number): ToolStep =>
  step(name, TOOL.features, `--bootstrap-server {bootstrap} ${args}`, {
    // What is wrong with a level is told in each broker's own words.
    same: (all) => all.replaceAll(/^((Could|Can) not \S+ \S+ to \d+\.).*/gm, '$1'),
    status,
  });

const FEATURE_STEPS: readonly ToolStep[] = [
  step('levels of releases', TOOL.features, 'version-mapping', { noBootstrap: true, status: 0 }),
  featureStep('raise a feature to where it is', 'upgrade --feature group.version=1', 0),
  featureStep('raise a feature too far', 'upgrade --feature group.version=7', 1),
  featureStep('raise a feature that there is not', 'upgrade --feature no.such.version=1', 1),
  featureStep('try to raise a feature', 'upgrade --dry-run --feature group.version=1', 0),
  featureStep('lower a feature', 'downgrade --feature streams.version=0', 0),
  featureStep('raise it again with another', 'upgrade --feature streams.version=1 --feature share.version=1', 0),
  featureStep('raise kraft.version', 'upgrade --dry-run --feature kraft.version=1', 0),
  featureStep('raise everything to a release', 'upgrade --dry-run --release-version 4.3', 0),
];

const CLUSTER_STEPS: readonly ToolStep[] = [
  step('replication of the quorum', TOOL.quorum, '--bootstrap-server {bootstrap} describe --replication', {
    same: (all) => withoutGaps(withoutRates(all)),
    status: 0,
  }),
  step('unregister a broker that is not there', TOOL.cluster, 'unregister --id 9 --bootstrap-server {bootstrap}', {
    noBootstrap: true,
  }),
  step(
    'brokers, fenced ones too',
    TOOL.cluster,
    'list-endpoints --include-fenced-brokers --bootstrap-server {bootstrap}',
    {
      noBootstrap: true,
      same: (all) => withoutGaps(all).replaceAll(/\b\d{4,5}\b/g, 'PORT'),
      status: 0,
    },
  ),
  step('transactions by duration', TOOL.transactions, '--bootstrap-server {bootstrap} list --duration-filter 0', {
    same: withoutRates,
    status: 0,
  }),
  step(
    'transactions by pattern',
    TOOL.transactions,
    '--bootstrap-server {bootstrap} list --transactional-id-pattern p.*',
    {
      same: withoutRates,
      status: 0,
    },
  ),
  step(
    'transactions by no pattern',
    TOOL.transactions,
    '--bootstrap-server {bootstrap} list --transactional-id-pattern [',
    {
      status: 1,
    },
  ),
  step(
    'hanging transactions of a topic',
    TOOL.transactions,
    '--bootstrap-server {bootstrap} find-hanging --topic desk',
    { status: 0 },
  ),
  step(
    'abort a transaction that is not there',
    TOOL.transactions,
    '--bootstrap-server {bootstrap} abort --topic desk --partition 0 --start-offset 0',
    { status: 1 },
  ),
  step(
    'end a transactional id',
    TOOL.transactions,
    '--bootstrap-server {bootstrap} forceTerminateTransaction --transactionalId performance',
    { status: 0 },
  ),
  step('elect all preferred leaders', TOOL.elections, '--election-type preferred --all-topic-partitions'),
  step('elect a leader that is there', TOOL.elections, '--election-type unclean --topic desk --partition 0'),
  step(
    'elect leaders by a file',
    TOOL.elections,
    '--election-type preferred --path-to-json-file {scratch}/elect.json',
    {
      files: { 'elect.json': json({ partitions: [{ topic: 'desk', partition: 0 }] }) },
    },
  ),
  step('elect a leader of no topic', TOOL.elections, '--election-type unclean --topic missing --partition 0', {
    status: 1,
  }),
  step('elect a leader of no partition', TOOL.elections, '--election-type preferred --topic desk --partition 7', {
    status: 1,
  }),
];

const MOVES = {
  'topics.json': json({ version: 1, topics: [{ topic: 'desk' }] }),
  'move.json': json({ version: 1, partitions: [{ topic: 'desk', partition: 0, replicas: [1] }] }),
  'far.json': json({ version: 1, partitions: [{ topic: 'desk', partition: 0, replicas: [1, 2] }] }),
  'folder.json': json({
    version: 1,
    partitions: [{ topic: 'desk', partition: 0, replicas: [1], log_dirs: ['/nowhere'] }],
  }),
  'lost.json': json({ version: 1, partitions: [{ topic: 'missing', partition: 0, replicas: [1] }] }),
};

const move = (name: string, args: string, more: Partial<ToolStep> = {}): ToolStep =>
  step(name, TOOL.reassignments, args, { files: MOVES, ...more });

const MOVE_STEPS: readonly ToolStep[] = [
  move('plan a reassignment', '--generate --topics-to-move-json-file {scratch}/topics.json --broker-list 1', {
    status: 0,
  }),
  move('reassign', '--execute --reassignment-json-file {scratch}/move.json', { status: 0 }),
  move('verify what was reassigned', '--verify --reassignment-json-file {scratch}/move.json', { status: 0 }),
  move('reassign with a throttle', '--execute --throttle 1000000 --reassignment-json-file {scratch}/move.json', {
    status: 0,
  }),
  step('throttles of the broker', configs, '--describe --entity-type brokers --entity-name 1', {
    only: /throttled|Dynamic/,
    sorted: true,
    status: 0,
  }),
  move('verify, which takes throttles away', '--verify --reassignment-json-file {scratch}/move.json', { status: 0 }),
  step('throttles of the broker then', configs, '--describe --entity-type brokers --entity-name 1', {
    only: /throttled|Dynamic/,
    status: 0,
  }),
  move('reassign to a broker that is not there', '--execute --reassignment-json-file {scratch}/far.json', {
    status: 1,
  }),
  move('reassign a topic that is not there', '--execute --reassignment-json-file {scratch}/lost.json', { status: 1 }),
  move('cancel a reassignment that is over', '--cancel --reassignment-json-file {scratch}/move.json', { status: 0 }),
  move('list reassignments then', '--list', { status: 0 }),
  move('move to a folder that is not there', '--execute --reassignment-json-file {scratch}/folder.json', { status: 1 }),
  step('log folders of a broker that is not there', TOOL.logDirs, '--describe --broker-list 7', { status: 1 }),
];

const USERS = '--alter --entity-type users';

const USER_STEPS: readonly ToolStep[] = [
  step(
    'a password with few iterations',
    configs,
    `${USERS} --entity-name olga --add-config SCRAM-SHA-256=[iterations=9,password=x]`,
    {
      status: 1,
    },
  ),
  step(
    'a password of the longer kind',
    configs,
    `${USERS} --entity-name olga --add-config SCRAM-SHA-512=[iterations=8192,password=x]`,
    {
      status: 0,
    },
  ),
  step('a user with a password', configs, '--describe --entity-type users --entity-name olga', { status: 0 }),
  step('take a password away that is not there', configs, `${USERS} --entity-name olga --delete-config SCRAM-SHA-256`, {
    status: 1,
  }),
  step('take a password away', configs, `${USERS} --entity-name olga --delete-config SCRAM-SHA-512`, { status: 0 }),
];

/** A tool that reports for ever: what it says until it is ended, each thing once. */
const REPLICA_STEPS: readonly ToolStep[] = [
  step(
    'verify replicas',
    TOOL.replicaVerification,
    '--broker-list {bootstrap} --topics-include desk --report-interval-ms 500',
    {
      ownProcess: true,
      noBootstrap: true,
      timeoutMs: 10_000,
      only: /verification process|max lag/,
      same: (all) => [...new Set(all.replaceAll(/^\S+ \S+ /gm, '').split('\n'))].join('\n'),
    },
  ),
];

export const ADMIN_MORE_STEPS: readonly ToolStep[] = [
  ...TOPIC_STEPS,
  ...GROUP_STEPS,
  ...CONFIG_STEPS,
  ...METRIC_STEPS,
  ...FEATURE_STEPS,
  ...CLUSTER_STEPS,
  ...MOVE_STEPS,
  ...USER_STEPS,
  ...REPLICA_STEPS,
];
