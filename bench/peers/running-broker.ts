/** A broker that runs for a benchmark: where it listens, which process it is, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onEarlyExit } from '../exit-on-signals.ts';
import { countPartitions } from '../load/admin.ts';

export interface RunningBroker {
  name: string;
  /** Name and version, for the report. */
  description: string;
  host: string;
  port: number;
  /** 0 without TLS. */
  tlsPort: number;
  /** 0 when it runs elsewhere. */
  pid: number;
  /** Where its files are; undefined when it runs elsewhere. */
  directory?: string;
  /** How long its start took until it answered, in milliseconds. */
  startMs: number;
  /** Ends it and waits until it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StartOptions {
  directory: string;
  /** Broker settings by Kafka's names. */
  configs?: Record<string, string>;
  /** PEM files for a TLS listener. */
  tls?: { certificatePath: string; keyPath: string };
  /** Instead of a free one: to start again where clients know it. */
  port?: number;
}

/** Kafka's start after a kill with 10,000 partitions takes minutes on a busy machine. */
const START_MS_MAX = 180_000;
const STOP_MS_MAX = 60_000;
const POLL_MS = 5;

/** A port of 127.0.0.1 that nobody uses right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts the command with its output in `directory/output.log` and waits until it answers a metadata request. Throws
 * with the end of that output when it ends or does not answer.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  broker: Pick<RunningBroker, 'name' | 'description' | 'port' | 'tlsPort' | 'directory'> & { directory: string },
): Promise<RunningBroker> {
  mkdirSync(broker.directory, { recursive: true });
  const logPath = join(broker.directory, 'output.log');
  const log = openSync(logPath, 'a');
  const startedMs = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const watch = onEarlyExit(() => child.kill('SIGKILL'));
  const address = { host: '127.0.0.1', port: broker.port, tls: false };
  try {
    await waitUntilAnswering(child, address);
  } catch (error) {
    child.kill('SIGKILL');
    const output = readFileSync(logPath, 'utf8').slice(-2000);
    throw new Error(`${broker.name} did not start: ${(error as Error).message}\n${output}`);
  }
  return {
    ...broker,
    host: address.host,
    pid: child.pid!,
    startMs: performance.now() - startedMs,
    stop: async (signal = 'SIGTERM') => {
      watch.done();
      await stopProcess(child, signal);
    },
  };
}

async function waitUntilAnswering(
  child: ChildProcess,
  address: { host: string; port: number; tls: boolean },
): Promise<void> {
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  const deadlineMs = performance.now() + START_MS_MAX;
  for (;;) {
    if (failure !== undefined) throw new Error(failure);
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    if (performance.now() > deadlineMs) throw new Error(`no answer within ${START_MS_MAX / 1000} s`);
    try {
      await countPartitions(address, []);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

async function stopProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}
