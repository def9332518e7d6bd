/**
 * Entry of a broker thread: an I/O host, a storage host, or one of each. Two hosts on one thread call each other by a
 * microtask instead of a doorbell, so work and completion need no wake-up at all.
 */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { threadClock } from '../../base/clock.ts';
import { soon } from '../../base/soon.ts';
import { openDoorbells } from '../../native/doorbell.ts';
import { openNativeLogStore } from '../../native/native-log-store.ts';
import { nameThread } from '../../native/own-thread.ts';
import type { Doorbell } from '../../ring/wake-signal.ts';
import { ComponentLoggers } from '../../telemetry/component-loggers.ts';
import { createLogger, type LoggerOptions } from '../../telemetry/logger.ts';
import { rateLimitedLogger } from '../../telemetry/rate-limited-logger.ts';
import { buildIoHost } from './build-io-host.ts';
import { buildStorageHost } from './build-storage-host.ts';
import { remoteDoorbell } from './remote-doorbell.ts';
import { type DoorbellIds, type DoorbellNamed, HOSTS_RUN, type LevelsChanged, type ThreadSeed } from './thread-seed.ts';

if (!parentPort) throw new Error('a broker thread needs a parent');
const [store, bells] = [openNativeLogStore(), openDoorbells()];
// The thread may have started before it is known whether it is wanted.
const [seed] = (await once(parentPort, 'message')) as [ThreadSeed];
if (!store || !bells) throw new Error('a broker thread needs the native engine');
nameThread(seed.io ? `io-${seed.io.settings.ioThread}` : `storage-${seed.storage?.settings.worker}`);

let drainIo = (): void => {};
let drainStorage = (): void => {};
const ownBell = bells.create(() => {
  drainStorage();
  drainIo();
});
parentPort.postMessage({ doorbell: ownBell } satisfies DoorbellNamed);
const [ids] = (await once(parentPort, 'message')) as [DoorbellIds];

/** Bell of another thread, or a microtask where the callee lives on this one. */
function doorbell(id: number, drain: () => void): Doorbell {
  return id === ownBell ? { ring: () => soon(drain) } : remoteDoorbell(bells!, id);
}

const format = seed.logFormat as LoggerOptions['format'];
const sink = rateLimitedLogger(createLogger({ level: 'debug', format }), threadClock);
const loggers = new ComponentLoggers(sink, 'INFO');
loggers.assign(seed.logLevels);
parentPort.on('message', ({ logLevels }: LevelsChanged) => loggers.assign(logLevels));
const context = {
  memory: seed.memory,
  arenaIds: seed.arenaIds,
  clock: threadClock,
  store,
  loggers,
  senders: ids.senders.map((id) => doorbell(id, () => drainIo())),
  workers: ids.workers.map((id) => doorbell(id, () => drainStorage())),
  again: remoteDoorbell(bells, ownBell),
};
if (seed.storage) {
  const host = buildStorageHost(seed.storage, context);
  drainStorage = () => host.drain();
}
if (seed.io) {
  const host = buildIoHost(seed.io, context);
  drainIo = () => host.drain();
}
parentPort.postMessage(HOSTS_RUN);
