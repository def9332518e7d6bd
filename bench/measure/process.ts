/** What a process has used and holds, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, on every Linux that Node runs on

/** Seconds of CPU that a process has used. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Bytes that a process holds in memory. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/**
 * Nanoseconds on a processor of the threads that live now, by their names (those of one name together): finer than
 * cpuSeconds(), which counts in hundredths.
 */
export function threadNs(pid: number): Map<string, number> {
  const byName = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      const name = readFileSync(`${folder}/comm`, 'utf8').trim();
      const ns = Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]);
      byName.set(name, (byName.get(name) ?? 0) + ns);
    } catch {
      // it has ended meanwhile
    }
  }
  return byName;
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** CPU of an idle process over a while, in percent of one core. */
export async function idleCpuPercent(pid: number, seconds: number): Promise<number> {
  const [before, startedMs] = [sum(threadNs(pid).values()), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (sum(threadNs(pid).values()) - before) / 1e4 / (performance.now() - startedMs);
}
