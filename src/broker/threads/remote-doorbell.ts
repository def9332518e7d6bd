import type { Doorbells } from '../../native/doorbell.ts';
import type { Doorbell } from '../../ring/wake-signal.ts';

/** A bell that hangs in another thread. */
export function remoteDoorbell(bells: Doorbells, id: number): Doorbell {
  return { ring: () => void bells.ring(id) };
}
