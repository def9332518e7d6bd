// One JVM that runs Kafka's command-line tools one after another against one broker (clients/java/Tools.java).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { javaCommand, type ToolResult } from './kafka-tool.ts';
import { toolchain } from './toolchains.ts';

export interface ToolCommand {
  class: string;
  args: readonly string[];
  input?: string;
  timeoutMs?: number;
}

export class ToolsSession {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    child.stdin.on('error', () => {}); // a JVM that ended; the next answer says so
    process.once('exit', () => child.kill('SIGKILL'));
  }

  static async start(): Promise<ToolsSession> {
    const java = await toolchain('java');
    if ('missing' in java) throw new Error(java.missing);
    const [file, ...args] = await javaCommand('Tools', [], `${java.dir}/classes`);
    return new ToolsSession(spawn(file!, args, { stdio: 'pipe' }));
  }

  async run(command: ToolCommand): Promise<ToolResult> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the JVM of the tools ended during ${command.class} ${command.args.join(' ')}`);
    return JSON.parse(value) as ToolResult;
  }

  close(): void {
    this.#reader.close();
    this.#child.kill('SIGKILL');
  }
}
