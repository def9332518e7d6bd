// A program of ours that prints one line of JSON for each thing that happens, and ends when its input ends.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const END_TIMEOUT_MS = 90_000;
const ERROR_BYTES_MAX = 4000;
/** A program that cannot start is not to be started for ever. */
const FAILURES_MAX = 200;
const RESTART_PAUSE_MS = 50;

export class LineProcess<Event> {
  readonly #child: ChildProcessWithoutNullStreams;
  /** The exit status; null after a kill. */
  readonly ended: Promise<number | null>;
  #errors = '';

  constructor(argv: readonly string[], onEvent: (event: Event) => void, onError: () => void = () => {}) {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: 'pipe' });
    this.#child = child;
    const killed = (): void => void child.kill('SIGKILL');
    process.once('exit', killed);
    child.once('exit', () => process.removeListener('exit', killed));
    child.stdin.on('error', () => {}); // it ended; whoever waits for it is told
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk).slice(-ERROR_BYTES_MAX);
      onError();
    });
    createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line) as Event));
    this.ended = new Promise((resolve) => child.on('close', (status) => resolve(status)));
  }

  /** The end of what it has complained about. */
  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends its input, and waits until it has ended by itself; one that does not is killed. The exit status. */
  async stop(): Promise<number | null> {
    this.#child.stdin.end();
    const late = setTimeout(() => this.kill(), END_TIMEOUT_MS);
    const status = await this.ended;
    clearTimeout(late);
    return status;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A program that is started again whenever it ends, until it is stopped. */
export class RestartedProcess {
  readonly #argv: readonly string[];
  readonly #running: Promise<void>;
  #process: LineProcess<never> | undefined;
  #stopped = false;
  /** How often it ended by itself: somebody fenced it, or its client gave up. */
  failures = 0;
  /** What it complained about when it last ended by itself. */
  lastErrors = '';

  constructor(argv: readonly string[]) {
    this.#argv = argv;
    this.#running = this.#run();
  }

  /** Why it is not started any more. */
  get stuck(): string | undefined {
    return this.failures < FAILURES_MAX ? undefined : `a program ends again and again: ${this.lastErrors}`;
  }

  async #run(): Promise<void> {
    while (!this.#stopped && !this.stuck) {
      const process = new LineProcess<never>(this.#argv, () => {});
      this.#process = process;
      const status = await process.ended;
      if (status === null || this.#stopped) continue;
      this.failures++;
      this.lastErrors = process.errors;
      await pause(RESTART_PAUSE_MS);
    }
  }

  /** Kills the one that runs; the next one starts at once. */
  kill(): void {
    this.#process?.kill();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#process?.stop();
    await this.#running;
  }
}

/** Waits until the condition holds: it is looked at at each `changed()`. */
export class Watch {
  #look: (() => void) | undefined;

  changed(): void {
    this.#look?.();
  }

  /** `failure` names what makes waiting vain. */
  async until(
    what: string,
    timeoutMs: number,
    condition: () => boolean,
    failure: () => string | undefined,
  ): Promise<void> {
    let late: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        late = setTimeout(() => reject(new Error(`too long until ${what}`)), timeoutMs);
        this.#look = () => {
          const why = failure();
          if (why !== undefined) reject(new Error(`while waiting until ${what}: ${why}`));
          else if (condition()) resolve();
        };
        this.#look();
      });
    } finally {
      clearTimeout(late);
      this.#look = undefined;
    }
  }
}
