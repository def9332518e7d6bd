// The client libraries of the suite and what each can express, and the two ways in which one runs: a producer, which
// sends records and reports the offsets it was given, and a member of a group, which reports what it reads.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { javaCommand } from './kafka-tool.ts';
import type { ConsumedRecord, InteropRecord, Ledger, Limits } from './records.ts';
import { clientsDir, type ToolchainName, toolchain } from './toolchains.ts';

export type GroupProtocol = 'classic' | 'consumer';
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
const ALL_CODECS: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

export interface ClientSpec {
  name: string;
  needs: ToolchainName[];
  /** The command line up to `produce` or `consume`. */
  command(): Promise<string[]>;
  codecs: readonly Codec[];
  protocols: readonly GroupProtocol[];
  limits: Limits;
  /** Its Snappy is bare blocks, without the framing of Kafka's Java client. */
  bareSnappy?: true;
}

async function dirOf(name: ToolchainName): Promise<string> {
  const found = await toolchain(name);
  if ('missing' in found) throw new Error(found.missing);
  return found.dir;
}

const node = (library: string) => async (): Promise<string[]> => [
  process.execPath,
  `${clientsDir}/node/main.mjs`,
  library,
];
const python = (library: string) => async (): Promise<string[]> => [
  `${await dirOf('python')}/venv/bin/python`,
  `${clientsDir}/python/main.py`,
  library,
];

export const CLIENTS: readonly ClientSpec[] = [
  {
    name: 'java',
    needs: ['kafka', 'java'],
    command: async () => javaCommand('Client', [], `${await dirOf('java')}/classes`),
    codecs: ALL_CODECS,
    protocols: ['classic', 'consumer'],
    limits: {},
  },
  {
    name: 'kafkajs',
    needs: ['npm'],
    command: node('kafkajs'),
    codecs: ALL_CODECS,
    protocols: ['classic'],
    limits: { groupedHeaders: true, nullHeaders: false },
  },
  {
    name: 'platformatic',
    needs: [],
    command: node('platformatic'),
    codecs: ALL_CODECS,
    protocols: ['classic', 'consumer'],
    limits: { framedSnappy: false, readCommitted: false },
    bareSnappy: true,
  },
  {
    name: 'confluent-js',
    needs: ['npm'],
    command: node('confluent'),
    codecs: ALL_CODECS,
    protocols: ['classic', 'consumer'],
    limits: { nullHeaders: false, emptyHeaders: false },
    bareSnappy: true,
  },
  {
    name: 'confluent-python',
    needs: ['python'],
    command: python('confluent'),
    codecs: ALL_CODECS,
    protocols: ['classic', 'consumer'],
    limits: {},
    bareSnappy: true,
  },
  {
    name: 'kafka-python',
    needs: ['python'],
    command: python('kafka_python'),
    codecs: ALL_CODECS,
    protocols: ['classic'],
    limits: { emptyRecords: false, nullHeaders: false },
  },
  {
    name: 'franz-go',
    needs: ['go'],
    command: async () => [`${await dirOf('go')}/client`],
    codecs: ALL_CODECS,
    protocols: ['classic', 'consumer'],
    limits: {},
    bareSnappy: true,
  },
];

const CLIENT_TIMEOUT_MS = 60_000;

/** Runs a client program; see clients/README.md for its arguments. */
export async function startClient(
  spec: ClientSpec,
  args: readonly string[],
  env = {},
): Promise<ChildProcessWithoutNullStreams> {
  const argv = [...(await spec.command()), ...args];
  const npm = spec.needs.includes('npm') ? { MILLRACE_INTEROP_NPM: await dirOf('npm') } : {};
  const child = spawn(argv[0]!, argv.slice(1), { env: { ...process.env, ...npm, ...env }, stdio: 'pipe' });
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.removeListener('exit', killed));
  child.stdin.on('error', () => {}); // a client that ended early; its exit status says so
  return child;
}

export interface Sending {
  bootstrap: string;
  topic: string;
  codec: Codec;
  records: readonly InteropRecord[];
  ledger: Ledger;
  /** In three transactions, of which the second one is aborted. */
  transact?: boolean;
}

