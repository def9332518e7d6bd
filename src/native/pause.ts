import { loadAddon } from './addon.ts';

/** Puts the calling thread to sleep for so many microseconds, less than a second. Needs the addon, undefined without. */
export function openPause(): ((us: number) => void) | undefined {
  const loaded = loadAddon();
  if (!loaded) return undefined;
  const { addon, exchange } = loaded;
  return (us) => {
    exchange[0] = us;
    addon.pause();
  };
}
