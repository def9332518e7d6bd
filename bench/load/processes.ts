/** Finds the processes of a broker: a given one and all that it started. Linux only; elsewhere just the given one. */
import { readdirSync, readFileSync } from 'node:fs';

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
}

/** `pid` and its descendants; empty when it does not run. */
export function processTree(pid: number): number[] {
  let all: number[];
  try {
    all = readdirSync('/proc')
      .map(Number)
      .filter((id) => id > 0);
  } catch {
    return [pid];
  }
  if (!all.includes(pid)) return [];
  const parents = new Map(all.map((id) => [id, parentOf(id)]));
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    for (const [id, parent] of parents) if (parent === found[i] && !found.includes(id)) found.push(id);
  }
  return found;
}
