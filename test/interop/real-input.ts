// Real text through the broker: kcat streams the lines of this machine's own files (keyed by line number, lz4) to a topic
// of 8 partitions; a group of three members in three languages reads them; put in order again, they must be byte for byte
// what went in. `scripts/real-input` runs it from the shell; real-input.test.ts is the same in the suite.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CLIENTS, type ClientSpec, startClient } from './clients.ts';
import { runTool } from './kafka-tool.ts';
import { repositoryDir } from './toolchains.ts';

/** Where there is text on most machines; read in this order until there is enough. */
const ROOTS = ['/var/log', '/var/lib/dpkg', '/var/lib/apt', '/usr/share', '/usr/include', '/usr/lib', repositoryDir];
const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** kcat and the broker take messages of a megabyte; longer lines are no log lines. */
const LINE_BYTES_MAX = 500_000;
const SNIFF_BYTES = 8192;
const LANGUAGES = ['java', 'confluent-python', 'franz-go'];
const PARTITIONS = 8;
const TOPIC = 'real-input';
const READ_TIMEOUT_MS = 300_000;

export interface RealInputResult {
  readonly bytes: number;
  readonly lines: number;
  readonly sha256: string;
  /** Lines that each member read. */
  readonly shares: Readonly<Record<string, number>>;
}

function* textFiles(folder: string): Generator<string> {
  let entries: ReturnType<typeof readFolder>;
  try {
    entries = readFolder(folder);
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* textFiles(path);
    else if (entry.isFile() && isText(path)) yield path;
  }
}

function readFolder(folder: string) {
  return readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
}

function isText(path: string): boolean {
  try {
    const { size } = statSync(path);
    if (size === 0 || size > FILE_BYTES_MAX) return false;
    const file = openSync(path, 'r');
    const head = Buffer.alloc(Math.min(size, SNIFF_BYTES));
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
    return !head.includes(0);
  } catch {
    return false;
  }
}

/** Gathers lines of real files; writes them to `plain` as they are, and to `keyed` with their number before each. */
function gather(bytesMin: number, plain: string, keyed: string): { bytes: number; lines: number } {
  const [plainFile, keyedFile] = [openSync(plain, 'w'), openSync(keyed, 'w')];
  let bytes = 0;
  let lines = 0;
  outer: for (const root of ROOTS) {
    for (const path of textFiles(root)) {
      const content = readFileSync(path);
      for (let at = 0; at < content.length; ) {
        const newline = content.indexOf(10, at);
        const end = newline < 0 ? content.length : newline;
        const line = content.subarray(at, end);
        at = end + 1;
        // kcat cuts its input at newlines, and takes a message without a value for a line that ends with its key.
        if (line.length === 0 || line.length > LINE_BYTES_MAX || line.includes(0)) continue;
        writeSync(plainFile, Buffer.concat([line, Buffer.from('\n')]));
        writeSync(keyedFile, Buffer.concat([Buffer.from(`${lines}\t`), line, Buffer.from('\n')]));
        lines++;
        bytes += line.length + 1;
      }
      if (bytes >= bytesMin) break outer;
    }
  }
  closeSync(plainFile);
  closeSync(keyedFile);
  assert.ok(bytes >= bytesMin, `only ${bytes} bytes of text on this machine`);
  return { bytes, lines };
}

async function produce(bootstrap: string, keyed: string): Promise<void> {
  const args = [
    '-P',
    '-b',
    bootstrap,
    '-t',
    TOPIC,
    '-z',
    'lz4',
    '-K',
    '\t',
    '-X',
    'enable.idempotence=true',
    '-l',
    keyed,
  ];
  const child = spawn('kcat', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 0, 'kcat');
}

/** Reads everything with one member in each language; answers the lines in their order. `ready`: each has partitions. */
async function consume(
  bootstrap: string,
  count: number,
  ready: () => void,
): Promise<{ lines: Buffer[]; shares: Record<string, number> }> {
  const specs = LANGUAGES.map((name) => CLIENTS.find((client) => client.name === name) as ClientSpec);
  const group = `real-input-${process.pid}`;
  const lines: Buffer[] = new Array(count);
  const shares: Record<string, number> = {};
  const assigned = new Set<string>();
  let left = count;
  const members = await Promise.all(
    specs.map((spec) => startClient(spec, ['consume', bootstrap, group, TOPIC], { GROUP_PROTOCOL: 'consumer' })),
  );
  const late = setTimeout(() => members.forEach((member) => void member.kill('SIGKILL')), READ_TIMEOUT_MS);
  await Promise.all(
    members.map(async (member, index) => {
      const { name } = specs[index]!;
      shares[name] = 0;
      member.stderr.resume();
      for await (const line of createInterface({ input: member.stdout })) {
        const event = JSON.parse(line) as { e: string; k: string; v: string; partitions?: string[] };
        if (event.partitions?.length) assigned.add(name);
        if (assigned.size === specs.length) ready();
        if (event.e !== 'record') continue;
        const number = Number(Buffer.from(event.k, 'base64').toString());
        // A partition that changed hands may be read again from its last commit: the same line again, or it is wrong.
        const value = Buffer.from(event.v, 'base64');
        const known = lines[number];
        if (known) assert.ok(known.equals(value), `line ${number} came in two versions`);
        else {
          lines[number] = value;
          shares[name]!++;
          if (--left === 0) for (const each of members) each.stdin.end();
        }
      }
    }),
  );
  clearTimeout(late);
  assert.equal(left, 0, `${left} of ${count} lines did not come out`);
  return { lines, shares };
}

/** Streams at least `bytesMin` of text through the broker at `bootstrap`; files go to `dir`. Throws when anything differs. */
export async function streamRealInput(bootstrap: string, dir: string, bytesMin: number): Promise<RealInputResult> {
  const [plain, keyed] = [join(dir, 'input.txt'), join(dir, 'keyed.txt')];
  const { bytes, lines: count } = gather(bytesMin, plain, keyed);
  const create = ['--bootstrap-server', bootstrap, '--create', '--topic', TOPIC, '--partitions', String(PARTITIONS)];
  await runTool('org.apache.kafka.tools.TopicCommand', create);
  const ready = Promise.withResolvers<void>();
  const reading = consume(bootstrap, count, ready.resolve);
  await Promise.race([ready.promise, reading]);
  await produce(bootstrap, keyed);
  const { lines, shares } = await reading;
  const out = createHash('sha256');
  for (const line of lines) out.update(line).update('\n');
  const sha256 = out.digest('hex');
  assert.equal(sha256, createHash('sha256').update(readFileSync(plain)).digest('hex'), 'what came out differs');
  return { bytes, lines: count, sha256, shares };
}
