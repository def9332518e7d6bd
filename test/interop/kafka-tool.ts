// Runs Apache Kafka's command-line tools by their class names.
import { spawn } from 'node:child_process';
import { toolchain } from './toolchains.ts';

const TOOL_TIMEOUT_MS = 90_000;

export interface ToolResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

interface ToolOptions {
  input?: string | Uint8Array;
  /** A tool that must end by itself within this time. */
  timeoutMs?: number;
  /** Returns the result, whatever the exit status. */
  anyStatus?: boolean;
}

/** Runs any program to its end; throws when it fails, unless `anyStatus`. */
export async function run(argv: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: 'pipe',
    timeout: options.timeoutMs ?? TOOL_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {}); // a program that ends early; its status says so
  child.stdin.end(options.input ?? '');
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  const result = { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  if (status !== 0 && !options.anyStatus) {
    const end = (result.stdout + result.stderr).slice(-3000);
    throw new Error(`${argv.join(' ')} ended with ${status ?? child.signalCode}:\n${end}`);
  }
  return result;
}

/** A JVM started often and briefly: little heap, the quick compiler only, shared class data. */
const JVM_OPTIONS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

export async function javaCommand(mainClass: string, args: readonly string[], extraClassPath = ''): Promise<string[]> {
  const jars = await toolchain('kafka');
  if ('missing' in jars) throw new Error(jars.missing);
  const classPath = extraClassPath === '' ? `${jars.dir}/libs/*` : `${extraClassPath}:${jars.dir}/libs/*`;
  return ['java', ...JVM_OPTIONS, '-cp', classPath, mainClass, ...args];
}

export async function runTool(
  mainClass: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  return run(await javaCommand(mainClass, args), options);
}
