/**
 * The workers that broker threads run in. Half of a start is loading code, once for the main thread and once for a broker
 * thread, so a process that is going to be a broker begins with a thread (`startEarly`) and loads its own code meanwhile.
 * Main thread.
 */
import { Worker } from 'node:worker_threads';
import { moduleExtension } from '../../base/package-root.ts';

/** Young generation of a thread's heap: small, since the hot paths make next to no garbage. */
const YOUNG_GENERATION_MB = 8;

let early: Worker | undefined;

function newWorker(): Worker {
  return new Worker(new URL(`./broker-thread.${moduleExtension}`, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
}

/** Begins one worker. It waits for its seed, and keeps the process from ending only once it is taken. */
export function startEarly(): void {
  // Whoever starts another one instead is told why that fails.
  try {
    const worker = newWorker();
    worker.unref();
    worker.once('error', () => {
      if (early === worker) early = undefined;
    });
    early = worker;
  } catch {}
}

/** The worker that began early, the first time, or a new one. It waits for its seed as a message. */
export function takeWorker(): Worker {
  const worker = early ?? newWorker();
  early = undefined;
  worker.ref();
  return worker;
}

/** Ends the worker that began early where no broker thread is wanted. */
export function dropEarly(): void {
  void early?.terminate();
  early = undefined;
}
