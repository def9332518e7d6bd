import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../base/package-root.ts';

/**
 * The only loader of the C++ addon, and its functions as they are (the adapters beside this file give them their ports'
 * shapes). Small numbers go through `exchange`: arguments in its first places, results from place 0 on, because typed
 * array elements cost a tenth of what Node-API values do. So a call must have read its results before another is made.
 *
 * Thread: any; each has its own environment, exchange and callbacks, while handles are good in the whole process.
 */
export interface Addon {
  attach(exchange: Float64Array): void;

  crc32c(bytes: Uint8Array, start: number, end: number): number;
  registerMemory(bytes: Uint8Array): number;
  releaseMemory(id: number): void;
  codecAvailable(codec: number): boolean;
  validate(): number;
  openLog(folder: string): number;
  setOptions(): number;
  closeLog(): number;
  segments(): number[];
  state(): number;
  roll(): number;
  remove(): number;
  replace(baseOffsets: Float64Array): number;
  truncate(): number;
  reset(): number;
  append(list: Float64Array): number;
  planRead(): number;
  setDamage(ranges: Float64Array): number;
  readPlanned(target: Uint8Array): number;
  release(): void;
  readHeaders(out: Float64Array): number;
  positionOf(): number;
  positionOfTimestamp(): number;
  readAt(target: Uint8Array): number;
  rebuild(): number;
  /** `receive` gets how many there are; token, result, token, result ... stand in the exchange. */
  onSynced(receive: (count: number) => void): void;
  setInlineSyncMax(): void;
  askSync(): number;
  /** 1: all are done already, and are not told. */
  beginSyncs(): number;
  finishIndexes(): number;
  syncNow(): number;

  /** The same: output, result, output, result ... */
  openOutlet(receive: (count: number) => void): void;
  attachOutput(descriptor: number): number;
  send(output: number, parts: Float64Array, count: number): number;
  outputPendingBytes(output: number): number;
  endOutput(output: number): number;
  detachOutput(output: number): void;
  unpaceSocket(descriptor: number): void;

  /** The scratch is the beginning of `memory`; what `receive` answers: `socket-input.ts`. */
  openInlet(receive: (input: number, count: number) => number, memory: Uint8Array, scratchBytes: number): void;
  attachInput(output: number): number;
  resumeInput(input: number, at: number, sizeBytes: number): boolean;
  deferInput(input: number, ms: number): void;
  detachInput(input: number): void;

  createDoorbell(ringing: () => void): number;
  ring(bell: number): boolean;
  closeDoorbell(bell: number): void;

  trimProcess(): void;
  pause(): void;
  lowerPriority(): void;
  nameThread(name: string): void;
  lockFile(path: string): number;
  tellsFailedWrites(descriptor: number): boolean;
  syncFileSystem(descriptor: number): number;
  unwrittenBytes(): number;
}

export interface LoadedAddon {
  readonly addon: Addon;
  readonly exchange: Float64Array;
}

/** As EXCHANGE_DOUBLES in native-bindings/src/environment.h. */
const EXCHANGE_DOUBLES = 64;

let loaded: LoadedAddon | null | undefined;
let reason = '';

/** The addon's file: its own place, or what MILLRACE_NATIVE says. */
export function addonPath(): string {
  const name = `millrace-${process.platform}-${process.arch}.node`;
  return process.env.MILLRACE_NATIVE ?? join(packageRoot, 'native-bindings/build', name);
}

/** The addon in this thread; null when it is not built for this machine or does not load (`addonMissingReason` says why). */
export function loadAddon(): LoadedAddon | null {
  if (loaded !== undefined) return loaded;
  const path = addonPath();
  if (process.env.MILLRACE_NATIVE === 'off') reason = 'MILLRACE_NATIVE=off';
  else if (!existsSync(path))
    reason = `${path} is not there; "npm run build" in a clone, or "npm rebuild millrace" where the package is installed, makes it with a C++ compiler`;
  else
    try {
      const addon = createRequire(import.meta.url)(path) as Addon;
      const exchange = new Float64Array(EXCHANGE_DOUBLES);
      addon.attach(exchange);
      loaded = { addon, exchange };
      return loaded;
    } catch (error) {
      reason = `${path} does not load: ${(error as Error).message}`;
    }
  loaded = null;
  return loaded;
}

/** Why `loadAddon` gave null. */
export function addonMissingReason(): string {
  return reason;
}
