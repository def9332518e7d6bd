/** A thread of the background pool: copies and checks files of closed segments. It touches no log. */
import { systemClock } from '../../base/clock.ts';
import { giveWay } from '../../base/give-way.ts';
import { fsFileSpace } from '../../native/fs-file-space.ts';
import { openCrc32c } from '../../native/open-crc32c.ts';
import { lowerThreadPriority, nameThread } from '../../native/own-thread.ts';
import { backgroundSteps } from '../../storage/background/background-task.ts';
import { runPaced } from '../../storage/background/paced-steps.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { BackgroundOrder, BackgroundOutcome, BackgroundWord } from './background-messages.ts';

const crc32c = openCrc32c();
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
  try {
    const steps = backgroundSteps(task, fsFileSpace, crc32c);
    // Words are taken in while it gives way.
    const pace = { clock: systemClock, bytesPerSecond: () => bytesPerSecond, giveWay, signal: abort.signal };
    return { result: await runPaced(steps, pace) };
  } catch (error) {
    const { path, errno } = error instanceof StorageError ? error : { path: '', errno: 0 };
    return { failure: (error as Error).message, path, errno };
  } finally {
    port.close();
  }
}
