/** A thread of the background pool: copies and checks files of closed segments. It touches no log. */
import { systemClock } from '../../base/clock.ts';
import { loadAddon } from '../../native/addon.ts';
import { fsFileSpace } from '../../native/fs-file-space.ts';
import { lowerThreadPriority, nameThread } from '../../native/own-thread.ts';
import { type Crc32c, portableCrc32c } from '../../protocol/records/batch-header.ts';
import { backgroundSteps } from '../../storage/background/background-task.ts';
import { runPaced } from '../../storage/background/paced-steps.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { BackgroundOrder, BackgroundOutcome, BackgroundWord } from './background-messages.ts';

const addon = loadAddon()?.addon;
const crc32c: Crc32c = addon ? (bytes, start, end) => addon.crc32c(bytes, start, end) : portableCrc32c;
// Clients are waiting for the other threads, nobody for this one.
lowerThreadPriority();
nameThread('background');

export default async function work({ task, port, ...order }: BackgroundOrder): Promise<BackgroundOutcome> {
  let { bytesPerSecond } = order;
  const abort = new AbortController();
  port.on('message', (word: BackgroundWord) => {
    if ('abort' in word) abort.abort();
    else bytesPerSecond = word.bytesPerSecond;
  });
  // Words are taken in between steps.
  const giveWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  try {
    const steps = backgroundSteps(task, fsFileSpace, crc32c);
    const pace = { clock: systemClock, bytesPerSecond: () => bytesPerSecond, giveWay, signal: abort.signal };
    return { result: await runPaced(steps, pace) };
  } catch (error) {
    const { path, errno } = error instanceof StorageError ? error : { path: '', errno: 0 };
    return { failure: (error as Error).message, path, errno };
  } finally {
    port.close();
  }
}
