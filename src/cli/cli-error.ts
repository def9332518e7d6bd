/** Failures as the user sees them: one line with the cause and what to do about it. */
import { ExitCode } from './cli-io.ts';

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly fix: string;
  readonly exitCode: ExitCode;

  constructor(cause: string, fix: string, exitCode: ExitCode = ExitCode.failed) {
    super(cause);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

export const usageError = (cause: string, fix = 'see millrace --help'): CliError =>
  new CliError(cause, fix, ExitCode.usage);

/** What to do about an error code of the protocol. */
const FIXES: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'see the topics with: millrace topic list',
  UNKNOWN_TOPIC_ID: 'see the topics with: millrace topic list',
  TOPIC_ALREADY_EXISTS: 'choose another name, or give --if-not-exists',
  INVALID_TOPIC_EXCEPTION: 'use letters, digits, ".", "_" and "-", at most 249 of them',
  INVALID_PARTITIONS: 'give a number of partitions of at least 1 that is greater than the present one',
  INVALID_REPLICATION_FACTOR: 'give --replicas no greater than the number of brokers',
  INVALID_CONFIG: 'see the present settings with: millrace topic describe NAME',
  POLICY_VIOLATION: "ask whoever set the broker's policy",
  TOPIC_DELETION_DISABLED: 'set delete.topic.enable=true on the broker',
  TOPIC_AUTHORIZATION_FAILED: 'ask for an ACL on the topic, or connect as another user',
  GROUP_AUTHORIZATION_FAILED: 'ask for an ACL on the group, or connect as another user',
  CLUSTER_AUTHORIZATION_FAILED: 'ask for an ACL on the cluster, or connect as another user',
  SASL_AUTHENTICATION_FAILED: 'check user and password',
  UNSUPPORTED_SASL_MECHANISM: 'choose with --sasl one of the mechanisms that the broker offers',
  GROUP_ID_NOT_FOUND: 'see the groups with: millrace group list',
  NON_EMPTY_GROUP: 'stop its members first',
  MESSAGE_TOO_LARGE: 'raise max.message.bytes of the topic, or send smaller records',
  RECORD_LIST_TOO_LARGE: 'raise max.message.bytes of the topic, or send smaller records',
  OFFSET_OUT_OF_RANGE: 'see the first and last offsets with: millrace topic describe NAME',
  NOT_ENOUGH_REPLICAS: 'wait until more replicas are in sync, or lower min.insync.replicas',
  KAFKA_STORAGE_ERROR: "look into the broker's log: a disk is full or failing",
  REQUEST_TIMED_OUT: 'try again; if it stays so, look into the log of the broker',
  UNSUPPORTED_VERSION: 'this broker is too old for the request',
};

const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

/** How node:tls says that a certificate will not do. */
const CERTIFICATE_CODE = /CERT_|_CERT|UNABLE_TO_|_CHAIN|ALTNAME/;

interface ClientFailure extends Error {
  readonly code?: string;
  /** Name of the protocol's error code. */
  readonly apiId?: string;
  readonly serverErrorMessage?: string | null;
  readonly errors?: readonly unknown[];
}

/** Makes one CliError of whatever a client threw. `bootstrap` says where we tried to connect. */
export function explain(error: unknown, bootstrap: string): CliError {
  if (error instanceof CliError) return error;
  const failures = flatten(error);
  const refused = failures.find(({ apiId }) => apiId !== undefined);
  if (refused) {
    const said = refused.serverErrorMessage || refused.message;
    return new CliError(`${oneLine(said)} (${refused.apiId})`, FIXES[refused.apiId!] ?? 'see the log of the broker');
  }
  const unreachable = failures.find(({ code }) => code !== undefined && UNREACHABLE_CODES.has(code));
  if (unreachable) {
    const why =
      { ECONNREFUSED: 'connection refused', ENOTFOUND: 'no such host' }[unreachable.code!] ?? unreachable.code;
    const advertised = advertisedAmong(failures, bootstrap);
    if (advertised !== undefined) return notReachable(advertised, why!, ADVERTISED_FIX);
    return notReachable(bootstrap, why!);
  }
  const certificate = failures.find(({ code }) => code !== undefined && CERTIFICATE_CODE.test(code));
  if (certificate) {
    const why = `the broker's certificate is not accepted: ${oneLine(certificate.message)} (${certificate.code})`;
    return new CliError(why, 'give --tls-ca, or ssl.truststore.location in --client-config', ExitCode.unreachable);
  }
  const authentication = failures.find(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
  if (authentication) return new CliError(oneLine(authentication.message), 'check --sasl, --user and --password');
  const timeout = failures.find(({ code }) => code === 'PLT_KFK_TIMEOUT');
  if (timeout) return notReachable(bootstrap, 'no answer in time');
  const network = failures.find(({ code }) => code === 'PLT_KFK_NETWORK');
  if (network) return notReachable(bootstrap, oneLine(network.message));
  const last = failures.at(-1);
  return new CliError(
    oneLine(last?.message ?? String(error)),
    'run again with MILLRACE_DEBUG=1 to see where it happened',
  );
}

const START_FIX = 'start a broker with: millrace broker, or name another with -b HOST:PORT';
const ADVERTISED_FIX = 'brokers sent us there: set advertised.listeners to an address that clients can reach';

function notReachable(address: string, why: string, fix = START_FIX): CliError {
  return new CliError(`no broker answers at ${address}: ${why}`, fix, ExitCode.unreachable);
}

/** The address that a connection failed to, when it is none that the user named: brokers told it. */
function advertisedAmong(failures: readonly ClientFailure[], bootstrap: string): string | undefined {
  const addresses = failures.flatMap(({ message }) => /^Connection to (\S+:\d+) failed/.exec(message)?.[1] ?? []);
  const asked = bootstrap.split(',').map((address) => address.trim());
  return addresses.some((address) => asked.includes(address)) ? undefined : addresses[0];
}

/** How deep causes are followed. */
const DEPTH_MAX = 10;

function flatten(error: unknown, depth = 0): ClientFailure[] {
  if (!(error instanceof Error) || depth > DEPTH_MAX) return [];
  const failure = error as ClientFailure;
  const inner = [...(failure.errors ?? []), failure.cause].flatMap((cause) => flatten(cause, depth + 1));
  return [failure, ...inner];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}
