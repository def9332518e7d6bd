/** What the control thread and a cleaner's thread tell each other. Structured-cloned. */
import type { MessagePort } from 'node:worker_threads';
import type { CleanJob, CleanResult } from '../../storage/cleaner/clean-job.ts';
import type { CleanerSettings } from './cleaner-pool.ts';

/** Over the port, the thread sends each CleanedGroup and is answered by true or false. */
export interface CleanerTask {
  readonly job: CleanJob;
  readonly settings: CleanerSettings;
  readonly port: MessagePort;
}

/** Errors lose their kind between threads, so a failure comes as text. */
export type CleanerOutcome = { readonly result: CleanResult } | { readonly failure: string };
