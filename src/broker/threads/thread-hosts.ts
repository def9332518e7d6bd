/** Hosts as threads of their own: what a broker runs with where the native engine loads. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { openDoorbells } from '../../native/doorbell.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import type { Doorbell } from '../../ring/wake-signal.ts';
import type { ControlInbox } from '../control-inbox.ts';
import type { FromIo, ToIo } from '../io/io-messages.ts';
import { takeWorker } from './broker-workers.ts';
import { createControlEnds, type Hosts, type HostsOptions, prepareMemory } from './hosts.ts';
import { threadPort } from './ports.ts';
import { remoteDoorbell } from './remote-doorbell.ts';
import {
  type DoorbellIds,
  type DoorbellNamed,
  HOSTS_RUN,
  type IoSeed,
  type LevelsChanged,
  type StorageSeed,
  type ThreadSeed,
} from './thread-seed.ts';

export async function startThreadHosts(options: HostsOptions, onThreadError: (error: Error) => void): Promise<Hosts> {
  const { ioThreads, storageWorkers, colocated, loggers, logFormat } = options;
  const bells = openDoorbells();
  if (!bells) throw new Error('broker threads need the native engine');
  const prepared = prepareMemory(options);
  const { memory, arenaIds } = prepared;
  const seedOf = (io: IoSeed | null, storage: StorageSeed | null): ThreadSeed => {
    return { memory, arenaIds, logLevels: loggers.assigned, logFormat, io, storage };
  };
  const releaseMemory = (): void => {
    for (const id of arenaIds) options.store.releaseMemory(id);
  };
  const ioChannels = Array.from({ length: ioThreads }, () => new MessageChannel());
  const storageChannels = Array.from({ length: storageWorkers }, () => new MessageChannel());
  const ioSeeds = ioChannels.map(({ port2 }, ioThread) => ioSeed(options, ioThread, port2));
  const storageSeeds = storageChannels.map(({ port2 }, worker) => storageSeed(options, worker, port2));
  // Together, storage worker w lives on I/O thread w.
  const ios = ioSeeds.map((io, at) => seedOf(io, colocated ? (storageSeeds[at] ?? null) : null));
  const others = (colocated ? storageSeeds.slice(ioThreads) : storageSeeds).map((storage) => seedOf(null, storage));
  const threads = await startThreads([...ios, ...others], onThreadError).catch((error: Error) => {
    releaseMemory();
    throw error;
  });
  let inbox: ControlInbox | undefined;
  const controlBell = bells.create(() => inbox?.drain());
  const threadBells = await Promise.all(threads.map(doorbellOf));
  const ids: DoorbellIds = {
    senders: [...threadBells.slice(0, ioThreads), controlBell],
    workers: threadBells.slice(colocated ? 0 : ioThreads).slice(0, storageWorkers),
  };
  await Promise.all(threads.map((thread) => hostsOf(thread, ids)));
  const bell = (id: number): Doorbell => remoteDoorbell(bells, id);
  const control = createControlEnds(
    prepared,
    { own: bell(controlBell), ios: ids.senders.map(bell), workers: ids.workers.map(bell) },
    ioChannels.map(({ port1 }) => threadPort<ToIo, FromIo>(port1)),
  );
  inbox = control.inbox;
  return {
    table: new PartitionTable(memory.table),
    counters: memory.counters,
    appender: control.appender,
    ioLinks: control.ioLinks,
    storagePorts: storageChannels.map(({ port1 }) => threadPort<ToStorage, FromStorage>(port1)),
    setLogLevels: (logLevels) => {
      for (const thread of threads) thread.postMessage({ logLevels } satisfies LevelsChanged);
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()));
      bells.close(controlBell);
      releaseMemory();
    },
  };
}

/** All or none: the system may refuse one. */
async function startThreads(
  seeds: readonly ThreadSeed[],
  onThreadError: (error: Error) => void,
): Promise<readonly Worker[]> {
  const threads: Worker[] = [];
  try {
    for (const seed of seeds) {
      const worker = takeWorker();
      threads.push(worker);
      worker.on('error', onThreadError);
      const ports = [seed.io?.port, seed.storage?.port].filter((port) => port !== undefined);
      worker.postMessage(seed, ports);
    }
    return threads;
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.terminate()));
    throw error;
  }
}

function ioSeed({ io, ioThreads, fetchSessionSlots }: HostsOptions, ioThread: number, port: MessagePort): IoSeed {
  return { port, ioThreads, fetchSessionSlots, settings: { ...io, ioThread } };
}

function storageSeed({ storage }: HostsOptions, worker: number, port: MessagePort): StorageSeed {
  return { port, settings: { ...storage, worker } };
}

async function doorbellOf(worker: Worker): Promise<number> {
  const [named] = (await once(worker, 'message')) as [DoorbellNamed];
  return named.doorbell;
}

async function hostsOf(worker: Worker, ids: DoorbellIds): Promise<void> {
  const running = once(worker, 'message');
  worker.postMessage(ids);
  const [message] = await running;
  if (message !== HOSTS_RUN) throw new Error('a thread did not start');
}
