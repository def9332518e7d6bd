// One data directory (or several) and one server.properties, on which Apache Kafka (broker and controller in one) and Millrace take
// turns. The address stays the same, so that clients live on.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { javaCommand, runTool } from './kafka-tool.ts';
import { answers, COMMON_CONFIG, freePort, type TargetName } from './target.ts';
import { repositoryDir } from './toolchains.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;

/** Where the voters of the metadata log stand: in its own records (KIP-853), or in the settings. */
export type QuorumKind = 'standalone' | 'static';

export class SwapDirectory {
  readonly dir: string;
  readonly dataDir: string;
  readonly bootstrap: string;
  readonly #propertiesFile: string;
  readonly #quorum: QuorumKind;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(quorum: QuorumKind, logDirCount: number, port: number, controllerPort: number) {
    this.dir = mkdtempSync(join(tmpdir(), 'millrace-swap-'));
    this.dataDir = join(this.dir, 'data');
    this.bootstrap = `127.0.0.1:${port}`;
    this.#propertiesFile = join(this.dir, 'server.properties');
    this.#quorum = quorum;
    this.#port = port;
    const controller = `127.0.0.1:${controllerPort}`;
    const properties: Record<string, string> = {
      ...COMMON_CONFIG,
      'process.roles': 'broker,controller',
      'node.id': '1',
      listeners: `PLAINTEXT://${this.bootstrap},CONTROLLER://${controller}`,
      'advertised.listeners': `PLAINTEXT://${this.bootstrap}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
      'log.dirs': Array.from({ length: logDirCount }, (_, at) => join(this.dataDir, String(at))).join(),
      // What a kill would take from either broker is kept often.
      'log.flush.start.offset.checkpoint.interval.ms': '300',
      'log.initial.task.delay.ms': '300',
      'log.cleaner.backoff.ms': '500',
      'log.segment.delete.delay.ms': '500',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': '300',
      // Who comes after a kill has to wait for the end of the session.
      'broker.session.timeout.ms': '3000',
      'broker.heartbeat.interval.ms': '500',
      'log.cleaner.dedupe.buffer.size': '2097152',
      'num.network.threads': '1',
      'num.io.threads': '2',
      ...(quorum === 'static'
        ? { 'controller.quorum.voters': `1@${controller}` }
        : { 'controller.quorum.bootstrap.servers': controller }),
    };
    const lines = Object.entries(properties).map((entry) => `${entry.join('=')}\n`);
    writeFileSync(this.#propertiesFile, lines.join(''));
  }

  static async create(quorum: QuorumKind, logDirCount: number): Promise<SwapDirectory> {
    return new SwapDirectory(quorum, logDirCount, await freePort(), await freePort());
  }

  /** Formats it with Kafka's own tool; without this the first Millrace to start does it. */
  async formatWithKafka(): Promise<void> {
    const standalone = this.#quorum === 'standalone' ? ['--standalone'] : [];
    const args = ['format', '-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', this.#propertiesFile, ...standalone];
    await runTool('kafka.tools.StorageTool', args);
  }

  async start(broker: TargetName): Promise<void> {
    const [file, ...args] =
      broker === 'millrace'
        ? ['sh', join(repositoryDir, 'scripts/start'), '--config', this.#propertiesFile]
        : await kafkaCommand(this.#propertiesFile);
    const log = openSync(join(this.dir, 'broker.log'), 'a');
    const child = spawn(file!, args, { cwd: repositoryDir, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    // Nothing started here may outlive the suite, however it ends.
    process.once('exit', () => child.kill('SIGKILL'));
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await answers(this.#port))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadlineMs) {
        child.kill('SIGKILL');
        const how = child.exitCode ?? child.signalCode ?? 'no answer';
        throw new Error(`${broker} did not start on ${this.dataDir} (${how}):\n${this.output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Returns the exit code; null after a kill. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(late);
    }
    return child.exitCode;
  }

  /** The end of what the brokers have printed. */
  output(): string {
    return readFileSync(join(this.dir, 'broker.log'), 'utf8').slice(-6000);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function kafkaCommand(propertiesFile: string): Promise<string[]> {
  // MILLRACE_INTEROP_CLASS_PATH may bring a logger, for when one wants to see what Kafka says.
  const [java, ...args] = await javaCommand('kafka.Kafka', [propertiesFile], process.env.MILLRACE_INTEROP_CLASS_PATH);
  return [java!, ...args.filter((arg) => !arg.startsWith('-Xmx')).toSpliced(0, 0, '-Xmx400m')];
}
