/**
 * Settings in environment variables, named as Kafka's container image names them: `KAFKA_LOG_DIRS` is log.dirs. One
 * underscore stands for a dot, two for an underscore, three for a dash. `MILLRACE_IO_THREADS` is millrace.io.threads
 * likewise. Pure; control thread, at start.
 */

/** Variables that belong to Kafka's start scripts and image, not to the broker. */
const IMAGE_VARIABLES: ReadonlySet<string> = new Set([
  'KAFKA_HOME',
  'KAFKA_VERSION',
  'KAFKA_OPTS',
  'KAFKA_HEAP_OPTS',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_DEBUG',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
]);
const IMAGE_PREFIXES = ['KAFKA_LOG4J', 'KAFKA_CLASSPATH', 'KAFKA_DEBUG_'];
/** Kubernetes sets these in every pod beside a service that is called kafka. */
const SERVICE_LINK = /^KAFKA_(PORT|SERVICE_(HOST|PORT))(_|$)/;
/** Variables that speak to the command line, not to the broker. */
const COMMAND_VARIABLES: ReadonlySet<string> = new Set(['MILLRACE_BOOTSTRAP', 'MILLRACE_NODE']);

export interface EnvironmentConfig {
  readonly variable: string;
  readonly name: string;
  readonly text: string;
}

export function environmentConfigs(env: Readonly<Record<string, string | undefined>>): EnvironmentConfig[] {
  const found: EnvironmentConfig[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined) continue;
    const name = configNameOf(variable);
    if (name !== undefined) found.push({ variable, name, text });
  }
  return found;
}

function configNameOf(variable: string): string | undefined {
  if (variable === 'CLUSTER_ID') return 'millrace.cluster.id';
  if (variable.startsWith('MILLRACE_')) return COMMAND_VARIABLES.has(variable) ? undefined : dotted(variable);
  if (!variable.startsWith('KAFKA_') || variable === 'KAFKA_') return undefined;
  if (IMAGE_VARIABLES.has(variable) || SERVICE_LINK.test(variable)) return undefined;
  if (IMAGE_PREFIXES.some((prefix) => variable.startsWith(prefix))) return undefined;
  return dotted(variable.slice('KAFKA_'.length));
}

const SEPARATORS = ['', '.', '_', '-'];

function dotted(variable: string): string {
  return variable.toLowerCase().replace(/_{1,3}/g, (underscores) => SEPARATORS[underscores.length]);
}
