/**
 * A task for the end of the callback at hand. `queueMicrotask` does the same for several times the price, since node makes
 * an asynchronous resource of each task; a reaction to a settled promise is a plain job of the engine. Any thread.
 *
 * An exception ends the thread, as from any callback.
 */
const SETTLED = Promise.resolve();

export function soon(task: () => void): void {
  void SETTLED.then(task);
}
