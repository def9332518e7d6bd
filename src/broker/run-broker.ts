/**
 * A broker as a process of its own: settings from flags, environment and file; signals; exit codes. Used by `npm start`
 * and by `millrace broker`.
 */
import { availableParallelism } from 'node:os';
import { ConfigError } from '../config/config-error.ts';
import { type LoadedBrokerConfig, loadBrokerConfig } from '../config/load-broker-config.ts';
import { StorageError } from '../storage/storage-error.ts';
import { createLogger, type ProcessLogger } from '../telemetry/logger.ts';
import type { Broker } from './broker.ts';
import { launchBroker } from './launch-broker.ts';

const EXIT_CONFIG = 2;
const EXIT_FATAL = 1;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface BrokerArguments {
  readonly propertiesFile?: string;
  /** `key=value` each. */
  readonly overrides: readonly string[];
}

/** `[server.properties] [--config FILE] [--override key=value]...`, as Kafka's start script takes them. Throws a ConfigError. */
export function parseBrokerArguments(argv: readonly string[]): BrokerArguments {
  let propertiesFile: string | undefined;
  const overrides: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const [flag, inline] = splitFlag(argv[at]);
    const value = (): string => {
      const text = inline ?? argv[++at];
      if (text === undefined) throw new ConfigError(`${flag} has no value`, 'the command line', `write ${flag} VALUE`);
      return text;
    };
    if (flag === '--config') propertiesFile = value();
    else if (flag === '--override') overrides.push(value());
    else if (flag.startsWith('-'))
      throw new ConfigError(`unknown flag ${flag}`, 'the command line', 'use --config FILE and --override key=value');
    else if (argv[at].includes('=')) overrides.push(argv[at]);
    else propertiesFile = argv[at];
  }
  return { propertiesFile, overrides };
}

/** Resolves with the exit code when the broker has stopped. */
export async function runBroker(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const logger = createLogger();
  let loaded: LoadedBrokerConfig;
  try {
    loaded = loadBrokerConfig({ ...parseBrokerArguments(argv), env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return EXIT_CONFIG;
  }
  for (const warning of loaded.warnings) logger.warn({}, warning);
  return new Promise((resolve) => {
    let broker: Broker | undefined;
    let stopping = false;
    const stop = async (code: number): Promise<void> => {
      if (stopping) return;
      stopping = true;
      await broker?.stop();
      logger.info({}, 'stopped');
      resolve(code);
    };
    for (const signal of SIGNALS) process.on(signal, () => void stop(0));
    const onFatal = (error: Error): void => {
      // Nothing may be acknowledged or marked clean any more.
      logger.error({ error: error.message }, 'the broker cannot go on');
      process.exit(EXIT_FATAL);
    };
    start(loaded, logger, onFatal).then(
      (started) => (broker = started),
      (error: Error) => {
        logger.error(
          { error: error instanceof StorageError ? error.message : String(error.stack) },
          'the broker did not start',
        );
        process.exit(EXIT_FATAL);
      },
    );
  });
}

async function start(
  loaded: LoadedBrokerConfig,
  logger: ProcessLogger,
  onFatal: (error: Error) => void,
): Promise<Broker> {
  const startedMs = performance.now();
  const { broker, engine, ioThreads, storageWorkers } = await launchBroker({
    loaded,
    logger,
    onFatal,
    cores: availableParallelism(),
  });
  const listeners = broker.listeners.map(({ name, host, port }) => `${name}://${host}:${port}`);
  const ms = Math.round(performance.now() - startedMs);
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
  return broker;
}

function splitFlag(text: string): [flag: string, value: string | undefined] {
  const at = text.startsWith('--') ? text.indexOf('=') : -1;
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
