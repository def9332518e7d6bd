/** What API handlers may use. One object, made by the composition root (`broker.ts`). Control thread. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { Controller } from '../controller/controller.ts';
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { PartitionTable } from '../ring/partition-table.ts';
import type { ComponentLoggers } from '../telemetry/component-loggers.ts';
import type { AutoTopics } from './auto-topics.ts';
import type { CordonedDirectories } from './cordoned-directories.ts';
import type { ClientSoftware } from './io/client-software.ts';
import type { LogDirectories } from './log-directories.ts';
import type { ReplicaMover } from './moves/replica-mover.ts';
import type { PartitionManager } from './partition-manager.ts';
import type { ScrubCounters } from './scrub/log-scrubber.ts';
import type { StorageLinks } from './storage-links.ts';
import type { ClientMetricsManager } from './telemetry/client-metrics-manager.ts';
import type { RequestErrors } from './telemetry/request-errors.ts';
import type { TransactionMarkers } from './transaction-markers.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface BrokerServices {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Loggers of this thread; `setLogLevels` tells the others after a change. */
  readonly loggers: ComponentLoggers;
  readonly image: MetadataImage;
  readonly controller: Controller;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly markers: TransactionMarkers;
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  readonly table: PartitionTable;
  readonly logDirectories: LogDirectories;
  readonly cordoned: CordonedDirectories;
  readonly moves: ReplicaMover;
  readonly scrub: Readonly<ScrubCounters>;
  readonly autoTopics: AutoTopics;
  readonly clientMetrics: ClientMetricsManager;
  readonly requestErrors: RequestErrors;
  /** The settings now, dynamic ones included. */
  config(): BrokerConfig;
  setLogLevels(): void;
  /** Where the asker finds a broker, on the listener it came in on; undefined when that broker has no such listener. */
  endpoint(nodeId: number, context: RequestContext): Endpoint | undefined;
}

/** Who asks, and how. */
export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly clientHost: string;
  readonly clientPort: number;
  /** What the client has said of itself in ApiVersions. */
  readonly software: ClientSoftware | null;
  /** Of the connection, unique in this broker. */
  readonly connection: number;
  /** Address of ours that the client connected to. */
  readonly localHost: string;
  readonly listenerName: string;
  readonly principal: string;
}
