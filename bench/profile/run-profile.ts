/**
 * `npm run bench:profile`: a Millrace broker under four kinds of load, sampled on every thread: with Linux perf
 * (JavaScript, native code and kernel) where it works, else with V8's own profiler (JavaScript only).
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoad } from '../load/run-load.ts';
import { defaultSettings, type LoadSettings } from '../load/settings.ts';
import { startMillrace } from '../peers/millrace.ts';
import type { RunningBroker } from '../peers/running-broker.ts';
import { fileName, resultsDir } from '../report/report.ts';
import { type ProfiledPhase, renderFlamePage } from './flame-page.ts';
import { foldedText, parseCpuProfile, parsePerfScript } from './stacks.ts';

export interface ProfileOptions {
  out?: string;
  seconds: number;
  only?: string;
  cpuProf?: boolean;
}

const SAMPLES_PER_SECOND = 997;
const SCRIPT_BYTES_MAX = 512 * 2 ** 20;

const phases = (seconds: number): { name: string; settings: Partial<LoadSettings> }[] => [
  {
    name: 'produce, batches of 16 KiB',
    settings: { acks: 1, batchesPerRequest: 4, producers: 2, stages: [{ rate: 0, seconds }] },
  },
  {
    name: 'produce, single records',
    settings: { acks: 1, messageBytes: 100, batchBytes: 1, producers: 8, stages: [{ rate: 0, seconds }] },
  },
  {
    name: 'produce 20k/s and read at once, end to end',
    settings: { producers: 4, consumers: 2, endToEnd: true, messageBytes: 200, stages: [{ rate: 20_000, seconds }] },
  },
  {
    name: 'read from the start',
    settings: { producers: 0, consumers: 3, from: 'earliest', stages: [{ rate: 0, seconds }] },
  },
];

function perfWorks(): boolean {
  const file = join(tmpdir(), `perf-try-${process.pid}`);
  const { status } = spawnSync('perf', ['record', '-q', '-e', 'cpu-clock', '-o', file, '--', 'true'], {
    stdio: 'ignore',
  });
  rmSync(file, { force: true });
  return status === 0;
}

/** Samples the process while `during` runs; returns the text of perf script. */
async function withPerf(pid: number, directory: string, during: () => Promise<unknown>): Promise<string> {
  const file = join(directory, 'perf.data');
  const args = [
    'record',
    '-q',
    '-e',
    'cpu-clock',
    '-F',
    String(SAMPLES_PER_SECOND),
    '-g',
    '-p',
    String(pid),
    '-o',
    file,
  ];
  const perf = spawn('perf', args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => perf.once('exit', resolve));
  try {
    await during();
  } finally {
    perf.kill('SIGINT');
    await ended;
  }
  const script = ['script', '-i', file, '-F', 'comm,tid,ip,sym,dso'];
  const { stdout, status } = spawnSync('perf', script, {
    encoding: 'utf8',
    maxBuffer: SCRIPT_BYTES_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  rmSync(file, { force: true });
  if (status !== 0) throw new Error('perf script failed');
  return stdout;
}

function load(broker: RunningBroker, settings: Partial<LoadSettings>): Promise<unknown> {
  return runLoad({
    ...defaultSettings,
    host: broker.host,
    port: broker.port,
    topics: ['profile'],
    partitions: 16,
    warmUpSeconds: 1,
    drainSeconds: 2,
    ...settings,
  });
}

async function profileWithPerf(
  options: ProfileOptions,
  directory: string,
  progress: (text: string) => void,
): Promise<ProfiledPhase[]> {
  const broker = await startMillrace({ directory }, ['--perf-basic-prof']);
  const profiled: ProfiledPhase[] = [];
  try {
    await load(broker, { stages: [{ rate: 0, seconds: 2 }] }); // so that hot code is compiled
    for (const phase of phases(options.seconds)) {
      if (options.only !== undefined && !phase.name.includes(options.only)) continue;
      progress(`${phase.name} ...`);
      profiled.push({
        name: phase.name,
        threads: parsePerfScript(await withPerf(broker.pid, directory, () => load(broker, phase.settings))),
      });
    }
  } finally {
    await broker.stop();
    rmSync(join(tmpdir(), `perf-${broker.pid}.map`), { force: true });
  }
  return profiled;
}

/** All phases fall into one profile per thread: V8 writes it when the thread ends. */
async function profileWithV8(
  options: ProfileOptions,
  directory: string,
  progress: (text: string) => void,
): Promise<ProfiledPhase[]> {
  const profiles = join(directory, 'profiles');
  const broker = await startMillrace({ directory }, ['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
  const chosen = phases(options.seconds).filter(
    (phase) => options.only === undefined || phase.name.includes(options.only),
  );
  try {
    for (const phase of chosen) {
      progress(`${phase.name} ...`);
      await load(broker, phase.settings);
    }
  } finally {
    await broker.stop();
  }
  const threads = readdirSync(profiles).map((name) =>
    parseCpuProfile(name, JSON.parse(readFileSync(join(profiles, name), 'utf8'))),
  );
  return [{ name: chosen.map((phase) => phase.name).join('; '), threads }];
}

/** Writes flame.html and the folded stacks; prints where. */
export async function runProfile(options: ProfileOptions, progress: (text: string) => void): Promise<void> {
  const directory = join(tmpdir(), `millrace-bench-profile-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  try {
    const perf = !options.cpuProf && perfWorks();
    progress(perf ? 'Sampling with perf.' : "Sampling JavaScript only, with V8's profiler.");
    const profiled = await (perf ? profileWithPerf : profileWithV8)(options, directory, progress);
    const out = options.out ?? join(resultsDir, fileName(`${new Date().toISOString()}-profile`));
    mkdirSync(out, { recursive: true });
    for (const { name, threads } of profiled) {
      for (const thread of threads)
        writeFileSync(join(out, `${fileName(`${name}-${thread.label}`)}.folded`), foldedText(thread));
    }
    const page = join(out, 'flame.html');
    const note = perf ? `Sampled ${SAMPLES_PER_SECOND} times a second with perf.` : 'Sampled with V8: JavaScript only.';
    writeFileSync(page, renderFlamePage('Flame graphs of the broker', note, profiled));
    progress(`Flame graphs: ${page}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
