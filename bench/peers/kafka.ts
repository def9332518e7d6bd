/**
 * Apache Kafka as a peer: its jars come from Maven into a cache folder (never into the repository), then one process is
 * broker and controller. Needs a JDK 17 or later, and `mvn` for the first time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RunningBroker, type StartOptions, startProcess } from './running-broker.ts';

const VERSION = process.env.KAFKA_VERSION ?? '4.3.1';
const cacheDir = join(process.env.MILLRACE_BENCH_CACHE ?? join(homedir(), '.cache/millrace-bench'), `kafka-${VERSION}`);
/** As a production broker would have them, scaled to a small machine. */
const JVM = ['-Xms1G', '-Xmx1G', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'];
const FETCH_MS_MAX = 10 * 60_000;

function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>bench</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', VERSION)}
${dependency('org.apache.kafka', 'kafka-tools', VERSION)}
${dependency('org.slf4j', 'slf4j-nop', '1.7.36')}
</dependencies></project>
`;
}

/** Why Kafka cannot run here, or undefined. */
export function missingForKafka(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'no Java (install a JDK 17 or later)';
  if (!existsSync(join(cacheDir, 'ready')) && spawnSync('mvn', ['-v']).status !== 0)
    return 'no Maven to fetch Kafka with';
  return undefined;
}

/** Returns the class path; downloads the jars on first use. */
export function fetchKafka(progress: (text: string) => void): string {
  const libs = join(cacheDir, 'libs');
  if (existsSync(join(cacheDir, 'ready'))) return join(libs, '*');
  progress(`Fetching Apache Kafka ${VERSION} into ${cacheDir} ...`);
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(join(cacheDir, 'pom.xml'), pom());
  const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libs}`];
  const { status } = spawnSync('mvn', goal, { cwd: cacheDir, stdio: ['ignore', 2, 2], timeout: FETCH_MS_MAX });
  if (status !== 0) throw new Error('Maven could not fetch Kafka; see above.');
  writeFileSync(join(cacheDir, 'ready'), '');
  return join(libs, '*');
}

function properties(options: StartOptions, port: number, controllerPort: number, tlsPort: number): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`];
  const advertised = [`PLAINTEXT://127.0.0.1:${port}`];
  const tls: Record<string, string> = {};
  if (options.tls) {
    listeners.push(`SSL://127.0.0.1:${tlsPort}`);
    advertised.push(`SSL://127.0.0.1:${tlsPort}`);
    const oneLine = (path: string) => readFileSync(path, 'utf8').trim().replaceAll('\n', '\\n');
    tls['ssl.keystore.type'] = 'PEM';
    tls['ssl.keystore.certificate.chain'] = oneLine(options.tls.certificatePath);
    tls['ssl.keystore.key'] = oneLine(options.tls.keyPath);
  }
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: listeners.join(','),
    'advertised.listeners': advertised.join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL',
    'log.dirs': join(options.directory, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...tls,
    ...options.configs,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Formats the directory when it is new, and starts. Settings of Millrace alone (`millrace.*`) are left out. */
export async function startKafka(options: StartOptions, progress: (text: string) => void): Promise<RunningBroker> {
  const classPath = fetchKafka(progress);
  const port = options.port ?? (await freePort());
  const controllerPort = await freePort();
  const tlsPort = options.tls ? await freePort() : 0;
  mkdirSync(options.directory, { recursive: true });
  const file = join(options.directory, 'server.properties');
  const configs = Object.fromEntries(
    Object.entries(options.configs ?? {}).filter(([name]) => !name.startsWith('millrace.')),
  );
  writeFileSync(file, properties({ ...options, configs }, port, controllerPort, tlsPort));
  if (!existsSync(join(options.directory, 'data/meta.properties'))) {
    const id = 'TWlsbHJhY2VCZW5jaA0AAA'; // any 22 characters of base64url: nothing else shares this cluster
    const format = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file];
    const { status, stderr } = spawnSync('java', format, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`Formatting Kafka's directory failed:\n${stderr}`);
  }
  const broker = {
    name: 'kafka',
    description: `Apache Kafka ${VERSION}, ${JVM.join(' ')}`,
    port,
    tlsPort,
    directory: options.directory,
  };
  return startProcess('java', [...JVM, '-cp', classPath, 'kafka.Kafka', file], broker);
}
