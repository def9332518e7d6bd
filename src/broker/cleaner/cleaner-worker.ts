/** A cleaner's thread: reads, hashes and rewrites closed segments. It touches no log; the logs' owners swap. */
import { once } from 'node:events';
import { systemClock } from '../../base/clock.ts';
import { fsFileSpace } from '../../native/fs-file-space.ts';
import { openCrc32c } from '../../native/open-crc32c.ts';
import { lowerThreadPriority, nameThread } from '../../native/own-thread.ts';
import { runCleanJob } from '../../storage/cleaner/run-clean-job.ts';
import type { CleanerOutcome, CleanerTask } from './cleaner-task.ts';

const crc32c = openCrc32c();
// Clients are waiting for the other threads, nobody for this one.
lowerThreadPriority();
nameThread('cleaner');

export default async function clean({ job, settings, port }: CleanerTask): Promise<CleanerOutcome> {
  const { mapBytesMax, mapLoad, bufferBytes, bytesPerSecond } = settings;
  const context = { files: fsFileSpace, crc32c, mapBytesMax, mapLoad, bufferBytes };
  try {
    const result = await runCleanJob(job, context, { clock: systemClock, bytesPerSecond }, async (group) => {
      port.postMessage(group);
      const [isInPlace] = (await once(port, 'message')) as [boolean];
      return isInPlace;
    });
    return { result };
  } catch (error) {
    return { failure: (error as Error).message };
  } finally {
    port.close();
  }
}
