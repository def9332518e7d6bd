// What a step of the tools' comparison is, and the names of the tools.
const TOOLS = 'org.apache.kafka.tools';

export const TOOL = {
  topics: `${TOOLS}.TopicCommand`,
  configs: 'kafka.admin.ConfigCommand',
  groups: `${TOOLS}.consumer.group.ConsumerGroupCommand`,
  shareGroups: `${TOOLS}.consumer.group.ShareGroupCommand`,
  allGroups: `${TOOLS}.GroupsCommand`,
  producer: `${TOOLS}.ConsoleProducer`,
  consumer: `${TOOLS}.consumer.ConsoleConsumer`,
  shareConsumer: `${TOOLS}.consumer.ConsoleShareConsumer`,
  verifiableProducer: `${TOOLS}.VerifiableProducer`,
  verifiableConsumer: `${TOOLS}.VerifiableConsumer`,
  producerPerformance: `${TOOLS}.ProducerPerformance`,
  consumerPerformance: `${TOOLS}.ConsumerPerformance`,
  endToEndLatency: `${TOOLS}.EndToEndLatency`,
  offsets: `${TOOLS}.GetOffsetShell`,
  deleteRecords: `${TOOLS}.DeleteRecordsCommand`,
  acls: `${TOOLS}.AclCommand`,
  clientMetrics: `${TOOLS}.ClientMetricsCommand`,
  logDirs: `${TOOLS}.LogDirsCommand`,
  transactions: `${TOOLS}.TransactionsCommand`,
  features: `${TOOLS}.FeatureCommand`,
  cluster: `${TOOLS}.ClusterTool`,
  quorum: `${TOOLS}.MetadataQuorumCommand`,
  elections: `${TOOLS}.LeaderElectionCommand`,
  reassignments: `${TOOLS}.reassign.ReassignPartitionsCommand`,
  apiVersions: `${TOOLS}.BrokerApiVersionsCommand`,
  streamsReset: `${TOOLS}.StreamsResetter`,
  replicaVerification: `${TOOLS}.ReplicaVerificationTool`,
  dump: `${TOOLS}.DumpLogSegments`,
  metadataShell: 'org.apache.kafka.shell.MetadataShell',
} as const;

export interface ToolStep {
  name: string;
  class: string;
  /** {bootstrap}, {data} and {scratch} stand for the broker's address, its data folder and a folder for files. */
  args: readonly string[];
  /** Standard input. */
  input?: string;
  /** Files to write into {scratch} first. */
  files?: Record<string, string>;
  /** The lines may come in any order. */
  sorted?: true;
  /** Only these lines count. */
  only?: RegExp;
  /** Takes out of the output what may differ. */
  same?: (output: string) => string;
  /** Runs in a JVM of its own: it works on after its main function. */
  ownProcess?: true;
  /** Looks at what settles a moment later, as a topic of this instant: it is run again while the two differ. */
  settles?: true;
  /** The tool is told the broker in its own way, or reads files only. */
  noBootstrap?: true;
  timeoutMs?: number;
  /** What Apache Kafka itself must answer, where a silent failure would make the step empty. */
  status?: number;
}

export const step = (name: string, mainClass: string, args: string, more: Partial<ToolStep> = {}): ToolStep => ({
  name,
  class: mainClass,
  args: args.split(' ').filter((word) => word !== ''),
  ...more,
});

export const json = (value: unknown): string => JSON.stringify(value);

/** Figures that a clock made. */
export const withoutRates = (output: string): string => output.replaceAll(/\d+(\.\d+)?/g, 'N');
export const withoutGaps = (output: string): string => output.replaceAll(/[ \t]+/g, ' ');
