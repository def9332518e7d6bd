/** Resolves when whatever else is ready on this thread has had its turn: between the steps of long work. Any thread. */
export function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
