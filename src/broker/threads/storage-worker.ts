/** Entry of a storage worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { StorageHost } from '../../partition/storage-host.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import { RingConsumer, RingProducer } from '../../ring/descriptor-ring.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import { WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import { adoptBatchMemory } from '../../storage/batch-memory.ts';
import { threadPort } from './ports.ts';
import { beBorn } from './thread-birth.ts';
import { HOST_RUNS, type StorageThreadSeed } from './thread-seed.ts';

const seed = workerData as StorageThreadSeed;
const { memory, arenaIds, settings } = seed;
const { store, logger, senders, onRing } = await beBorn(seed);

const host = new StorageHost({
  settings,
  clock: systemClock,
  logger,
  store,
  table: new PartitionTable(memory.table),
  sources: memory.senders.map(({ links, signal, arena }, sender) => ({
    work: new RingConsumer(links[settings.worker].work),
    completions: new RingProducer(links[settings.worker].completions),
    caller: new WakeCaller(signal, senders[sender]),
    memory: adoptBatchMemory(arenaIds[sender], Buffer.from(arena)),
  })),
  sleeper: new WakeSleeper(memory.workerSignals[settings.worker]),
  port: threadPort<FromStorage, ToStorage>(parentPort!),
});
onRing(() => host.drain());
parentPort!.postMessage(HOST_RUNS);
