/** Connections of the command line: where to connect and how, from options and environment. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Admin, BaseOptions, Consumer, SASLMechanismValue } from '@platformatic/kafka';
import { ConfigError } from '../config/config-error.ts';
import { parseProperties } from '../config/properties-file.ts';
import { type KeyMaterial, loadKeyStore } from '../security/key-store.ts';
import { given, type TlsTexts } from '../security/tls-texts.ts';
import { loadTrustStore } from '../security/trust-store.ts';
import { usageError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';

/** Options of every command that talks to a cluster. */
export interface ConnectionFlags {
  readonly bootstrapServer?: string;
  readonly clientConfig?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly sasl?: string;
  readonly user?: string;
  readonly password?: string;
}

export const DEFAULT_BOOTSTRAP = '127.0.0.1:9092';
/** As in Kafka's clients. */
const DEFAULT_STORE_TYPE = 'JKS';
const CLIENT_KEYS = ['ssl.keystore.location', 'ssl.keystore.key'];
const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'];
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5000;
/** Together about a second, in which leaders may move and topics may come into being. */
const RETRIES = 5;
const RETRY_DELAY_MS = 200;

export function bootstrapOf(flags: ConnectionFlags, env: CliIo['env']): string {
  return (
    flags.bootstrapServer ??
    env.MILLRACE_BOOTSTRAP ??
    clientProperties(flags).get('bootstrap.servers') ??
    DEFAULT_BOOTSTRAP
  );
}

/** The client library's options. Throws a CliError for options that contradict each other. */
export function clientOptions(flags: ConnectionFlags, env: CliIo['env']): BaseOptions {
  const properties = clientProperties(flags);
  const protocol = (properties.get('security.protocol') ?? 'PLAINTEXT').toUpperCase();
  const tls = flags.tls || flags.tlsCa !== undefined || protocol.endsWith('SSL');
  const mechanism =
    flags.sasl ??
    (protocol.startsWith('SASL') || flags.user ? (properties.get('sasl.mechanism') ?? 'PLAIN') : undefined);
  const addresses = bootstrapOf(flags, env).split(',').map(checkedAddress);
  // A name to ask for may not be an address.
  const named = !addresses.some((address) => isIP(address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) > 0);
  return {
    clientId: 'millrace-cli',
    bootstrapBrokers: addresses,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retries: RETRIES,
    retryDelay: RETRY_DELAY_MS,
    ...(tls ? { tls: tlsOptions(flags, properties), tlsServerName: named } : {}),
    ...(mechanism ? { sasl: saslOptions(mechanism, flags, properties, env) } : {}),
  };
}

/** Runs `work` with a client that is closed afterwards, also when the work fails. */
export async function withAdmin<T>(flags: ConnectionFlags, io: CliIo, work: (admin: Admin) => Promise<T>): Promise<T> {
  const { Admin } = await import('@platformatic/kafka');
  const admin = new Admin(clientOptions(flags, io.env));
  try {
    return await work(admin);
  } finally {
    await admin.close().catch(() => {});
  }
}

/** A consumer for `fetch` and `listOffsets` or, with a group, for `consume`. */
export async function withConsumer<T>(
  flags: ConnectionFlags,
  io: CliIo,
  groupId: string,
  work: (consumer: Consumer) => Promise<T>,
): Promise<T> {
  const { Consumer } = await import('@platformatic/kafka');
  const consumer = new Consumer({ ...clientOptions(flags, io.env), groupId });
  try {
    return await work(consumer);
  } finally {
    await closeQuietly(consumer);
  }
}

/** The work is done, or its own error matters more. */
async function closeQuietly(consumer: Consumer): Promise<void> {
  try {
    await consumer.close(true);
  } catch {}
}

function checkedAddress(text: string): string {
  const address = text.trim();
  if (/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/.test(address)) return address;
  throw usageError(`${address || '(nothing)'} is not an address`, 'write HOST:PORT, several separated by commas');
}

function clientProperties(flags: ConnectionFlags): Map<string, string> {
  if (flags.clientConfig === undefined) return new Map();
  return parseProperties(readFlagFile('--client-config', flags.clientConfig));
}

/** Whom to trust and what to show, from flags and the properties of a Kafka client. */
function tlsOptions(flags: ConnectionFlags, properties: ReadonlyMap<string, string>): NonNullable<BaseOptions['tls']> {
  const texts: TlsTexts = {
    owner: 'the client',
    get: (key) => properties.get(key) ?? (key.endsWith('store.type') ? DEFAULT_STORE_TYPE : null),
    name: (key) => key,
  };
  try {
    const trusted = flags.tlsCa === undefined ? loadTrustStore(texts) : [readFlagFile('--tls-ca', flags.tlsCa)];
    const shows = CLIENT_KEYS.some((key) => given(texts, key) !== null);
    const own: Partial<KeyMaterial> = shows ? loadKeyStore(texts) : {};
    return {
      ...(trusted.length > 0 ? { ca: trusted } : {}),
      ...(shows ? { key: own.key, cert: own.certificateChain } : {}),
      // Kafka's way to say that the host's name does not matter.
      ...(properties.get('ssl.endpoint.identification.algorithm') === ''
        ? { checkServerIdentity: () => undefined }
        : {}),
    };
  } catch (error) {
    if (error instanceof ConfigError) throw usageError(error.problem, error.fix);
    throw error;
  }
}

function saslOptions(
  mechanism: string,
  flags: ConnectionFlags,
  properties: ReadonlyMap<string, string>,
  env: CliIo['env'],
): NonNullable<BaseOptions['sasl']> {
  const upper = mechanism.toUpperCase();
  if (!SASL_MECHANISMS.includes(upper)) {
    throw usageError(
      `${mechanism} is not a SASL mechanism that is known here`,
      `use one of ${SASL_MECHANISMS.join(', ')}`,
    );
  }
  const login = properties.get('sasl.jaas.config') ?? '';
  const username = flags.user ?? /\busername="((?:[^"\\]|\\.)*)"/.exec(login)?.[1];
  const password = flags.password ?? env.MILLRACE_PASSWORD ?? /\bpassword="((?:[^"\\]|\\.)*)"/.exec(login)?.[1];
  if (upper === 'OAUTHBEARER') return { mechanism: upper, token: password };
  if (username === undefined || password === undefined) {
    throw usageError(`${upper} needs user and password`, 'give --user, and --password or MILLRACE_PASSWORD');
  }
  return { mechanism: upper as SASLMechanismValue, username, password };
}

function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError(`${flag}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, 'check the path');
  }
}
