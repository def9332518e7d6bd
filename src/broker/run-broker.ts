/**
 * A broker as a process of its own: settings from flags, environment and file; signals; exit codes. Used by `npm start`
 * and by `millrace broker`.
 */
import { availableParallelism } from 'node:os';
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { BROKER_USAGE, parseBrokerFlags } from '../config/broker-flags.ts';
import { ConfigError } from '../config/config-error.ts';
import { type LoadedBrokerConfig, loadBrokerConfig } from '../config/load-broker-config.ts';
import { trimProcess } from '../native/process-memory.ts';
import { createLogger, type LogLevel } from '../telemetry/logger.ts';
import type { Broker } from './broker.ts';
import { launchBroker } from './launch-broker.ts';
import { tellReady } from './service-manager.ts';
import { startFailure } from './start-failure.ts';

/** What only the start needed is given back when the start's clients have been served. */
const TRIM_AFTER_MS = 2_000;

const EXIT_CONFIG = 2;
const EXIT_FATAL = 1;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves with the exit code when the broker has stopped. */
export async function runBroker(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let loaded: LoadedBrokerConfig;
  try {
    const { help, ...flags } = parseBrokerFlags(argv);
    if (help) {
      process.stdout.write(BROKER_USAGE);
      return 0;
    }
    loaded = loadBrokerConfig({ ...flags, env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return EXIT_CONFIG;
  }
  const format = loaded.config.string('millrace.log.format') as 'text' | 'json';
  const logger = createLogger({ level: loaded.config.string('millrace.log.level') as LogLevel, format });
  for (const warning of loaded.warnings) logger.warn({}, warning);
  return new Promise((resolve) => {
    let starting: Promise<Broker> | undefined;
    let stopping = false;
    const stop = async (code: number): Promise<void> => {
      if (stopping) return;
      stopping = true;
      try {
        // The signal may come before the broker runs; it then stops as soon as it does.
        const broker = await starting;
        await broker?.stop();
        logger.info({}, 'stopped');
        resolve(code);
      } catch (error) {
        logger.error(
          { error: (error as Error).message },
          'stopped, but not in order: the next start will check the logs',
        );
        resolve(EXIT_FATAL);
      }
    };
    for (const signal of SIGNALS) process.on(signal, () => void stop(0));
    const onFatal = (error: Error): void => {
      // Nothing may be acknowledged or marked clean any more.
      logger.error({ error: error.message }, 'the broker cannot go on');
      process.exit(EXIT_FATAL);
    };
    starting = start(loaded, logger, createLogger({ level: 'debug', format }), onFatal);
    const whenReady = (): Promise<void> => tellReady(env, logger);
    starting.then(whenReady, (error: Error) => {
      if (error instanceof ConfigError) {
        console.error(error.message);
        process.exit(EXIT_CONFIG);
      }
      logger.error(startFailure(error), 'the broker did not start');
      process.exit(EXIT_FATAL);
    });
  });
}

async function start(
  loaded: LoadedBrokerConfig,
  logger: Logger,
  brokerLogger: Logger,
  onFatal: (error: Error) => void,
): Promise<Broker> {
  const startedMs = systemClock.monotonicMs();
  const { broker, engine, ioThreads, storageWorkers } = await launchBroker({
    loaded,
    logger: brokerLogger,
    onFatal,
    cores: availableParallelism(),
  });
  const listeners = broker.listeners.map(
    ({ name, host, port }) => `${name}://${host.includes(':') ? `[${host}]` : host}:${port}`,
  );
  const ms = Math.round(systemClock.monotonicMs() - startedMs);
  const { logDirs, nodeId } = loaded.identity;
  logger.info(
    {
      nodeId,
      clusterId: broker.clusterId,
      listeners: listeners.join(','),
      logDirs: logDirs.join(','),
      engine,
      ioThreads,
      storageWorkers,
      ms,
    },
    'ready',
  );
  systemClock.schedule(TRIM_AFTER_MS, trimProcess);
  return broker;
}
