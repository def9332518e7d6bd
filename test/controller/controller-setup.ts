import { silentLogger } from '../../src/base/logger.ts';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import type { ControllerRequestContext, ControllerSettings } from '../../src/controller/control-context.ts';
import { KafkaConfigRules } from '../../src/controller/kafka-config-rules.ts';
import { LocalController } from '../../src/controller/local-controller.ts';
import { type MetadataDirectory, openMetadataDirectory } from '../../src/controller/metadata-directory.ts';
import type { SnapshotPolicy } from '../../src/controller/metadata-leader.ts';
import { SUPPORTED_FEATURES } from '../../src/metadata/metadata-version.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';

export const NODE_ID = 1;
export const FOLDER = '/data';
export const LOG_FOLDER = `${FOLDER}/__cluster_metadata-0`;

export interface SetupOptions {
  readonly files?: MemoryFileSpace;
  readonly clock?: ManualClock;
  readonly seed?: number;
  readonly logDirs?: readonly string[];
  readonly segmentBytes?: number;
  readonly snapshots?: Partial<SnapshotPolicy>;
  readonly settings?: Partial<ControllerSettings>;
  readonly onFatal?: (error: Error) => void;
}

export interface Setup {
  readonly controller: LocalController;
  readonly directory: MetadataDirectory;
  readonly files: MemoryFileSpace;
  readonly clock: ManualClock;
}

/** A controller over memory, as a broker opens it; `files` of an earlier one makes it a restart. */
export async function openController(options: SetupOptions = {}): Promise<Setup> {
  const clock = options.clock ?? new ManualClock();
  const files = options.files ?? new MemoryFileSpace(() => clock.wallMs());
  const random = seededRandom(options.seed ?? 1);
  const directory = openMetadataDirectory({
    store: new SegmentedLogStore(files),
    nodeId: NODE_ID,
    logDirs: options.logDirs ?? [FOLDER],
    metadataLogDir: FOLDER,
    clusterId: null,
    random,
    logger: silentLogger,
    wallMs: () => clock.wallMs(),
    segmentBytes: options.segmentBytes ?? 2 ** 30,
  });
  const config = new BrokerConfig(new Map());
  const controller = await LocalController.open({
    log: directory.log,
    directoryId: directory.metadataDirectoryId,
    bootstrapRecords: directory.bootstrapRecords,
    settings: {
      nodeId: NODE_ID,
      clusterId: directory.clusterId,
      defaultPartitions: 2,
      defaultReplicationFactor: 1,
      deleteTopicEnable: true,
      ...options.settings,
    },
    rules: new KafkaConfigRules(() => config),
    snapshots: { recordBytesMax: 20e6, intervalMsMax: 0, retentionBytes: -1, retentionMs: -1, ...options.snapshots },
    clock,
    random,
    logger: silentLogger,
    onFatal: options.onFatal ?? (() => {}),
  });
  return { controller, directory, files, clock };
}

export interface RegistrationOptions {
  readonly brokerId?: number;
  readonly incarnationId?: string;
  readonly previousBrokerEpoch?: number;
  readonly logDirs?: readonly string[];
}

export function registration({ directory }: Pick<Setup, 'directory'>, options: RegistrationOptions = {}) {
  return {
    brokerId: options.brokerId ?? NODE_ID,
    clusterId: directory.clusterId,
    incarnationId: options.incarnationId ?? 'TE96oQ02S4qcPRBw-YYm4w',
    listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
    features: [...SUPPORTED_FEATURES].map(([name, { min, max }]) => ({
      name,
      minSupportedVersion: min,
      maxSupportedVersion: max,
    })),
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [...(options.logDirs ?? directory.directoryIds.values())],
    previousBrokerEpoch: options.previousBrokerEpoch ?? -1,
  };
}

export function heartbeat(brokerEpoch: number, fields: object = {}) {
  return {
    brokerId: NODE_ID,
    brokerEpoch,
    currentMetadataOffset: Number.MAX_SAFE_INTEGER,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [] as string[],
    cordonedLogDirs: null as string[] | null,
    ...fields,
  };
}

/** Registers and unfences the broker; returns its epoch. */
export async function startBroker(setup: Setup, options: RegistrationOptions = {}): Promise<number> {
  const { brokerEpoch } = await setup.controller.registerBroker(registration(setup, options));
  const brokerId = options.brokerId ?? NODE_ID;
  await setup.controller.brokerHeartbeat(heartbeat(brokerEpoch, { brokerId }));
  return brokerEpoch;
}

/** A controller with a running broker. */
export async function startedController(options: SetupOptions = {}): Promise<Setup & { brokerEpoch: number }> {
  const setup = await openController(options);
  return { ...setup, brokerEpoch: await startBroker(setup) };
}

export const LATEST: ControllerRequestContext = { apiVersion: 100, principal: 'User:tester' };

export interface TopicFields {
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: { partitionIndex: number; brokerIds: number[] }[];
  readonly configs?: { name: string; value: string | null }[];
}

export function creatable(name: string, fields: TopicFields = {}) {
  return { name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [], ...fields };
}

export function createRequest(topics: ReturnType<typeof creatable>[], validateOnly = false) {
  return { topics, timeoutMs: 1000, validateOnly };
}
