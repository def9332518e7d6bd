/**
 * Settles the machine's memory before anything that writes is measured. In a virtual machine the first touch of a page
 * can cost several CPU-seconds per GiB, which would be charged at random to whichever broker touches it; so a separate
 * program takes all memory but `keepGib`, fills the rest with page cache, and holds it while the benchmarks run. What comes
 * free meanwhile (clients that end, files that are deleted) goes back to the host after two seconds or so, so that is
 * made page cache again before each measurement.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildProgram } from '../build.ts';

export interface SettledMemory {
  /** 0 when nothing was held, for example with keepGib 0. */
  heldBytes: number;
  keepGib: number;
  /** One sentence for the report. */
  note: string;
  /** Makes free memory page cache again; to be called before anything that is measured. */
  refill(): Promise<void>;
  release(): void;
}

const BYTES_PER_GIB = 2 ** 30;

export async function settleMemory(keepGib: number, directory: string): Promise<SettledMemory> {
  if (keepGib <= 0) {
    return {
      heldBytes: 0,
      keepGib: 0,
      note: 'Memory was not settled: figures of writing vary with the host.',
      refill: async () => {},
      release: () => {},
    };
  }
  const keepBytes = Math.round(keepGib * BYTES_PER_GIB);
  const child: ChildProcess = spawn(buildProgram('settle'), [`--keep-bytes=${keepBytes}`, `--dir=${directory}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(() => null);
  const lines = createInterface(child.stdout!);
  const settled = async (): Promise<string> => {
    const line = await Promise.race([once(lines, 'line'), exited]);
    if (line === null) throw new Error('Settling memory failed: the settle program ended before it was done.');
    return String(line[0]);
  };
  const told = JSON.parse(await settled()) as { held_bytes: number; available_bytes: number };
  child.unref();
  const gib = (bytes: number) => (bytes / BYTES_PER_GIB).toFixed(1);
  const { held_bytes: heldBytes, available_bytes: availableBytes } = told;
  return {
    heldBytes,
    keepGib,
    note:
      availableBytes < keepBytes
        ? `Memory was short: only ${gib(availableBytes)} GiB were free of the ${keepGib} GiB that the run wants; figures of writing may vary.`
        : `Memory was settled first: ${gib(heldBytes)} GiB held, ${keepGib} GiB left to brokers, clients and page cache, and what was free was made page cache before each work.`,
    refill: async () => {
      child.stdin!.write('\n');
      await settled();
    },
    release: () => child.kill('SIGKILL'),
  };
}
