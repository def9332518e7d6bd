/**
 * The composition root: puts a broker together from its settings, brings it up in order, takes it down in order.
 *
 *     directories, metadata log -> hosts -> sockets bound -> registered -> logs open, groups loading -> reading begins
 */
import { hostname } from 'node:os';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { randomUuid } from '../base/uuid.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { SECURITY_PROTOCOLS } from '../config/config-definition.ts';
import type { LoadedBrokerConfig } from '../config/load-broker-config.ts';
import { KafkaConfigRules } from '../controller/kafka-config-rules.ts';
import type { LocalController } from '../controller/local-controller.ts';
import type { MetadataDirectory } from '../controller/metadata-directory.ts';
import { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { TopicDescription } from '../coordinator/group/group-ports.ts';
import { ConfigResourceType } from '../metadata/configs-image.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import { MetadataLogFullError } from '../metadata/metadata-log.ts';
import { SUPPORTED_FEATURES } from '../metadata/metadata-version.ts';
import type { TopicImage } from '../metadata/topics-image.ts';
import type { LogStore } from '../native/log-store.ts';
import { ErrorCode, errorName } from '../protocol/errors.ts';
import { RowSlot } from '../ring/partition-table.ts';
import type { ComponentLoggers } from '../telemetry/component-loggers.ts';
import { createApiTable } from './api-table.ts';
import { AutoTopics } from './auto-topics.ts';
import type { BackgroundPool } from './background/background-pool.ts';
import type { BrokerServices, Endpoint, RequestContext } from './broker-services.ts';
import type { CleanerPool } from './cleaner/cleaner-pool.ts';
import { LogCleaner } from './cleaner/log-cleaner.ts';
import { CordonedDirectories } from './cordoned-directories.ts';
import { DirectoryLocks } from './directory-locks.ts';
import { groupSettings } from './group-settings.ts';
import { messageBytesMax, OFFSETS_TOPIC, TRANSACTION_TOPIC } from './internal-topics.ts';
import { connectionBounds } from './io/connection-limits.ts';
import { IoLinks } from './io-links.ts';
import { ListenerSecurity } from './listener-security.ts';
import type { LogDirectories } from './log-directories.ts';
import { openController } from './open-controller.ts';
import { type OpenedDirectories, openDirectories } from './open-directories.ts';
import { PartitionCoordinatorLog } from './partition-coordinator-log.ts';
import { PartitionManager } from './partition-manager.ts';
import { ProducerIds } from './producer-ids.ts';
import { RequestRouter } from './request-router.ts';
import { PARTITIONS_MAX } from './shared-memory.ts';
import { StorageLinks } from './storage-links.ts';
import { StorageServices } from './storage-services.ts';
import { dynamicStorageSettings } from './storage-settings.ts';
import { TelemetryServices } from './telemetry/telemetry-services.ts';
import type { Hosts } from './threads/hosts.ts';
import { createTransactionServices, type TransactionServices } from './transaction-services.ts';

export interface BrokerOptions {
  readonly loaded: LoadedBrokerConfig;
  readonly loggers: ComponentLoggers;
  readonly store: LogStore;
  startHosts(config: BrokerConfig): Promise<Hosts>;
  /** Where compaction does its work. */
  readonly cleanerPool: CleanerPool;
  /** Where other long work on files is done. */
  readonly backgroundPool: BackgroundPool;
  /** Something failed that forbids to go on (a failed sync, a failed metadata log). */
  onFatal(error: Error): void;
}

export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Dynamic ones change while the broker runs. */
interface Settings {
  now: BrokerConfig;
}

export class Broker {
  readonly clusterId: string;
  readonly nodeId: number;
  listeners: readonly BoundListener[] = [];
  /** Where metrics are served; undefined when they are not. */
  metricsPort: number | undefined;
  readonly #settings: Settings;
  readonly #options: BrokerOptions;
  readonly #clock: Clock = systemClock;
  readonly #random: Random = systemRandom;
  readonly #logger: Logger;
  readonly #hosts: Hosts;
  readonly #locks: DirectoryLocks;
  readonly #security: ListenerSecurity;
  readonly #metadataLog: MetadataDirectory['log'];
  readonly #directories: LogDirectories;
  readonly #cordoned: CordonedDirectories;
  readonly #controller: LocalController;
  readonly #io: IoLinks;
  readonly #storage: StorageLinks;
  readonly #partitions: PartitionManager;
  readonly #cleaner: LogCleaner;
  readonly #storageServices: StorageServices;
  readonly #groups: GroupCoordinator;
  readonly #transactions: TransactionServices;
  readonly #telemetry: TelemetryServices;
  readonly #router: RequestRouter;
  #brokerEpoch = -1;
  #checkpointTimer: Timer | undefined;
  #stopping = false;

  /** Rejects with what is in the way; then nothing runs and the directories are free. */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { config, listeners } = options.loaded;
    const { logDirs, metadataLogDir } = options.loaded.identity;
    const security = new ListenerSecurity(config, listeners);
    security.warnOfExpiry(options.loggers.of('broker'), systemClock.wallMs());
    const locks = new DirectoryLocks([...logDirs, metadataLogDir], options.store.files);
    try {
      return await Broker.#startLocked(options, locks, security);
    } catch (error) {
      locks.release();
      throw error;
    }
  }

  static async #startLocked(
    options: BrokerOptions,
    locks: DirectoryLocks,
    security: ListenerSecurity,
  ): Promise<Broker> {
    const { loaded, store, loggers, onFatal } = options;
    const settings: Settings = { now: loaded.config };
    const { metadata, directories } = openDirectories(loaded, locks, store, loggers);
    const rules = new KafkaConfigRules(
      () => settings.now,
      (changed, names) => security.faultOf(changed, names, systemClock.wallMs()),
    );
    const logger = loggers.of('controller');
    const controller = await openController({ loaded, metadata, rules, logger, onFatal });
    const hosts = await options.startHosts(settings.now).catch(async (error: Error) => {
      await controller.close();
      throw error;
    });
    const broker = new Broker(options, { settings, locks, security, metadata, directories, controller, hosts });
    try {
      await broker.#start();
    } catch (error) {
      await broker.#abandonStart().catch(() => {});
      throw error;
    }
    return broker;
  }

  private constructor(
    options: BrokerOptions,
    parts: OpenedDirectories & {
      settings: Settings;
      locks: DirectoryLocks;
      security: ListenerSecurity;
      controller: LocalController;
      hosts: Hosts;
    },
  ) {
    const { loaded, loggers } = options;
    const logger = loggers.of('broker');
    this.#options = options;
    this.#settings = parts.settings;
    this.#logger = logger;
    this.#locks = parts.locks;
    this.#security = parts.security;
    this.#metadataLog = parts.metadata.log;
    this.#directories = parts.directories;
    this.#controller = parts.controller;
    this.#hosts = parts.hosts;
    this.clusterId = parts.metadata.clusterId;
    this.nodeId = loaded.identity.nodeId;
    this.#cordoned = new CordonedDirectories({
      nodeId: this.nodeId,
      image: parts.controller.image,
      directories: parts.directories,
      config: () => this.#config,
    });
    this.#storage = new StorageLinks(this.#hosts.storagePorts, {
      onOffline: (row, fault, ofDirectory) => {
        logger.error({ row, fault }, 'a partition went offline');
        this.#partitions.noteOffline(row);
        if (ofDirectory) this.#storageServices.failures.rowFailed(row, fault);
      },
    });
    this.#io = new IoLinks(this.#hosts.ioLinks, {
      onRequest: (request) => this.#router.answer(request),
      onReadEpochEnd: (row, leaderEpoch) => this.#storage.request(row, { op: 'endOffsetForEpoch', row, leaderEpoch }),
      onReadAborted: (question) => this.#storage.request(question.row, { op: 'aborted', ...question }),
      onVerify: (question) => this.#transactions.verifier.forProduce(question),
      onTelemetryClosed: (connection) => this.#telemetry.clientMetrics.connectionClosed(connection),
    });
    this.#partitions = this.#createPartitions();
    this.#storageServices = this.#createStorageServices();
    this.#cleaner = this.#createCleaner();
    this.#groups = this.#createGroups();
    this.#transactions = this.#createTransactions();
    this.#telemetry = new TelemetryServices({
      clock: this.#clock,
      random: this.#random,
      logger: loggers.of('telemetry'),
      image: this.#controller.image,
      config: () => this.#config,
    });
    this.#router = new RequestRouter(createApiTable(), this.#services(), loggers.of('requests'));
  }

  get #config(): BrokerConfig {
    return this.#settings.now;
  }

  #createPartitions(): PartitionManager {
    const { table, appender } = this.#hosts;
    return new PartitionManager({
      nodeId: this.nodeId,
      table,
      storage: this.#storage,
      io: this.#io,
      directories: this.#directories,
      config: () => this.#config,
      writeCheckpoints: () => this.writeCheckpoints(),
      onPartitionOnline: (topic, partition) => this.#partitionOnline(topic, partition),
      onPartitionDeleted: (topic, partition, row) => {
        appender.refuse(row);
        this.#storageServices.moves.cancel(topic, partition);
      },
      onAssigned: (places) => this.#storageServices.assigned(places),
      onNoRoom: (count) => {
        this.#logger.error({ count, max: PARTITIONS_MAX }, 'partitions are not served: there are too many');
      },
      onPartitionOffline: (topic, partition) => {
        if (topic === OFFSETS_TOPIC) this.#groups.resigned(partition, null);
        if (topic === TRANSACTION_TOPIC) this.#transactions.coordinator.resigned(partition, null);
      },
    });
  }

  #createStorageServices(): StorageServices {
    const options = this.#options;
    return new StorageServices({
      nodeId: this.nodeId,
      metadataLogDir: options.loaded.identity.metadataLogDir,
      partitions: this.#partitions,
      storage: this.#storage,
      directories: this.#directories,
      controller: this.#controller,
      image: this.#controller.image,
      files: options.store.files,
      pool: options.backgroundPool,
      clock: this.#clock,
      random: this.#random,
      loggers: options.loggers,
      config: () => this.#config,
      brokerEpoch: () => this.#brokerEpoch,
      tellController: () => this.#heartbeat(false),
      writeCheckpoints: () => this.writeCheckpoints(),
      onFatal: options.onFatal,
    });
  }

  #createCleaner(): LogCleaner {
    return new LogCleaner({
      partitions: this.#partitions,
      storage: this.#storage,
      directories: this.#directories,
      pool: this.#options.cleanerPool,
      isMoving: (topic, partition) => this.#storageServices.moves.isMoving(topic, partition),
      clock: this.#clock,
      logger: this.#options.loggers.of('cleaner'),
      config: () => this.#config,
    });
  }

  #createGroups(): GroupCoordinator {
    const { store, loggers } = this.#options;
    const { table, appender } = this.#hosts;
    return new GroupCoordinator({
      log: new PartitionCoordinatorLog({
        topic: OFFSETS_TOPIC,
        store,
        table,
        appender,
        clock: this.#clock,
        verify: (topic, partition, transaction, apiVersion) =>
          this.#transactions.verifier.forOffsets(topic, partition, transaction, apiVersion),
        locate: (topic, partition) => this.#partitions.locate(topic, partition),
        messageBytesMax: () => messageBytesMax(OFFSETS_TOPIC, this.#controller.image.configs, this.#config),
      }),
      topics: this.#topicCatalog(),
      config: groupSettings({
        config: () => this.#config,
        offsetsTopicPartitions: () =>
          this.#controller.image.topics.byName(OFFSETS_TOPIC)?.partitions.length ??
          this.#config.int('offsets.topic.num.partitions'),
        groupTexts: (groupId) => this.#controller.image.configs.group(groupId),
      }),
      clock: this.#clock,
      random: this.#random,
      logger: loggers.of('groups'),
    });
  }

  #createTransactions(): TransactionServices {
    const { store, loggers } = this.#options;
    const { table, appender } = this.#hosts;
    return createTransactionServices({
      store,
      table,
      appender,
      clock: this.#clock,
      logger: loggers.of('transactions'),
      image: this.#controller.image,
      groups: this.#groups,
      producerIds: new ProducerIds(this.#controller, this.nodeId, () => this.#brokerEpoch),
      config: () => this.#config,
      locate: (topic, partition) => this.#partitions.locate(topic, partition),
    });
  }

  /**
   * Answers what is under way, syncs and closes everything, and marks the directories as cleanly closed. Rejects when
   * something could not be made durable; then they are not marked.
   */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    try {
      await this.#stopHosts();
      const written = this.writeCheckpoints();
      // Who takes the directory over need not wait until this broker's session ends.
      // Fails when the metadata log has failed; then nothing is marked as clean.
      await this.#heartbeat(true)
        .catch((error) => {
          if (!(error instanceof MetadataLogFullError)) throw error;
        })
        .finally(() => this.#controller.close());
      if (written) this.#directories.closeCleanly(this.#brokerEpoch);
    } finally {
      await this.#hosts.close();
      this.#locks.release();
    }
  }

  /** Takes down what a failed start has brought up; nothing is marked as clean. */
  async #abandonStart(): Promise<void> {
    this.#stopping = true;
    try {
      await this.#stopHosts();
      await this.#controller.close();
    } finally {
      await this.#hosts.close();
    }
  }

  async #stopHosts(): Promise<void> {
    this.#checkpointTimer?.cancel();
    await this.#io.stop();
    // Changes whose requests were taken reach the logs while there are logs to reach.
    await this.#controller.settled();
    await this.#telemetry.close();
    this.#transactions.coordinator.close();
    this.#groups.close();
    await this.#cleaner.stop();
    await this.#storageServices.stop();
    const failures = (await this.#storage.requestAll({ op: 'stop' })).flat();
    for (const { row, fault } of failures) this.#storageServices.failures.noteUnclean(row, fault);
    // With a directory left that is in order, those that failed are dealt with by the next start.
    if (failures.length > 0 && !this.#directories.hasOnline) throw new Error(failures[0].fault);
  }

  writeCheckpoints(): boolean {
    return this.#directories.writeCheckpoints(this.#partitions.rows(), this.#hosts.table);
  }

  async #start(): Promise<void> {
    const bound: BoundListener[] = [];
    for (const { name, host, port } of this.#options.loaded.listeners.listeners) {
      const taken = await this.#io.listen(
        {
          listenerName: name,
          host: host === '' ? undefined : host,
          port,
          backlog: this.#config.int('socket.listen.backlog.size'),
          frameBytesMax: this.#config.int('socket.request.max.bytes'),
        },
        this.#security.tlsOf(name),
      );
      bound.push({ name, host, port: taken });
    }
    this.listeners = bound;
    await this.#register();
    const { topics } = this.#controller.image;
    this.#directories.setStraysAside((topic, partition) => topics.byName(topic)?.partitions[partition] !== undefined);
    await this.#controller.subscribe((delta) => this.#apply(delta));
    this.metricsPort = await this.#telemetry.listen(this.#services(), this.#hosts.counters);
    this.#io.start();
    this.#checkpointAgain();
    this.#cleaner.start();
    this.#storageServices.start();
  }

  async #register(): Promise<void> {
    const { loaded } = this.#options;
    const { errorCode, brokerEpoch } = await this.#controller.registerBroker({
      brokerId: this.nodeId,
      clusterId: this.clusterId,
      incarnationId: randomUuid(this.#random),
      listeners: this.listeners.map((listener, index) => ({
        name: listener.name,
        host: loaded.listeners.advertised[index].host || hostname(),
        port: loaded.listeners.advertised[index].port || listener.port,
        securityProtocol: SECURITY_PROTOCOLS.indexOf(loaded.listeners.listeners[index].securityProtocol),
      })),
      features: [...SUPPORTED_FEATURES].map(([name, { min, max }]) => ({
        name,
        minSupportedVersion: min,
        maxSupportedVersion: max,
      })),
      rack: loaded.identity.rack,
      isMigratingZkBroker: false,
      logDirs: this.#directories.onlineIds(),
      previousBrokerEpoch: this.#directories.previousBrokerEpoch,
    });
    if (errorCode !== ErrorCode.NONE) throw new Error(`the controller refuses this broker: ${errorName(errorCode)}`);
    this.#brokerEpoch = brokerEpoch;
    await this.#heartbeat(false);
  }

  async #heartbeat(wantFence: boolean): Promise<void> {
    await this.#controller.brokerHeartbeat({
      brokerId: this.nodeId,
      brokerEpoch: this.#brokerEpoch,
      currentMetadataOffset: this.#controller.image.lastOffset,
      wantFence,
      wantShutDown: false,
      offlineLogDirs: this.#directories.offlineIds(),
      cordonedLogDirs: this.#cordoned.ids(),
    });
  }

  async #apply(delta: MetadataDelta): Promise<void> {
    const { image } = this.#controller;
    const settings = [...delta.configs.values()].some(
      ({ before, after }) => (after ?? before)?.resourceType === ConfigResourceType.BROKER,
    );
    if (settings) {
      this.#settings.now = this.#config.withDynamic(image.configs.broker(), image.configs.broker(this.nodeId));
      const tls = this.#security.apply(this.#config, this.#logger);
      await this.#io.changeSettings({ connectionBounds: connectionBounds(this.#config), tls });
      await this.#storage.requestAll({ op: 'settings', settings: dynamicStorageSettings(this.#config) });
    }
    // Not awaited: it is decided behind the change that is being applied. A metadata log that fails at it says so itself.
    if (!this.#cordoned.areKnown) this.#heartbeat(false).catch(() => {});
    this.#telemetry.apply(delta);
    await this.#partitions.apply(delta, image);
    const deleted = delta.deletedTopics();
    // Not awaited: offsets of a deleted topic go when their turn comes, the deletion need not wait for them.
    if (deleted.length > 0) void this.#groups.topicsDeleted(deleted);
    if (delta.topics.size > 0) this.#groups.topicsChanged();
  }

  #partitionOnline(topic: string, partition: number): void {
    if (topic !== OFFSETS_TOPIC && topic !== TRANSACTION_TOPIC) return;
    const { row } = this.#partitions.locate(topic, partition);
    const leaderEpoch = this.#hosts.table.get(row, RowSlot.leaderEpoch);
    const coordinator = topic === OFFSETS_TOPIC ? this.#groups : this.#transactions.coordinator;
    coordinator.elected(partition, leaderEpoch).catch((error: Error) => {
      this.#logger.error({ topic, partition, error: error.message }, 'a partition of a coordinator did not load');
    });
  }

  #checkpointAgain(): void {
    const intervalMs = this.#config.int('log.flush.offset.checkpoint.interval.ms');
    this.#checkpointTimer = this.#clock.schedule(intervalMs, () => {
      this.writeCheckpoints();
      // It may have been used when the disk was full.
      this.#metadataLog.keepReserve();
      this.#checkpointAgain();
    });
  }

  #services(): BrokerServices {
    const controller = this.#controller;
    return {
      nodeId: this.nodeId,
      clusterId: this.clusterId,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      loggers: this.#options.loggers,
      setLogLevels: () => this.#hosts.setLogLevels(this.#options.loggers.assigned),
      image: controller.image,
      controller,
      groups: this.#groups,
      transactions: this.#transactions.coordinator,
      markers: this.#transactions.markers,
      partitions: this.#partitions,
      storage: this.#storage,
      table: this.#hosts.table,
      logDirectories: this.#directories,
      cordoned: this.#cordoned,
      moves: this.#storageServices.moves,
      scrub: this.#storageServices.scrubber.counters,
      autoTopics: new AutoTopics(
        () => controller,
        () => this.#config,
        this.#logger,
      ),
      clientMetrics: this.#telemetry.clientMetrics,
      requestErrors: this.#telemetry.requestErrors,
      config: () => this.#config,
      endpoint: (nodeId, context) => this.#endpoint(nodeId, context),
    };
  }

  /** A broker that advertises no host is found where the asker found it. */
  #endpoint(nodeId: number, { listenerName, localHost }: RequestContext): Endpoint | undefined {
    const registered = this.#controller.image.cluster
      .broker(nodeId)
      ?.endPoints.find(({ name }) => name === listenerName);
    if (!registered || nodeId !== this.nodeId) return registered;
    const { listeners, advertised } = this.#options.loaded.listeners;
    const own = advertised[listeners.findIndex(({ name }) => name === listenerName)];
    return own?.host === '' && localHost !== '' ? { host: localHost, port: registered.port } : registered;
  }

  #topicCatalog() {
    const describe = (topic: TopicImage | undefined): TopicDescription | null =>
      topic ? { name: topic.name, id: topic.id, partitionCount: topic.partitions.length } : null;
    const { topics, cluster } = this.#controller.image;
    return {
      byName: (name: string) => describe(topics.byName(name)),
      byId: (id: string) => describe(topics.get(id)),
      names: () => topics.names(),
      racksOf: (name: string, partition: number) => {
        const racks = topics
          .byName(name)
          ?.partitions[partition]?.replicas.map((id) => cluster.broker(id)?.rack ?? null);
        return (racks ?? []).filter((rack) => rack !== null).sort();
      },
    };
  }
}
