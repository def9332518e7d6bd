/**
 * A broker inside the process that asks for it, for tests of programs that use Kafka:
 *
 *     const broker = await startTestBroker();
 *     ... new Producer({ bootstrapBrokers: broker.bootstrapServers.split(',') }) ...
 *     await broker.stop();
 *
 * By default it keeps everything in memory, listens on a free port of 127.0.0.1 and says nothing. All hosts live on the
 * calling thread (with `engine: 'native'`, on threads of their own); several brokers in one process do not disturb each
 * other. After `stop` nothing is left: no socket, no timer, no file that was not asked for.
 */
import { type Logger, silentLogger } from '../base/logger.ts';
import { launchBroker } from '../broker/launch-broker.ts';
import { loadBrokerConfig } from '../config/load-broker-config.ts';
import type { LogStore } from '../native/log-store.ts';
import { createTestAuthority, type TestAuthority } from './test-certificates.ts';

export interface TestBrokerOptions {
  /** Keeps data in this folder, which is made when missing and never removed. */
  readonly folder?: string;
  /** `memory`, or `portable` when there is a folder. */
  readonly engine?: 'memory' | 'portable' | 'native';
  /** Broker settings by Kafka's names, over the defaults for tests. */
  readonly configs?: Readonly<Record<string, string | number | boolean>>;
  /** Its listener speaks TLS, with a certificate for localhost and 127.0.0.1 made for the occasion; see `ca`. */
  readonly tls?: boolean;
  readonly logger?: Logger;
  /** A storage engine of the caller's making, e.g. one whose disk fails. */
  readonly store?: LogStore;
  /** Something failed that forbids the broker to go on, such as a sync. By default the process gets an exception. */
  readonly onFatal?: (error: Error) => void;
}

export interface TestBroker {
  /** `host:port`, as clients want it. */
  readonly bootstrapServers: string;
  readonly host: string;
  readonly port: number;
  /** With `tls`: the certificate, in PEM, that a client has to trust. */
  readonly ca: string | undefined;
  /** Every listener, in the order of the settings; the first is the one above. */
  readonly listeners: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly clusterId: string;
  /** Where `/metrics` is, with the setting `millrace.metrics.listener` (`127.0.0.1:0` takes a free port). */
  readonly metricsPort: number | undefined;
  /** Closes connections, sockets and logs. Once is enough; more do no harm. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a test wants otherwise than a server does: no waiting, and few partitions to open. */
const TEST_DEFAULTS: Readonly<Record<string, string>> = {
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'millrace.disk.reserve.bytes': '0',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.num.partitions': '1',
};
/** Where an engine in memory keeps its folders; no folder of the machine. */
const MEMORY_FOLDER = '/millrace';

/** Rejects with a ConfigError or a StorageError that says what to change. */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const { folder, configs = {}, logger = silentLogger, store, onFatal = raise } = options;
  const authority = options.tls ? createTestAuthority() : undefined;
  const engine = options.engine ?? (folder === undefined ? 'memory' : 'portable');
  const loaded = loadBrokerConfig({
    defaults: {
      ...TEST_DEFAULTS,
      ...(authority && tlsConfigs(authority)),
      'log.dirs': folder ?? MEMORY_FOLDER,
      'millrace.engine': engine,
      // Threads of a native engine write to the console by themselves.
      'millrace.log.level': options.logger ? 'info' : 'error',
    },
    overrides: Object.entries(configs).map(([name, value]) => `${name}=${value}`),
  });
  const { broker } = await launchBroker({ loaded, logger, cores: 1, onFatal, store });
  const { host, port } = broker.listeners[0];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= broker.stop());
  return {
    bootstrapServers: `${host}:${port}`,
    host,
    port,
    ca: authority?.certificate,
    listeners: broker.listeners,
    clusterId: broker.clusterId,
    metricsPort: broker.metricsPort,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function tlsConfigs(authority: TestAuthority): Record<string, string> {
  const { key, certificate } = authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] });
  return {
    listeners: 'SSL://127.0.0.1:0',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': key,
    'ssl.keystore.certificate.chain': certificate,
  };
}

function raise(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}
