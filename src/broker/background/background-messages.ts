/** What the control thread and a thread of the background pool tell each other. Structured-cloned. */
import type { MessagePort } from 'node:worker_threads';
import type { BackgroundResult, BackgroundTask } from '../../storage/background/background-task.ts';

/** Over the port, the thread is told of a new rate, or to end. */
export interface BackgroundOrder {
  readonly task: BackgroundTask;
  readonly bytesPerSecond: number;
  readonly port: MessagePort;
}

export type BackgroundWord = { readonly bytesPerSecond: number } | { readonly abort: true };

/** Errors lose their kind between threads. */
export type BackgroundOutcome =
  | { readonly result: BackgroundResult }
  | { readonly failure: string; readonly path: string; readonly errno: number };
