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

/** Nanoseconds on a processor of all threads that live now: finer than cpuSeconds(), which counts in hundredths. */
function threadNs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    } catch {
      // it has ended meanwhile
    }
  }
  return ns;
}

/** CPU of an idle process over a while, in percent of one core. */
export async function idleCpuPercent(pid: number, seconds: number): Promise<number> {
  const [before, startedMs] = [threadNs(pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (threadNs(pid) - before) / 1e4 / (performance.now() - startedMs);
}
