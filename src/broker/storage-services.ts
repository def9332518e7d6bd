/** What looks after logs and their directories beside the storage workers: failures, moves, the checksum scrub. Control thread. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { Controller } from '../controller/controller.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import type { FileSpace } from '../native/file-space.ts';
import type { ComponentLoggers } from '../telemetry/component-loggers.ts';
import type { BackgroundPool } from './background/background-pool.ts';
import { DirectoryFailures } from './directory-failures.ts';
import type { LogDirectories } from './log-directories.ts';
import { ReplicaMover } from './moves/replica-mover.ts';
import type { AssignedPlace, PartitionManager } from './partition-manager.ts';
import { LogScrubber } from './scrub/log-scrubber.ts';
import type { StorageLinks } from './storage-links.ts';

export interface StorageServicesContext {
  readonly nodeId: number;
  readonly metadataLogDir: string;
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  readonly directories: LogDirectories;
  readonly controller: Pick<Controller, 'assignReplicasToDirs'>;
  readonly image: MetadataImage;
  readonly files: FileSpace;
  readonly pool: BackgroundPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly loggers: ComponentLoggers;
  config(): BrokerConfig;
  brokerEpoch(): number;
  /** A heartbeat: tells the controller which directories are offline. */
  tellController(): Promise<void>;
  writeCheckpoints(): void;
  onFatal(error: Error): void;
}

export class StorageServices {
  readonly failures: DirectoryFailures;
  readonly moves: ReplicaMover;
  readonly scrubber: LogScrubber;
  readonly #context: StorageServicesContext;

  constructor(context: StorageServicesContext) {
    this.#context = context;
    const logger = context.loggers.of('storage');
    this.failures = new DirectoryFailures({
      ...context,
      timeoutMs: () => context.config().long('log.dir.failure.timeout.ms'),
      tellController: () => context.tellController(),
      onOffline: (path) => this.moves.directoryFailed(path),
      onFatal: (error) => context.onFatal(error),
    });
    context.directories.onFault = (path, fault) => this.failures.failed(path, fault);
    this.moves = new ReplicaMover({
      ...context,
      logger,
      config: () => context.config(),
      onAssigned: (places) => this.assigned(places),
      onDirectoryFailed: (path, fault) => this.failures.failed(path, fault),
      onMovedOffline: (path, row) => this.failures.movedInto(path, row),
      writeCheckpoints: () => context.writeCheckpoints(),
    });
    this.scrubber = new LogScrubber({
      ...context,
      logger,
      config: () => context.config(),
      isMoving: (topic, partition) => this.moves.isMoving(topic, partition),
    });
  }

  start(): void {
    this.moves.resume();
    this.scrubber.start();
  }

  async stop(): Promise<void> {
    const stopped = [this.scrubber.stop(), this.moves.stop()];
    await this.#context.pool.close();
    await Promise.all(stopped);
  }

  /** Partitions lie elsewhere than the metadata says: the controller is told, by and by. */
  assigned(places: readonly AssignedPlace[]): void {
    const { nodeId, controller, brokerEpoch, loggers, image } = this.#context;
    // Before KIP-858 the metadata had no place for it.
    if (!permittedAt.directoryAssignment(image.metadataVersion)) return;
    const byDirectory = new Map<string, Map<string, { partitionIndex: number }[]>>();
    for (const { topicId, partition, directory } of places) {
      const topics = byDirectory.get(directory) ?? new Map<string, { partitionIndex: number }[]>();
      byDirectory.set(directory, topics);
      topics.set(topicId, [...(topics.get(topicId) ?? []), { partitionIndex: partition }]);
    }
    const directories = [...byDirectory].map(([id, topics]) => ({
      id,
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
    }));
    controller
      .assignReplicasToDirs({ brokerId: nodeId, brokerEpoch: brokerEpoch(), directories })
      .catch((error: Error) => {
        loggers.of('storage').warn({ error: error.message }, 'the controller was not told where partitions lie');
      });
  }
}
