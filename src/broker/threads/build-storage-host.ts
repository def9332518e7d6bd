/** Builds storage hosts: that of a broker thread, and what it has in common with the one on the calling thread. */
import type { Clock } from '../../base/clock.ts';
import type { LogStore } from '../../native/log-store.ts';
import type { NativeLogStore } from '../../native/native-log-store.ts';
import { StorageHost } from '../../partition/storage-host.ts';
import type { StorageHostSettings } from '../../partition/storage-host-settings.ts';
import type { FromStorage, StoragePort, ToStorage } from '../../partition/storage-messages.ts';
import { RingConsumer, RingProducer } from '../../ring/descriptor-ring.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import { openCounters } from '../../ring/shared-counters.ts';
import { type Doorbell, WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import { adoptBatchMemory } from '../../storage/batch-memory.ts';
import type { ComponentLoggers } from '../../telemetry/component-loggers.ts';
import { StorageCounters } from '../../telemetry/thread-counters.ts';
import type { SharedMemory } from '../shared-memory.ts';
import { threadPort } from './ports.ts';
import type { StorageSeed } from './thread-seed.ts';

export interface StorageHostContext {
  readonly memory: SharedMemory;
  readonly arenaIds: readonly number[];
  readonly clock: Clock;
  readonly store: LogStore;
  readonly loggers: ComponentLoggers;
  /** Bells of I/O threads in order, then of the control thread. */
  readonly senders: readonly Doorbell[];
  /** This thread's own, rung as others ring it: it is answered when everything else has had its turn. */
  readonly again: Doorbell;
}

/** What the hosts of one thread share. */
export interface ThreadContext extends StorageHostContext {
  readonly store: NativeLogStore;
  readonly workers: readonly Doorbell[];
}

export function buildStorageHost({ settings, port }: StorageSeed, context: ThreadContext): StorageHost {
  context.store.setInlineSyncMax(settings.inlineSyncMaxUs);
  return createStorageHost(settings, context, threadPort<FromStorage, ToStorage>(port));
}

export function createStorageHost(
  settings: StorageHostSettings,
  { memory, arenaIds, clock, store, loggers, senders, again }: StorageHostContext,
  port: StoragePort,
): StorageHost {
  const { worker } = settings;
  return new StorageHost({
    settings,
    clock,
    logger: loggers.of('storage'),
    store,
    table: new PartitionTable(memory.table),
    counters: memory.counters && new StorageCounters(openCounters(memory.counters.storage[worker])),
    sources: memory.senders.map(({ links, signal, arena }, sender) => ({
      work: new RingConsumer(links[worker].work),
      completions: new RingProducer(links[worker].completions),
      caller: new WakeCaller(signal, senders[sender]),
      memory: adoptBatchMemory(arenaIds[sender], Buffer.from(arena)),
    })),
    sleeper: new WakeSleeper(memory.workerSignals[worker]),
    bell: again,
    port,
  });
}
