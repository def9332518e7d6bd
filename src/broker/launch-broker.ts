/** Chooses storage engine and threads for a broker and starts it. */
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import type { LoadedBrokerConfig } from '../config/load-broker-config.ts';
import { threadCounts } from '../config/node-identity.ts';
import { addonMissingReason } from '../native/addon.ts';
import { fsFileSpace } from '../native/fs-file-space.ts';
import type { LogStore } from '../native/log-store.ts';
import { MemoryFileSpace } from '../native/memory-file-space.ts';
import { openNativeLogStore } from '../native/native-log-store.ts';
import { SegmentedLogStore } from '../native/segmented-log-store.ts';
import { CompressionType } from '../protocol/records/compression.ts';
import { ComponentLoggers, type LoggerLevel } from '../telemetry/component-loggers.ts';
import { rateLimitedLogger } from '../telemetry/rate-limited-logger.ts';
import { InlineBackgroundPool } from './background/background-pool.ts';
import { ThreadBackgroundPool } from './background/thread-background-pool.ts';
import { Broker } from './broker.ts';
import { InlineCleanerPool } from './cleaner/cleaner-pool.ts';
import { ThreadCleanerPool } from './cleaner/thread-cleaner-pool.ts';
import { connectionBounds } from './io/connection-limits.ts';
import { storageSettings } from './storage-settings.ts';
import { dropEarly } from './threads/broker-workers.ts';
import type { HostsOptions } from './threads/hosts.ts';
import { startInlineHosts } from './threads/inline-hosts.ts';
import { startThreadHosts } from './threads/thread-hosts.ts';

export interface LaunchOptions {
  readonly loaded: LoadedBrokerConfig;
  /** Takes lines of every level; the broker drops those below `millrace.log.level`. */
  readonly logger: Logger;
  readonly cores: number;
  /** In place of the engine that the settings name. */
  readonly store?: LogStore;
  onFatal(error: Error): void;
}

export interface LaunchedBroker {
  readonly broker: Broker;
  readonly engine: LogStore['kind'];
  readonly ioThreads: number;
  readonly storageWorkers: number;
}

export async function launchBroker(options: LaunchOptions): Promise<LaunchedBroker> {
  const { loaded, logger, cores, onFatal } = options;
  const { config } = loaded;
  const store = options.store ?? openStore(config.string('millrace.engine'), logger);
  warnOfMissingCodecs(store, logger);
  const threads =
    store.kind === 'native' ? threadCounts(config, cores) : { ioThreads: 1, storageWorkers: 1, colocated: true };
  const level = config.string('millrace.log.level').toUpperCase() as LoggerLevel;
  const loggers = new ComponentLoggers(rateLimitedLogger(logger, systemClock), level);
  const broker = await Broker.start({
    loaded,
    loggers,
    store,
    startHosts: async (settings) => {
      const hosts = { ...hostsOptions(settings), ...threads, store, loggers };
      if (store.kind === 'native') return startThreadHosts(hosts, onFatal);
      // The other engines live on one thread.
      dropEarly();
      return startInlineHosts(hosts);
    },
    cleanerPool: store.kind === 'native' ? new ThreadCleanerPool() : new InlineCleanerPool(store.files, systemClock),
    backgroundPool:
      store.kind === 'native'
        ? new ThreadBackgroundPool(systemClock)
        : new InlineBackgroundPool(store.files, systemClock),
    onFatal,
  });
  const { ioThreads, storageWorkers } = threads;
  return { broker, engine: store.kind, ioThreads, storageWorkers };
}

function openStore(engine: string, logger: Logger): LogStore {
  if (engine === 'memory') return new SegmentedLogStore(new MemoryFileSpace(() => systemClock.wallMs()));
  if (engine === 'portable') return new SegmentedLogStore(fsFileSpace);
  const native = openNativeLogStore();
  if (native) return native;
  if (engine === 'native') throw new Error(`millrace.engine is native, but ${addonMissingReason()}`);
  logger.warn({ reason: addonMissingReason() }, 'the native engine is not there: the slower portable one is used');
  return new SegmentedLogStore(fsFileSpace);
}

function warnOfMissingCodecs(store: LogStore, logger: Logger): void {
  for (const [codec, number] of Object.entries(CompressionType)) {
    if (store.codecAvailable(number)) continue;
    const fix = 'run Node.js 24 as it is distributed, or install the library of that name (libz.so.1, libzstd.so.1)';
    logger.warn({ codec, fix }, 'this machine cannot read a compression codec: batches of it are refused');
  }
}

type Settings = Omit<HostsOptions, 'store' | 'loggers' | 'ioThreads' | 'storageWorkers' | 'colocated'>;

function hostsOptions(config: BrokerConfig): Settings {
  return {
    clock: systemClock,
    logFormat: config.string('millrace.log.format'),
    arenaBytes: config.int('millrace.receive.arena.bytes'),
    frameBytesMax: config.int('socket.request.max.bytes'),
    fetchSessionSlots: config.int('max.incremental.fetch.session.cache.slots'),
    counters: config.string('millrace.metrics.listener') !== '',
    io: {
      pauseMaxUs: config.int('millrace.io.pause.max.us'),
      deferMaxMs: config.int('millrace.io.defer.max.ms'),
      loopbackReno: config.boolean('millrace.loopback.reno.enable'),
      pipelineRequestsMax: config.int('millrace.connection.pipeline.requests.max'),
      idleMs: config.long('connections.max.idle.ms'),
      fetchResponseBytesMax: config.int('fetch.max.bytes'),
      connections: connectionBounds(config),
      handshakes: {
        underWayMax: config.int('millrace.tls.handshakes.max'),
        timeoutMs: config.int('millrace.tls.handshake.timeout.ms'),
      },
    },
    storage: storageSettings(config),
  };
}
