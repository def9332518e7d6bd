/**
 * A benchmark that is interrupted must leave nothing behind: no broker, no generator, no file. What has to be ended or
 * removed registers for the process's `exit` event, and signals lead to a proper exit, because only that has the event.
 * Main thread of a benchmark command.
 */
import { constants } from 'node:os';

let watching = false;

/** Makes the process exit on SIGINT, SIGTERM and SIGHUP, with the code that a shell gives for the signal. */
function exitOnSignals(): void {
  if (watching) return;
  watching = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Runs `clean` when the process exits before `done` was called. */
export function onEarlyExit(clean: () => void): { done(): void } {
  exitOnSignals();
  process.once('exit', clean);
  return { done: () => void process.off('exit', clean) };
}
