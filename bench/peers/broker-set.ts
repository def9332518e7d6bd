/** Brokers that are measured beside each other: started here or given by address, and what is known of each. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '../load/options.ts';
import { residentBytes } from '../measure/process.ts';
import { type Fact, fileName } from '../report/report.ts';
import { makeCertificate } from './certificate.ts';
import { missingForKafka, startKafka } from './kafka.ts';
import { startMillrace } from './millrace.ts';
import type { RunningBroker, StartOptions } from './running-broker.ts';

export type Progress = (text: string) => void;

export interface BrokerSetOptions {
  /** `millrace`, `kafka` or `NAME=HOST:PORT[,PID]`, with spaces between. */
  targets: string;
  /** The brokers' data go below this folder. */
  dir: string;
  /** Settings for Millrace. */
  millraceConfigs?: Record<string, string>;
  /** Whether they should have a TLS listener too. */
  tls?: boolean;
}

async function startTarget(
  text: string,
  options: BrokerSetOptions,
  tls: StartOptions['tls'],
  progress: Progress,
): Promise<RunningBroker> {
  const start = { directory: join(options.dir, fileName(text)), ...(tls && { tls }) };
  if (text === 'kafka') return startKafka(start, progress);
  if (text === 'millrace') return startMillrace({ ...start, configs: options.millraceConfigs ?? {} });
  const match = /^([^=]+)=(.+?)(?:,(\d+))?$/.exec(text);
  if (!match) throw new Error(`"${text}" is no target: millrace, kafka or NAME=HOST:PORT[,PID].`);
  const address = parseAddress(match[2]!);
  return {
    name: match[1]!,
    description: match[2]!,
    ...address,
    tlsPort: 0,
    pid: Number(match[3] ?? 0),
    startMs: 0,
    stop: async () => {},
  };
}

/** Starts all of them; one that cannot run here is left out, with the reason in the notes. */
export async function startTargets(
  options: BrokerSetOptions,
  notes: string[],
  progress: Progress,
): Promise<RunningBroker[]> {
  const tls = options.tls ? makeCertificate(join(options.dir, 'tls')) : undefined;
  if (options.tls && !tls) notes.push('Nothing was measured with TLS: there is no openssl to make a certificate with.');
  const brokers: RunningBroker[] = [];
  try {
    for (const text of options.targets.split(/\s+/).filter(Boolean)) {
      const missing = text === 'kafka' ? missingForKafka() : undefined;
      if (missing !== undefined) {
        notes.push(`Apache Kafka was left out: ${missing}.`);
        progress(notes.at(-1)!);
        continue;
      }
      brokers.push(await startWithOrWithoutTls(text, options, tls, notes, progress));
      const { name, description, startMs } = brokers.at(-1)!;
      notes.push(
        `${name}: ${description}${startMs > 0 ? `; answered ${Math.round(startMs)} ms after its start` : ''}.`,
      );
      progress(notes.at(-1)!);
    }
  } catch (error) {
    for (const broker of brokers) await broker.stop();
    throw error;
  }
  if (brokers.length === 0) throw new Error('No broker to measure.');
  return brokers;
}

async function startWithOrWithoutTls(
  text: string,
  options: BrokerSetOptions,
  tls: StartOptions['tls'],
  notes: string[],
  progress: Progress,
): Promise<RunningBroker> {
  try {
    return await startTarget(text, options, tls, progress);
  } catch (error) {
    if (!tls) throw error;
    progress(`${text} does not start with TLS: ${(error as Error).message}`);
    notes.push(`${text} was measured without TLS: it did not start with a TLS listener.`);
    return startTarget(text, options, undefined, progress);
  }
}

/** Throws a topic's files out of the page cache; needs no privileges. False where it cannot. */
export function dropFromCache(broker: RunningBroker, topic: string): boolean {
  if (broker.directory === undefined) return false;
  const data = join(broker.directory, 'data');
  for (const folder of readdirSync(data).filter((name) => name.startsWith(`${topic}-`))) {
    for (const file of readdirSync(join(data, folder)).filter((name) => name.endsWith('.log'))) {
      const path = join(data, folder, file);
      spawnSync('sync', ['-d', path]);
      if (spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']).status !== 0) return false;
    }
  }
  return true;
}

/** What a user meets first: how soon it answers, what it takes before it has done anything. */
export function startFacts(brokers: readonly RunningBroker[]): Fact[] {
  return brokers
    .filter((broker) => broker.pid > 0)
    .flatMap((broker) => {
      const fact = (what: string, value: string) => ({ work: 'start', target: broker.name, what, value });
      const mib = residentBytes(broker.pid) / 2 ** 20;
      const started =
        broker.startMs > 0 ? [fact('until it answers, memory just settled', `${Math.round(broker.startMs)} ms`)] : [];
      return [...started, fact('memory before any load', `${Math.round(mib)} MiB`)];
    });
}
