// The broker under test, behind one face: Millrace started as a user would start it, or Apache Kafka as the reference.
// Each has its own data folder; `kill` and `start` again on the same folder is what the crash rounds do.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './kafka-tool.ts';
import { repositoryDir, toolchain } from './toolchains.ts';

export type TargetName = 'millrace' | 'kafka';

/** The first start builds what is stale. */
const START_TIMEOUT_MS = 180_000;
/** Kafka takes its time to stop: it waits for its own clients. */
const STOP_TIMEOUT_MS = 60_000;

/** Small and quick: one broker on two cores. Given to both, as properties to Kafka and as KAFKA_* to Millrace. */
export const COMMON_CONFIG: Readonly<Record<string, string>> = {
  'num.partitions': '4',
  // The records carry timestamps of long ago.
  'log.retention.ms': '-1',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.heartbeat.interval.ms': '500',
  'group.consumer.min.heartbeat.interval.ms': '500',
};

/** Kafka's authorizer without a rule to begin with: everyone may do everything until there is one. */
export const AUTHORIZER_CONFIG: Readonly<Record<string, string>> = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

/** Those of the settings that the target takes: a broker that cannot control access refuses to start with an authorizer. */
export async function acceptedConfig(
  name: TargetName,
  config: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  try {
    const target = await Target.start(name, config);
    await target.kill();
    target.remove();
    return config;
  } catch (error) {
    if (!(error as Error).message.includes('authorizer.class.name')) throw error;
    console.error(`interop: ${name} has no access control: what needs it runs without`);
    return {};
  }
}

export function chosenTarget(): TargetName {
  const name = process.env.MILLRACE_INTEROP_TARGET ?? 'millrace';
  if (name !== 'millrace' && name !== 'kafka')
    throw new Error(`MILLRACE_INTEROP_TARGET=${name}: "millrace" or "kafka"`);
  return name;
}

/** Whether the target can be started here; the reason when not. */
export async function targetMissing(name: TargetName): Promise<string | undefined> {
  if (name === 'millrace')
    return existsSync(join(repositoryDir, 'src/main.ts')) ? undefined : 'src/main.ts is not there yet';
  const jars = await toolchain('kafka');
  return 'missing' in jars ? jars.missing : undefined;
}

export class Target {
  readonly name: TargetName;
  /** Holds the data, the broker's own output and, for Kafka, its properties. */
  readonly dir: string;
  readonly dataDir: string;
  readonly port: number;
  readonly #config: Readonly<Record<string, string>>;
  /** Listeners beside the plain one. */
  readonly #listeners: readonly string[];
  #child: ChildProcess | undefined;
  #pid = 0;

  private constructor(
    name: TargetName,
    dir: string,
    port: number,
    config: Readonly<Record<string, string>>,
    listeners: readonly string[],
  ) {
    this.name = name;
    this.dir = dir;
    this.dataDir = join(dir, 'data');
    this.port = port;
    this.#config = config;
    this.#listeners = listeners;
  }

  /**
   * Starts a broker on a fresh folder and waits until it answers. `config` has Kafka's property names; `listeners` stand
   * beside the plain one, such as SSL://127.0.0.1:9093 or OTHER://..., which speaks TLS too.
   */
  static async start(
    name: TargetName = chosenTarget(),
    config: Readonly<Record<string, string>> = {},
    listeners: readonly string[] = [],
  ): Promise<Target> {
    const dir = mkdtempSync(join(tmpdir(), `millrace-interop-${name}-`));
    const target = new Target(name, dir, await freePort(), { ...COMMON_CONFIG, ...config }, listeners);
    if (name === 'kafka') await target.#formatKafka();
    await target.start();
    return target;
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`;
  }

  get #endpoints(): readonly string[] {
    return [`PLAINTEXT://127.0.0.1:${this.port}`, ...this.#listeners];
  }

  get pid(): number {
    return this.#pid;
  }

  /** The end of what the broker has printed. */
  output(): string {
    return readFileSync(join(this.dir, 'broker.log'), 'utf8').slice(-4000);
  }

  async start(): Promise<void> {
    const [file, args, env] = await this.#commandLine();
    const log = openSync(join(this.dir, 'broker.log'), 'a');
    const child = spawn(file, args, {
      cwd: repositoryDir,
      env: { ...ownEnvironment(), ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    this.#pid = child.pid ?? 0;
    // Nothing started here may outlive the suite, however it ends.
    const killed = (): void => void child.kill('SIGKILL');
    process.once('exit', killed);
    child.once('exit', () => process.removeListener('exit', killed));
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadlineMs) {
        child.kill('SIGKILL');
        throw new Error(
          `${this.name} did not start (${child.exitCode ?? child.signalCode ?? 'no answer'}):\n${this.output()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops it in an orderly way; returns the exit code. The data folder stays. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Removes the data folder, when the broker has ended; MILLRACE_INTEROP_KEEP=1 keeps it for a look. */
  remove(): void {
    if (process.env.MILLRACE_INTEROP_KEEP) console.error(`interop: kept ${this.dir}`);
    else rmSync(this.dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(late);
    }
    this.#child = undefined;
    return child.exitCode;
  }

  async #commandLine(): Promise<[string, string[], Record<string, string>]> {
    if (this.name === 'kafka') {
      const jars = await toolchain('kafka');
      if ('missing' in jars) throw new Error(jars.missing);
      const args = ['-Xms512m', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', `${jars.dir}/libs/*`, 'kafka.Kafka'];
      return ['java', [...args, join(this.dir, 'server.properties')], {}];
    }
    const env: Record<string, string> = {
      KAFKA_LISTENERS: this.#endpoints.join(','),
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,SSL:SSL,OTHER:SSL',
      KAFKA_LOG_DIRS: this.dataDir,
    };
    for (const [key, value] of Object.entries(this.#config))
      env[`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`] = value;
    return ['sh', [join(repositoryDir, 'scripts/start')], env];
  }

  async #formatKafka(): Promise<void> {
    const controllerPort = await freePort();
    const properties: Record<string, string> = {
      ...this.#config,
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      listeners: [...this.#endpoints, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
      'advertised.listeners': this.#endpoints.join(','),
      'inter.broker.listener.name': 'PLAINTEXT',
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,OTHER:SSL',
      'log.dirs': this.dataDir,
    };
    mkdirSync(this.dir, { recursive: true });
    const file = join(this.dir, 'server.properties');
    writeFileSync(
      file,
      Object.entries(properties)
        .map((entry) => `${entry.join('=')}\n`)
        .join(''),
    );
    const id = 'MkU3OEVBNTcwNTJENDM2Qk';
    await runTool('kafka.tools.StorageTool', ['format', '-t', id, '-c', file]);
  }
}

/** The environment without the suite's own settings, which are none of the broker's. */
function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_INTEROP_')));
}

/** Whether the broker on the port answers an ApiVersions request. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.on('error', () => settle(false)).on('close', () => settle(false));
    // ApiVersions v0: size, api key 18, version 0, correlation id 1, no client id.
    socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])));
    socket.once('data', () => settle(true));
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
