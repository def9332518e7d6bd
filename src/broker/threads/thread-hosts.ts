/** Hosts as threads of their own: what a broker runs with where the native engine loads. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { moduleExtension } from '../../base/package-root.ts';
import { openDoorbells } from '../../native/doorbell.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import type { FromIo, ToIo } from '../io/io-messages.ts';
import type { WorkAppender } from '../work-appender.ts';
import { createAppender, type Hosts, type HostsOptions, prepareMemory } from './hosts.ts';
import { threadPort } from './ports.ts';
import { remoteDoorbell } from './thread-birth.ts';
import {
  type DoorbellNamed,
  type Doorbells,
  HOST_RUNS,
  type IoThreadSeed,
  type StorageThreadSeed,
} from './thread-seed.ts';

/** Young generation of a thread's heap: small, since the hot paths make next to no garbage. */
const YOUNG_GENERATION_MB = 8;

/** Threads get the process's flags, but not those that say what kind of text the process was given to run. */
const execArgv = process.execArgv.some((flag) => flag.startsWith('--input-type')) ? [] : process.execArgv;

export async function startThreadHosts(options: HostsOptions, onThreadError: (error: Error) => void): Promise<Hosts> {
  const { ioThreads, storageWorkers, logLevel, fetchSessionSlots } = options;
  const bells = openDoorbells();
  if (!bells) throw new Error('broker threads need the native engine');
  const prepared = prepareMemory(options);
  const { memory, arenaIds } = prepared;
  const common = { memory, arenaIds, logLevel };
  const start = (entry: string, seed: IoThreadSeed | StorageThreadSeed): Worker => {
    const worker = new Worker(new URL(`./${entry}.${moduleExtension}`, import.meta.url), {
      workerData: seed,
      execArgv,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.on('error', onThreadError);
    return worker;
  };
  const ios = Array.from({ length: ioThreads }, (_, ioThread) =>
    start('io-worker', {
      ...common,
      kind: 'io',
      ioThreads,
      fetchSessionSlots,
      settings: { ...options.io, ioThread },
    }),
  );
  const storages = Array.from({ length: storageWorkers }, (_, worker) =>
    start('storage-worker', {
      ...common,
      kind: 'storage',
      settings: { ...options.storage, worker, workers: storageWorkers },
    }),
  );
  let appender: WorkAppender | undefined;
  const controlBell = bells.create(() => appender?.drain());
  const [ioBells, workerBells] = await Promise.all([
    Promise.all(ios.map(doorbellOf)),
    Promise.all(storages.map(doorbellOf)),
  ]);
  const doorbells: Doorbells = { senders: [...ioBells, controlBell], workers: workerBells };
  await Promise.all([...ios, ...storages].map((thread) => hostOf(thread, doorbells)));
  appender = createAppender(
    prepared,
    workerBells.map((id) => remoteDoorbell(bells, id)),
  );
  return {
    table: new PartitionTable(memory.table),
    appender,
    ioPorts: ios.map((worker) => threadPort<ToIo, FromIo>(worker)),
    storagePorts: storages.map((worker) => threadPort<ToStorage, FromStorage>(worker)),
    close: async () => {
      await Promise.all([...ios, ...storages].map((worker) => worker.terminate()));
    },
  };
}

async function doorbellOf(worker: Worker): Promise<number> {
  const [named] = (await once(worker, 'message')) as [DoorbellNamed];
  return named.doorbell;
}

async function hostOf(worker: Worker, doorbells: Doorbells): Promise<void> {
  const running = once(worker, 'message');
  worker.postMessage(doorbells);
  const [message] = await running;
  if (message !== HOST_RUNS) throw new Error('a thread did not start');
}
