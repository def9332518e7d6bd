import { loadAddon } from './addon.ts';
import type { MemoryId } from './log-store.ts';

/**
 * Sending on the descriptor of an accepted socket: memory and ranges of segment files, in order, file bytes
 * without passing through the process. What the socket does not take at once is queued, and a native thread goes on with
 * it, so the calling thread never waits.
 *
 * An output holds a duplicate of the descriptor, so whoever accepted the socket may close its own at once; the connection ends
 * when both are closed. Inputs (`socket-input.ts`) read from the same duplicate. While an output is attached, nothing else
 * may write to the socket.
 *
 * Thread: the one that opened it. Needs the addon; elsewhere there is none.
 */

export const OutputPartKind = { memory: 0, file: 1 } as const;

/** Doubles per part, and their places. */
export const OutputPartSlot = {
  kind: 0,
  /** memory: its MemoryId. file: the handle of a plan. */
  source: 1,
  /** memory: offset. file: position. */
  position: 2,
  sizeBytes: 3,
  /** file: 0 when the bytes may have to be read from the disk; then a native thread does that first. */
  cached: 4,
} as const;
export const OUTPUT_PART_STRIDE = 5;

export type OutputHandle = number;

/** 0: everything queued has been sent. Negative errno: the connection or a file failed, and what was queued is dropped. */
export type OnOutputSettled = (result: number) => void;

export interface SocketOutput {
  /** Returns a handle or a negative errno. `settled` is called later whenever a queue has come to its end. */
  attach(descriptor: number, settled: OnOutputSettled): OutputHandle;
  /**
   * Sends `count` parts behind what is queued. Memory may be used again when it returns; the hold of each file part is
   * taken over and given back when its bytes have left or will not leave any more. Returns the bytes sent at once (all:
   * nothing is queued), or a negative errno, after which the connection is to be closed.
   */
  send(output: OutputHandle, parts: Float64Array, count: number): number;
  /** Bytes queued. */
  pendingBytes(output: OutputHandle): number;
  /** Tells the peer that nothing follows; when nothing is queued. What the peer sends can still be read. */
  end(output: OutputHandle): void;
  /**
   * Congestion control `reno` for the socket of any descriptor, which sends as soon as the receiver has room; the system's may set
   * timers (BBR). Where that is refused, the socket stays as it is.
   */
  unpace(descriptor: number): void;
  /** Drops what is queued. */
  detach(output: OutputHandle): void;
}

let opened: SocketOutput | undefined;

/** The outputs of this thread; undefined without the addon. */
export function openSocketOutput(): SocketOutput | undefined {
  if (opened) return opened;
  const loaded = loadAddon();
  if (!loaded) return undefined;
  const { addon, exchange } = loaded;
  const listeners = new Map<OutputHandle, OnOutputSettled>();
  addon.openOutlet((count) => {
    // What is called here makes calls of its own.
    const deliveries = exchange.slice(0, count * 2);
    for (let at = 0; at < deliveries.length; at += 2) {
      const output = deliveries[at];
      const result = deliveries[at + 1];
      // More may have been queued since; then its own end is still to come.
      if (result === 0 && listeners.has(output) && addon.outputPendingBytes(output) > 0) continue;
      listeners.get(output)?.(result);
    }
  });
  opened = {
    attach(descriptor, settled) {
      const output = addon.attachOutput(descriptor);
      if (output > 0) listeners.set(output, settled);
      return output;
    },
    send: addon.send,
    pendingBytes: addon.outputPendingBytes,
    end: addon.endOutput,
    unpace: addon.unpaceSocket,
    detach(output) {
      listeners.delete(output);
      addon.detachOutput(output);
    },
  };
  return opened;
}

/** Writes a memory part at place `at` (a part's number). */
export function setMemoryPart(
  parts: Float64Array,
  at: number,
  memory: MemoryId,
  offset: number,
  sizeBytes: number,
): void {
  const slot = at * OUTPUT_PART_STRIDE;
  parts[slot] = OutputPartKind.memory;
  parts[slot + OutputPartSlot.source] = memory;
  parts[slot + OutputPartSlot.position] = offset;
  parts[slot + OutputPartSlot.sizeBytes] = sizeBytes;
}

/** Writes a file part at place `at` (a part's number). */
export function setFilePart(
  parts: Float64Array,
  at: number,
  file: number,
  position: number,
  sizeBytes: number,
  cached: boolean,
): void {
  const slot = at * OUTPUT_PART_STRIDE;
  parts[slot] = OutputPartKind.file;
  parts[slot + OutputPartSlot.source] = file;
  parts[slot + OutputPartSlot.position] = position;
  parts[slot + OutputPartSlot.sizeBytes] = sizeBytes;
  parts[slot + OutputPartSlot.cached] = cached ? 1 : 0;
}
