/** What the entries of both kinds of threads share: the engine, the log, the exchange of doorbells. */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type LoadedAddon, loadAddon } from '../../native/addon.ts';
import { type Doorbells as Bells, openDoorbells } from '../../native/doorbell.ts';
import { NativeLogStore } from '../../native/native-log-store.ts';
import type { Doorbell } from '../../ring/wake-signal.ts';
import { createLogger, type LogLevel } from '../../telemetry/logger.ts';
import { rateLimitedLogger } from '../../telemetry/rate-limited-logger.ts';
import type { Doorbells, ThreadSeed } from './thread-seed.ts';

export interface Born {
  readonly addon: LoadedAddon;
  readonly store: NativeLogStore;
  readonly logger: Logger;
  readonly senders: readonly Doorbell[];
  readonly workers: readonly Doorbell[];
  /** What the thread does when its bell rings; set it before the host can be called. */
  onRing: (answer: () => void) => void;
}

/** A bell that hangs in another thread. */
export function remoteDoorbell(bells: Bells, id: number): Doorbell {
  return { ring: () => void bells.ring(id) };
}

/** Threads are started only where the addon loads. */
export async function beBorn(seed: ThreadSeed): Promise<Born> {
  const addon = loadAddon();
  const bells = openDoorbells();
  if (!addon || !bells || !parentPort) throw new Error('a broker thread needs the native engine and a parent');
  let answer = (): void => {};
  const doorbell = bells.create(() => answer());
  parentPort.postMessage({ doorbell });
  const [doorbells] = (await once(parentPort, 'message')) as [Doorbells];
  return {
    addon,
    store: new NativeLogStore(addon),
    logger: rateLimitedLogger(createLogger({ level: seed.logLevel as LogLevel }), systemClock),
    senders: doorbells.senders.map((id) => remoteDoorbell(bells, id)),
    workers: doorbells.workers.map((id) => remoteDoorbell(bells, id)),
    onRing: (given) => {
      answer = given;
    },
  };
}
