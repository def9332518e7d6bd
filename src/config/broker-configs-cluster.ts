/** Broker settings of replication and of the way to the controllers. Data only; any thread. */
import { CONTROLLER, IDLE, NOT_YET, OWN_CLIENT, PURGATORY, SOCKET_BUFFER, VOTER } from './accepted-reasons.ts';
import { bool, int, LONG_MAX, list, long, SECURITY_PROTOCOLS, string } from './config-definition.ts';

export const CLUSTER_CONFIGS = [
  int('controller.socket.timeout.ms', 30_000, "Longest wait for the controller's answers.", { accepted: OWN_CLIENT }),
  int('default.replication.factor', 1, 'Replication factor of topics created without one.'),
  long(
    'replica.lag.time.max.ms',
    30_000,
    'Time after which a follower that has not caught up leaves the in-sync set.',
    { accepted: NOT_YET },
  ),
  int('replica.socket.timeout.ms', 30_000, "Longest wait for the answer to a replica's fetch.", { accepted: NOT_YET }),
  int('replica.socket.receive.buffer.bytes', 65_536, 'SO_RCVBUF of connections to leaders.', {
    accepted: SOCKET_BUFFER,
  }),
  int(
    'replica.fetch.max.bytes',
    1_048_576,
    'Bytes fetched per partition from a leader; a larger first batch still comes whole.',
    { min: 0, accepted: NOT_YET },
  ),
  int('replica.fetch.wait.max.ms', 500, "Longest time that a leader may hold a follower's fetch back.", {
    accepted: NOT_YET,
  }),
  int('replica.fetch.backoff.ms', 1000, 'Pause after a failed fetch from a leader.', { min: 0, accepted: NOT_YET }),
  int('replica.fetch.min.bytes', 1, "Bytes that a leader waits for before it answers a follower's fetch.", {
    accepted: NOT_YET,
  }),
  int('replica.fetch.response.max.bytes', 10_485_760, 'Bytes that one answer to a follower carries.', {
    min: 0,
    accepted: NOT_YET,
  }),
  int('num.replica.fetchers', 1, 'Connections per leader broker that fetch from it.', {
    min: 1,
    dynamic: 'cluster',
    accepted: NOT_YET,
  }),
  long(
    'replica.high.watermark.checkpoint.interval.ms',
    5000,
    'Time between two writes of the file that holds the high watermarks.',
    { accepted: NOT_YET },
  ),
  int('fetch.purgatory.purge.interval.requests', 1000, 'Answered fetches after which the waiting list is swept.', {
    accepted: PURGATORY,
  }),
  int(
    'producer.purgatory.purge.interval.requests',
    1000,
    'Answered produce requests after which the waiting list is swept.',
    { accepted: PURGATORY },
  ),
  int(
    'delete.records.purgatory.purge.interval.requests',
    1,
    'Answered DeleteRecords after which the waiting list is swept.',
    { accepted: PURGATORY },
  ),
  bool('auto.leader.rebalance.enable', true, 'Moves leadership back to preferred replicas from time to time.', {
    accepted: CONTROLLER,
  }),
  long('leader.imbalance.check.interval.seconds', 300, 'Time between two looks at the balance of leaders.', {
    min: 1,
    accepted: CONTROLLER,
  }),
  long(
    'unclean.leader.election.interval.ms',
    300_000,
    'Time between two looks for partitions that need an unclean election.',
    { min: 1, internal: true, accepted: CONTROLLER },
  ),
  bool(
    'unclean.leader.election.enable',
    false,
    'Lets a replica outside the in-sync set become leader when no other is left; acknowledged records may be lost.',
    { dynamic: 'cluster' },
  ),
  string(
    'security.inter.broker.protocol',
    'PLAINTEXT',
    'Security protocol between brokers when inter.broker.listener.name is not set.',
    { oneOf: SECURITY_PROTOCOLS },
  ),
  string('inter.broker.listener.name', null, 'Listener that brokers use among themselves.'),
  string(
    'replica.selector.class',
    null,
    "Chooses the replica a consumer should read from; the rack-aware selector's class name selects the one built in.",
    { accepted: NOT_YET },
  ),
  bool(
    'follower.fetch.last.tiered.offset.enable',
    false,
    'Starts a new follower at the last offset in remote storage.',
    { dynamic: 'cluster', accepted: NOT_YET },
  ),
  list(
    'process.roles',
    ['broker', 'controller'],
    'What this process is: broker, or broker,controller for one that stands alone.',
    {
      oneOf: ['broker', 'controller'],
      nonEmpty: true,
      kafkaDefault: null,
      why: 'One broker alone is the common start and needs no settings.',
    },
  ),
  int('node.id', 1, 'Number of this node in its cluster.', {
    min: 0,
    kafkaDefault: null,
    why: "One broker alone needs no number of the user's choosing.",
  }),
  int(
    'initial.broker.registration.timeout.ms',
    60_000,
    'Longest wait for the controller to accept the broker at start.',
    { accepted: NOT_YET },
  ),
  int('broker.heartbeat.interval.ms', 2000, 'Time between two heartbeats to the controller.', { accepted: NOT_YET }),
  int(
    'broker.session.timeout.ms',
    9000,
    'Time without heartbeats after which the controller takes a broker for dead.',
    { accepted: CONTROLLER },
  ),
  list(
    'controller.listener.names',
    ['CONTROLLER'],
    "Names of the controllers' listeners; such a listener is not opened for clients.",
    { nonEmpty: true, kafkaDefault: null, why: "The name that Kafka's own example files use." },
  ),
  string('sasl.mechanism.controller.protocol', 'GSSAPI', 'SASL mechanism for connections to the controllers.', {
    accepted: NOT_YET,
  }),
  long('controller.performance.sample.period.ms', 60_000, "Time between two reports of the controller's slow events.", {
    min: 100,
    internal: true,
    accepted: CONTROLLER,
  }),
  long(
    'controller.performance.always.log.threshold.ms',
    2000,
    'Duration from which a controller event counts as slow.',
    { min: 0, internal: true, accepted: CONTROLLER },
  ),
  long('server.max.startup.time.ms', LONG_MAX, 'Longest time that the start may take.', {
    min: 0,
    internal: true,
    accepted: NOT_YET,
  }),
  list('controller.quorum.voters', [], "The quorum's voters, id@host:port, when their list is fixed."),
  list('controller.quorum.bootstrap.servers', [], 'Addresses of controllers from which the quorum is found.'),
  int('controller.quorum.election.timeout.ms', 1000, 'Wait of a voter before it calls an election.', {
    min: 0,
    accepted: VOTER,
  }),
  int(
    'controller.quorum.fetch.timeout.ms',
    2000,
    'Time without a successful fetch after which another quorum leader is looked for.',
    { min: 0, accepted: NOT_YET },
  ),
  int('controller.quorum.election.backoff.max.ms', 1000, 'Longest pause after a lost election.', {
    min: 0,
    accepted: VOTER,
  }),
  int(
    'controller.quorum.append.linger.ms',
    25,
    'Time for which the quorum leader gathers records before it writes them.',
    { min: 0, accepted: VOTER },
  ),
  int('controller.quorum.request.timeout.ms', 2000, "Longest wait for a controller's answer.", {
    min: 0,
    accepted: NOT_YET,
  }),
  int('controller.quorum.retry.backoff.ms', 20, 'Pause before a request to a controller is repeated.', {
    min: 0,
    accepted: NOT_YET,
  }),
  bool('controller.quorum.auto.join.enable', false, 'Makes a controller join the quorum by itself.', {
    accepted: VOTER,
  }),
  int(
    'controller.quorum.fetch.snapshot.max.bytes',
    1_048_576,
    'Bytes per answer while a metadata snapshot is fetched.',
    { min: 1, accepted: NOT_YET },
  ),
  int('controller.quorum.fetch.max.bytes', 1_048_576, 'Bytes per answer while the metadata log is fetched.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long(
    'metadata.log.max.record.bytes.between.snapshots',
    20_971_520,
    'Bytes of metadata records after which a snapshot is written.',
    { min: 1 },
  ),
  long(
    'metadata.log.max.snapshot.interval.ms',
    3_600_000,
    'Longest time between snapshots when there are new records; 0 is no bound.',
    { min: 0 },
  ),
  string('metadata.log.dir', null, 'Folder of the metadata log; without it the first data folder.'),
  int('metadata.log.segment.bytes', 1_073_741_824, 'Size of a segment of the metadata log.', { min: 8_388_608 }),
  long('metadata.log.segment.ms', 604_800_000, 'Age at which a segment of the metadata log is closed.', {}),
  long('metadata.max.retention.bytes', 104_857_600, 'Bytes of metadata log and snapshots that are kept.'),
  long('metadata.max.retention.ms', 604_800_000, 'Time for which metadata log and snapshots are kept.'),
  int('metadata.max.idle.interval.ms', 500, 'Time after which an idle controller writes a record that does nothing.', {
    min: 0,
    accepted: IDLE,
  }),
  int(
    'internal.metadata.log.segment.bytes',
    null,
    'Segment size of the metadata log below the public minimum, for tests.',
    { internal: true, accepted: NOT_YET },
  ),
  int('internal.metadata.max.batch.size.in.bytes', 8_388_608, 'Largest batch written to the metadata log.', {
    internal: true,
    accepted: NOT_YET,
  }),
  long(
    'internal.metadata.delete.delay.millis',
    60_000,
    'Time between taking a metadata segment or snapshot away and removing its files.',
    { internal: true, accepted: NOT_YET },
  ),
] as const;
