/** Entry of an I/O thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { openSocketOutput } from '../../native/socket-output.ts';
import { NativeResponseSender } from '../../network/native-response-sender.ts';
import { PartitionTable } from '../../ring/partition-table.ts';
import { SharedArena } from '../../ring/shared-arena.ts';
import { WakeCaller, WakeSleeper } from '../../ring/wake-signal.ts';
import { FetchSessionCache } from '../io/fetch-session.ts';
import { IoHost } from '../io/io-host.ts';
import type { FromIo, ToIo } from '../io/io-messages.ts';
import type { ResponseMemory } from '../io/response-output.ts';
import { WorkerLink } from '../io/worker-links.ts';
import { SCRATCH_BYTES } from '../shared-memory.ts';
import { threadPort } from './ports.ts';
import { beBorn } from './thread-birth.ts';
import { HOST_RUNS, type IoThreadSeed } from './thread-seed.ts';

const RESPONSE_BYTES = 256 * 1024;

const seed = workerData as IoThreadSeed;
const { memory, settings, ioThreads, fetchSessionSlots } = seed;
const { ioThread } = settings;
const { store, logger, workers, onRing } = await beBorn(seed);
const own = memory.senders[ioThread];
const outputs = openSocketOutput()!;
let responseMemoryId = -1;

/** Takes the place of the memory before, which nothing refers to any more. */
function newResponseMemory(sizeBytes: number): ResponseMemory {
  if (responseMemoryId >= 0) store.releaseMemory(responseMemoryId);
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  responseMemoryId = store.registerMemory(bytes);
  return { bytes, id: responseMemoryId };
}

const host = new IoHost({
  settings,
  clock: systemClock,
  logger,
  store,
  table: new PartitionTable(memory.table),
  arena: new SharedArena(own.arena, SCRATCH_BYTES),
  links: own.links.map(
    (link, worker) => new WorkerLink(link, new WakeCaller(memory.workerSignals[worker], workers[worker])),
  ),
  sleeper: new WakeSleeper(own.signal),
  sessions: new FetchSessionCache(Math.ceil(fetchSessionSlots / ioThreads), ioThread, ioThreads, systemRandom),
  port: threadPort<FromIo, ToIo>(parentPort!),
  responseMemory: newResponseMemory(RESPONSE_BYTES),
  growResponseMemory: newResponseMemory,
  createSender: (descriptor, _, onDrained) => new NativeResponseSender(outputs, descriptor, onDrained),
});
onRing(() => host.drain());
parentPort!.postMessage(HOST_RUNS);
