/** What was measured on: printed in every report, because a figure without its machine says nothing. */
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  virtual: boolean;
  node: string;
  dataDirectory: string;
  diskFreeGib: number;
  /** Of the minute before: what others did here. */
  loadAverage?: number;
}

/** As this program began: later it is our own. */
const loadBefore = Math.round(loadavg()[0]! * 100) / 100;

function isVirtual(): boolean {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

export function describeMachine(dataDirectory: string): Machine {
  const all = cpus();
  const disk = statfsSync(dataDirectory);
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: `${process.platform} ${release()} ${process.arch}`,
    virtual: isVirtual(),
    node: process.version,
    dataDirectory,
    diskFreeGib: Math.round((disk.bavail * disk.bsize) / 2 ** 30),
    loadAverage: loadBefore,
  };
}
