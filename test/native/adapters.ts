import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsFileSpace } from '../../src/native/fs-file-space.ts';
import type { LogStore } from '../../src/native/log-store.ts';
import { MemoryFileSpace } from '../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../src/native/segmented-log-store.ts';

/** The adapters of the storage port that can be loaded here; a suite runs once for each. */

export interface Adapter {
  readonly name: string;
  /** A store and an empty folder of its own. */
  open(): { readonly store: LogStore; readonly folder: string; dispose(): void };
}

function onDisk(name: string, make: () => LogStore): Adapter {
  return {
    name,
    open() {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-store-'));
      return { store: make(), folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
    },
  };
}

interface NativeModule {
  readonly openNativeLogStore?: () => LogStore | undefined;
  readonly NativeLogStore?: new () => LogStore;
}

/** The C++ adapter, when it is built on this machine. */
async function nativeAdapter(): Promise<Adapter[]> {
  const path = new URL('../../src/native/native-log-store.ts', import.meta.url).href;
  try {
    const module = (await import(path)) as NativeModule;
    const make = (): LogStore => {
      const store = module.openNativeLogStore ? module.openNativeLogStore() : new module.NativeLogStore!();
      if (!store) throw new Error('the addon is not there');
      return store;
    };
    make();
    return [onDisk('native', make)];
  } catch {
    return [];
  }
}

export const adapters: readonly Adapter[] = [
  {
    name: 'memory',
    open: () => ({
      store: new SegmentedLogStore(new MemoryFileSpace(() => 1_700_000_000_000)),
      folder: '/data',
      dispose: () => {},
    }),
  },
  onDisk('portable', () => new SegmentedLogStore(fsFileSpace)),
  ...(await nativeAdapter()),
];

/** Codecs that a store can judge here: the addon takes zlib and zstd from the process or the system. */
export function codecsOf(store: LogStore): number[] {
  return [1, 2, 3, 4].filter((codec) => store.codecAvailable(codec));
}
