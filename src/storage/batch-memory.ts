import type { LogStore, MemoryId } from '../native/log-store.ts';

/** Memory that batches are appended from: known to the store by its id, and readable here. */
export interface BatchMemory {
  readonly id: MemoryId;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Registers memory that must stay where it is until `store.releaseMemory(id)`. */
export function registerBatchMemory(store: LogStore, bytes: Uint8Array): BatchMemory {
  return adoptBatchMemory(store.registerMemory(bytes), bytes);
}

/** Memory that is registered already, maybe by another thread. */
export function adoptBatchMemory(id: MemoryId, bytes: Uint8Array): BatchMemory {
  return { id, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
