/**
 * Runs the load generator once: topics, prebuilt records, the program, and what it printed as one result. The generator
 * is a process of its own; this side only waits.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildProgram } from '../build.ts';
import { onEarlyExit } from '../exit-on-signals.ts';
import { ensureTopics } from './admin.ts';
import { recordsPerBatch, writePayload } from './payload.ts';
import { generatorLines, type LoadSettings, secondsMax } from './settings.ts';

/** `[lowest value of the bucket in ns, count]`, HdrHistogram's layout at three significant digits. */
export type Buckets = [number, number][];

export interface StageResult {
  stage: number;
  rate: number;
  elapsedNs: number;
  sentRecords: number;
  ackedRecords: number;
  failedRecords: number;
  consumedRecords: number;
  requests: number;
  fetches: number;
  sentBytes: number;
  ackedBytes: number;
  consumedBytes: number;
  /** From the intended send time (open loop) or the sending (closed loop) to the acknowledgement. */
  ack: Buckets;
  /** The same start, to the arrival at a consumer. */
  endToEnd: Buckets;
  /** Of fetch requests, waiting for data included. */
  fetch: Buckets;
  /** How much later than intended the generator itself took records up: its own error. */
  late: Buckets;
}

export interface IntervalResult {
  index: number;
  /** -1 during warm-up. */
  stage: number;
  sentRecords: number;
  ackedRecords: number;
  failedRecords: number;
  consumedRecords: number;
  ackedBytes: number;
  consumedBytes: number;
  backlogRecords: number;
  ackP50Ns: number;
  ackP99Ns: number;
  ackMaxNs: number;
  endToEndP50Ns: number;
  endToEndP99Ns: number;
  endToEndMaxNs: number;
}

export interface Sample {
  what: 'tick' | 'stageStart' | 'stageEnd';
  stage: number;
  /** Since the start of the run, warm-up included. */
  atNs: number;
  brokerCpuNs: number;
  brokerResidentBytes: number;
  brokerAnonymousBytes: number;
  generatorCpuNs: number;
}

export interface IdleConnections {
  count: number;
  openNs: number;
  brokerCpuNs: number;
  residentBytesBefore: number;
  residentBytesAfter: number;
}

export interface RunEnd {
  /** Error code to the number of records (or fetches) it struck. */
  errors: Record<string, number>;
  disconnects: number;
  unansweredRecords: number;
  /** Acknowledged but not seen by a consumer when the run ended. */
  unseenRecords: number;
  /** 1: ended early, because the broker was too far behind the rate. */
  overrun: number;
  produceVersion: number;
  fetchVersion: number;
  threads: number;
}

export interface LoadResult {
  /** `partitions` are those that a topic has, on average. */
  settings: LoadSettings;
  startedAt: string;
  stages: StageResult[];
  intervals: IntervalResult[];
  samples: Sample[];
  idleConnections?: IdleConnections;
  end: RunEnd;
}

/** Beyond the settings' own bound: connecting, 10,000 idle connections, printing. */
const SET_UP_SECONDS_MAX = 60;

type Line =
  | ({ type: 'stage' } & StageResult)
  | ({ type: 'interval' } & IntervalResult)
  | ({ type: 'sample' } & Sample)
  | ({ type: 'idleConnections' } & IdleConnections)
  | ({ type: 'end' } & RunEnd)
  | { type: 'error'; message: string }
  | { type: 'start' };

/** A load that has not ended yet. */
type PartialResult = Omit<LoadResult, 'end'> & { end?: RunEnd };

/** Returns what went wrong, if that is what the line says. */
function collect(result: PartialResult, line: Line): string | undefined {
  switch (line.type) {
    case 'stage':
      result.stages.push(line);
      break;
    case 'interval':
      result.intervals.push(line);
      break;
    case 'sample':
      result.samples.push(line);
      break;
    case 'idleConnections':
      result.idleConnections = line;
      break;
    case 'end':
      result.end = line;
      break;
    case 'error':
      return line.message;
  }
  return undefined;
}

export interface RunOptions {
  onInterval?: (interval: IntervalResult) => void;
}

/** Creates missing topics, runs the load and returns what was measured. Throws with a reason when it could not run. */
export async function runLoad(settings: LoadSettings, options: RunOptions = {}): Promise<LoadResult> {
  const program = buildProgram('load');
  const wanted = settings.topics.map((name) => ({
    name,
    partitions: settings.partitions,
    configs: settings.topicConfigs,
  }));
  const counts = await ensureTopics(settings, wanted);
  const partitions = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const payloadPath = join(directory, 'payload');
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const watch = onEarlyExit(remove);
  try {
    if (settings.producers > 0) writePayload(payloadPath, { ...settings, partitions });
    // Topics that were there may have another number than was asked for.
    const found = { ...settings, partitions: Math.ceil(partitions / settings.topics.length) };
    return await runGenerator(
      program,
      found,
      generatorLines(settings, payloadPath, recordsPerBatch(settings)),
      options,
    );
  } finally {
    watch.done();
    remove();
  }
}

async function runGenerator(
  program: string,
  settings: LoadSettings,
  lines: string,
  options: RunOptions,
): Promise<LoadResult> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'pipe'] });
  const result: PartialResult = {
    settings,
    startedAt: new Date().toISOString(),
    stages: [],
    intervals: [],
    samples: [],
  };
  let failure: string | undefined;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  child.stdin.on('error', () => {}); // it may refuse its settings before it has read all
  const bound = setTimeout(
    () => {
      failure = 'it did not end in time';
      child.kill('SIGKILL');
    },
    (secondsMax(settings) + SET_UP_SECONDS_MAX) * 1000,
  );
  const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  child.stdin.end(lines);
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    failure = collect(result, line) ?? failure;
    if (line.type === 'interval') options.onInterval?.(result.intervals.at(-1)!);
  }
  const code = await exited;
  clearTimeout(bound);
  const { end } = result;
  if (failure !== undefined || code !== 0 || end === undefined) {
    throw new Error(`The load generator failed: ${failure ?? (complaint.trim() || `exit code ${code}`)}`);
  }
  return { ...result, end };
}
