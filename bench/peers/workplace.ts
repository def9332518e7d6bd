/** What every run beside brokers begins and ends with: an empty folder of its own, settled memory, a report that says so. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from '../measure/machine.ts';
import { type SettledMemory, settleMemory } from '../measure/memory.ts';
import { fileName, REPORT_FORMAT, type Report, resultsDir } from '../report/report.ts';
import type { Progress } from './broker-set.ts';

export interface Workplace {
  /** Below the folder that was given: it is emptied before and after. */
  readonly dir: string;
  readonly memory: SettledMemory;
  /** Gives memory and disk back. */
  release(): void;
}

export async function openWorkplace(
  options: { readonly dir: string; readonly keepGib: number },
  name: string,
  progress: Progress,
): Promise<Workplace> {
  const dir = join(options.dir, name);
  const empty = (): void => rmSync(dir, { recursive: true, force: true });
  empty();
  mkdirSync(dir, { recursive: true });
  const memory = await settleMemory(options.keepGib, dir);
  progress(memory.note);
  const release = (): void => {
    memory.release();
    empty();
  };
  return { dir, memory, release };
}

export function newReport(title: string, { dir, memory }: Workplace, notes: readonly string[] = []): Report {
  return {
    format: REPORT_FORMAT,
    title,
    createdAt: new Date().toISOString(),
    machine: describeMachine(dir),
    notes: [memory.note, ...notes],
    runs: [],
  };
}

/** Where the report goes when nobody says where. */
export function reportFolder({ createdAt }: Report, name: string): string {
  return join(resultsDir, fileName(`${createdAt}-${name}`));
}
