import { loadAddon } from './addon.ts';
import type { OutputHandle } from './socket-output.ts';

/**
 * Receiving on the sockets of outputs (`socket-output.ts`). While inputs are open, their thread waits for sockets and for
 * node's event loop in one place, and what only sockets bring does not go through node's loop: each read is one call of
 * a reader, and microtasks run once for all that was ready together.
 *
 * Thread: the one that opened it. Needs the addon; elsewhere there is none.
 */
export interface InputReader {
  /**
   * `count` bytes have been read: into the place that was named last, or the scratch; 0: the peer sends no more; negative: an
   * errno. False: reads no more until `resume`.
   */
  received(count: number): boolean;
  /** Place in the memory for the next read, and its length; length 0: the scratch. */
  readonly nextReadAt: number;
  readonly nextReadBytes: number;
}

export type InputHandle = number;

export interface SocketInput {
  /** Reads nothing before `resume`. To be detached before the output is. */
  attach(output: OutputHandle, reader: InputReader): InputHandle;
  /** Reads (on), from now on where the reader says. False when the system refuses to watch the socket. */
  resume(input: InputHandle): boolean;
  /**
   * The next bytes of the input are in no hurry: they are read beside what others bring, after `ms` at the latest (and up to
   * a millisecond more). Ignored where that has lately gained nothing. Ends with the next read.
   */
  defer(input: InputHandle, ms: number): void;
  detach(input: InputHandle): void;
  /** Runs a task when all that is ready has been handled; false when no input is being handled. */
  afterPass(task: () => void): boolean;
}

const Reply = { pause: 1, into: 2, callAfterPass: 4 } as const;
/** In the place of an input: a pass is over. */
const PASS = -1;

/** For the inputs of this thread, once. They read into `memory`, which begins with the scratch. Undefined without the addon. */
export function openSocketInput(memory: Uint8Array, scratchBytes: number): SocketInput | undefined {
  const loaded = loadAddon();
  if (!loaded) return undefined;
  const { addon, exchange } = loaded;
  const readers: (InputReader | undefined)[] = [];
  let tasks: (() => void)[] = [];
  let receiving = false;
  const endPass = (): number => {
    const due = tasks;
    tasks = [];
    for (const task of due) task();
    return 0;
  };
  const receive = (input: number, count: number): number => {
    if (input === PASS) return endPass();
    const reader = readers[input];
    if (reader === undefined) return Reply.pause;
    receiving = true;
    let reply = reader.received(count) ? 0 : Reply.pause;
    receiving = false;
    const sizeBytes = reader.nextReadBytes;
    if (sizeBytes > 0) {
      exchange[0] = reader.nextReadAt;
      exchange[1] = sizeBytes;
      reply |= Reply.into;
    }
    return tasks.length > 0 ? reply | Reply.callAfterPass : reply;
  };
  addon.openInlet(receive, memory, scratchBytes);
  return {
    attach(output, reader) {
      const input = addon.attachInput(output);
      readers[input] = reader;
      return input;
    },
    resume(input) {
      const reader = readers[input];
      return reader !== undefined && addon.resumeInput(input, reader.nextReadAt, reader.nextReadBytes);
    },
    defer(input, ms) {
      addon.deferInput(input, ms);
    },
    detach(input) {
      readers[input] = undefined;
      addon.detachInput(input);
    },
    afterPass(task) {
      if (receiving) tasks.push(task);
      return receiving;
    },
  };
}