/** Sends the records and enters every acknowledged (and committed) one in the ledger. */
export async function send(spec: ClientSpec, sending: Sending): Promise<void> {
  const { bootstrap, topic, codec, records, ledger, transact = false } = sending;
  const child = await startClient(spec, [transact ? 'transact' : 'produce', bootstrap, topic, codec]);
  const late = setTimeout(() => child.kill('SIGKILL'), CLIENT_TIMEOUT_MS);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
  child.stdin.end(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  let acknowledged = 0;
  const lines = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const { i, o } = JSON.parse(line) as { i: number; o: number };
      ledger.acknowledge(topic, records[i]!, o);
      acknowledged++;
    }
  })();
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearTimeout(late);
  await lines;
  const what = `${spec.name} ${transact ? 'transact' : 'produce'} ${codec}`;
  assert.equal(status, 0, `${what}: exit ${status} ${child.signalCode ?? ''}\n${errors.slice(-3000)}`);
  const aborted = transact ? Math.ceil(records.length / 3) : 0;
  assert.equal(acknowledged, records.length - aborted, `${what}: acknowledged records`);
}

type MemberEvent = { e: 'assigned'; partitions: string[] } | ({ e: 'record' } & ConsumedRecord) | { e: 'subscribed' };

/** A running member of a group. */
export class Member {
  readonly name: string;
  /** The partitions of its latest assignment, as "topic-partition". */
  assigned: string[] = [];
  readonly records: ConsumedRecord[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | null>;
  readonly #last = new Map<string, number>();
  #errors = '';
  #failure: Error | undefined;
  #changed: (() => void) | undefined;

  private constructor(name: string, child: ChildProcessWithoutNullStreams) {
    this.name = name;
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk));
    createInterface({ input: child.stdout }).on('line', (line) => this.#event(line));
    this.#ended = new Promise((resolve) => child.on('close', (status) => resolve(status)));
    void this.#ended.then(() => this.#changed?.());
  }

  static async start(
    spec: ClientSpec,
    options: { bootstrap: string; group: string; topics: string[]; protocol?: GroupProtocol; share?: boolean },
  ): Promise<Member> {
    const { bootstrap, group, topics, protocol = 'classic', share = false } = options;
    const args = [share ? 'share' : 'consume', bootstrap, group, ...topics];
    return new Member(spec.name, await startClient(spec, args, { GROUP_PROTOCOL: protocol }));
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what the client has complained about. */
  get complaints(): string {
    return this.#errors.slice(-2000);
  }

  /** Leaves the group in an orderly way. */
  async leave(): Promise<void> {
    this.#child.stdin.end();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), CLIENT_TIMEOUT_MS);
    const status = await this.#ended;
    clearTimeout(late);
    if (this.#failure) throw this.#failure;
    assert.equal(status, 0, `${this.name} left with ${status ?? this.#child.signalCode}: ${this.complaints}`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #event(line: string): void {
    const event = JSON.parse(line) as MemberEvent;
    if (event.e === 'assigned') {
      this.assigned = event.partitions;
      this.#last.clear(); // a new assignment may start again from the last commit
    } else if (event.e === 'record') {
      const { e: _, ...record } = event;
      const partition = `${record.topic}-${record.p}`;
      const last = this.#last.get(partition) ?? -1;
      if (record.o <= last) this.#failure ??= new Error(`${this.name} read ${partition} at ${record.o} after ${last}`);
      this.#last.set(partition, record.o);
      this.records.push(record);
    }
    this.#changed?.();
  }

  /** Waits until the condition holds; it is looked at whenever one of the members reports something. */
  static async until(what: string, members: readonly Member[], condition: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const give = (why: string): void => {
          const state = members.map((m) => `${m.name}: [${m.assigned}] ${m.records.length} records ${m.complaints}`);
          reject(new Error(`${why} while waiting until ${what}\n${state.join('\n')}`));
        };
        const look = (): void => {
          const failed = members.find((member) => member.#failure);
          if (failed) reject(failed.#failure);
          else if (condition()) resolve();
          else if (members.some((member) => !member.running)) give('a member ended');
        };
        timer = setTimeout(() => give('too long'), CLIENT_TIMEOUT_MS);
        for (const member of members) member.#changed = look;
        look();
      });
    } finally {
      clearTimeout(timer);
      for (const member of members) member.#changed = undefined;
    }
  }
}
