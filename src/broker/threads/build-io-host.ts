/** Builds the I/O host of a broker thread. */
import { systemRandom } from '../../base/random.ts';
import type { NativeLogStore } from '../../native/native-log-store.ts';
import { openPause } from '../../native/pause.ts';
import { openSocketInput } from '../../native/socket-input.ts';
import { openSocketOutput } from '../../native/socket-output.ts';
import { PolledSockets } from '../../network/polled-sockets.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import { SharedArena } from '../../ring/shared-arena.ts';
import { openCounters } from '../../ring/shared-counters.ts';
import { SharedTally } from '../../ring/shared-tally.ts';
import { WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import { IoCounters } from '../../telemetry/thread-counters.ts';
import { FetchSessionCache } from '../io/fetch-session.ts';
import { FramePacer } from '../io/frame-pacer.ts';
import { IoHost } from '../io/io-host.ts';
import type { FromIo, ToIo } from '../io/io-messages.ts';
import { RESPONSE_BYTES_START, type ResponseMemory } from '../io/response-output.ts';
import { WorkerLink } from '../io/worker-links.ts';
import { SCRATCH_BYTES } from '../shared-memory.ts';
import type { ThreadContext } from './build-storage-host.ts';
import { createControlLink } from './hosts.ts';
import { threadPort } from './ports.ts';
import type { IoSeed } from './thread-seed.ts';

export function buildIoHost(seed: IoSeed, context: ThreadContext): IoHost {
  const { settings, ioThreads, fetchSessionSlots, port } = seed;
  const { memory, clock, store, loggers, workers } = context;
  const { ioThread } = settings;
  const own = memory.senders[ioThread];
  const arena = new SharedArena(own.arena, SCRATCH_BYTES);
  const outputs = openSocketOutput();
  const inputs = openSocketInput(arena.bytes, SCRATCH_BYTES);
  if (!outputs || !inputs) throw new Error('an I/O thread needs the native engine');
  const pause = openPause();
  const controlPort = threadPort<FromIo, ToIo>(port);
  const newResponseMemory = responseMemoryOf(store);
  return new IoHost({
    settings,
    clock,
    logger: loggers.of('connections'),
    store,
    table: new PartitionTable(memory.table),
    counters: memory.counters && new IoCounters(openCounters(memory.counters.io[ioThread])),
    arena,
    links: own.links.map(
      (link, worker) => new WorkerLink(link, new WakeCaller(memory.workerSignals[worker], workers[worker])),
    ),
    sleeper: new WakeSleeper(own.signal),
    openConnections: new SharedTally(memory.connections),
    sessions: new FetchSessionCache(Math.ceil(fetchSessionSlots / ioThreads), ioThread, ioThreads, systemRandom),
    port: controlPort,
    control: createControlLink(memory, ioThread, context.senders[ioThreads], controlPort),
    responseMemory: newResponseMemory(RESPONSE_BYTES_START),
    growResponseMemory: newResponseMemory,
    pacer:
      pause && settings.pauseMaxUs > 0
        ? new FramePacer({
            pauseMaxUs: settings.pauseMaxUs,
            pause,
            afterPass: (task) => {
              if (!inputs.afterPass(task)) setImmediate(task);
            },
            nowMs: () => clock.monotonicMs(),
          })
        : null,
    plainSockets: new PolledSockets(outputs, inputs, settings.deferMaxMs),
    unpace: settings.loopbackReno ? (descriptor) => outputs.unpace(descriptor) : () => {},
  });
}

/** Each memory takes the place of the one before, which nothing refers to any more. */
function responseMemoryOf(store: NativeLogStore): (sizeBytes: number) => ResponseMemory {
  let id = -1;
  return (sizeBytes) => {
    if (id >= 0) store.releaseMemory(id);
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    id = store.registerMemory(bytes);
    return { bytes, id };
  };
}
