/** All hosts on the calling thread: for embedding, and for storage engines that cannot be shared between threads. */
import { systemRandom } from '../../base/random.ts';
import { NodeResponseSender } from '../../network/node-response-sender.ts';
import { NodeSockets } from '../../network/node-sockets.ts';
import type { FromStorage, ToStorage } from '../../partition/storage-messages.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import { SharedArena } from '../../ring/shared-arena.ts';
import { openCounters } from '../../ring/shared-counters.ts';
import { SharedTally } from '../../ring/shared-tally.ts';
import { type Doorbell, WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import { IoCounters } from '../../telemetry/thread-counters.ts';
import { FetchSessionCache } from '../io/fetch-session.ts';
import { IoHost } from '../io/io-host.ts';
import type { FromIo, ToIo } from '../io/io-messages.ts';
import { RESPONSE_BYTES_START, type ResponseMemory } from '../io/response-output.ts';
import { WorkerLink } from '../io/worker-links.ts';
import { SCRATCH_BYTES } from '../shared-memory.ts';
import { createStorageHost } from './build-storage-host.ts';
import { createControlEnds, createControlLink, type Hosts, type HostsOptions, prepareMemory } from './hosts.ts';
import { portPair } from './ports.ts';

/** Runs what the bell is for as a task of its own, after the one at hand. */
class TaskDoorbell implements Doorbell {
  answer: () => void = () => {};

  ring(): void {
    setImmediate(() => this.answer());
  }
}

/** One I/O host and one storage host, whatever the counts in the options. */
export function startInlineHosts(options: HostsOptions): Hosts {
  const { store, clock, loggers } = options;
  const prepared = prepareMemory({ ...options, ioThreads: 1, storageWorkers: 1 });
  const { memory, arenaIds } = prepared;
  const table = new PartitionTable(memory.table);
  const [ioBell, controlBell, workerBell] = [new TaskDoorbell(), new TaskDoorbell(), new TaskDoorbell()];
  const [storagePort, storageHostPort] = portPair<ToStorage, FromStorage>();
  const storageHost = createStorageHost(
    { ...options.storage, worker: 0 },
    { memory, arenaIds, clock, store, loggers, senders: [ioBell, controlBell], again: workerBell },
    storageHostPort,
  );
  const [ioPort, ioHostPort] = portPair<ToIo, FromIo>();
  let responseMemory: ResponseMemory = { bytes: Buffer.allocUnsafeSlow(RESPONSE_BYTES_START), id: 0 };
  const ioHost = new IoHost({
    settings: { ...options.io, ioThread: 0 },
    clock,
    logger: loggers.of('connections'),
    store,
    table,
    arena: new SharedArena(memory.senders[0].arena, SCRATCH_BYTES),
    links: [new WorkerLink(memory.senders[0].links[0], new WakeCaller(memory.workerSignals[0], workerBell))],
    sleeper: new WakeSleeper(memory.senders[0].signal),
    openConnections: new SharedTally(memory.connections),
    counters: memory.counters && new IoCounters(openCounters(memory.counters.io[0])),
    sessions: new FetchSessionCache(options.fetchSessionSlots, 0, 1, systemRandom),
    port: ioHostPort,
    control: createControlLink(memory, 0, controlBell, ioHostPort),
    pacer: null,
    responseMemory,
    growResponseMemory: (bytesMin) => {
      responseMemory = { bytes: Buffer.allocUnsafeSlow(bytesMin), id: 0 };
      return responseMemory;
    },
    plainSockets: new NodeSockets(
      (socket, onDrained) => new NodeResponseSender(socket, store, () => responseMemory.bytes, onDrained),
    ),
    unpace: () => {},
  });
  const { appender, ioLinks, inbox } = createControlEnds(
    prepared,
    { own: controlBell, ios: [ioBell], workers: [workerBell] },
    [ioPort],
  );
  ioBell.answer = () => ioHost.drain();
  controlBell.answer = () => inbox.drain();
  workerBell.answer = () => storageHost.drain();
  return {
    table,
    counters: memory.counters,
    appender,
    ioLinks,
    storagePorts: [storagePort],
    // The hosts have the caller's own loggers.
    setLogLevels: () => {},
    close: async () => {
      storageHost.close();
      for (const id of arenaIds) store.releaseMemory(id);
    },
  };
}
