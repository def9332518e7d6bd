/**
 * The pair of rings between one sender of work (an I/O thread, or the control thread's coordinators) and one storage
 * worker. What is under way is counted and bounded, so that the completion ring can never overflow.
 */

import { Work } from '../../partition/work-descriptors.ts';
import { RingConsumer, RingProducer } from '../../ring/descriptor-ring.ts';
import type { WakeCaller } from '../../ring/wake-signal.ts';

export interface WorkerLinkMemory {
  /** Ring to the worker and ring back; of equal capacity. */
  readonly work: SharedArrayBuffer;
  readonly completions: SharedArrayBuffer;
}

/** Half of a completion ring is for work, the other half for notices of changed rows. */
export class WorkerLink {
  readonly completions: RingConsumer;
  readonly #work: RingProducer;
  readonly #caller: WakeCaller;
  readonly #underWayMax: number;
  underWay = 0;

  constructor(memory: WorkerLinkMemory, caller: WakeCaller) {
    this.#work = new RingProducer(memory.work);
    this.completions = new RingConsumer(memory.completions);
    this.#caller = caller;
    this.#underWayMax = this.#work.capacity / 2;
  }

  /** Most items that can be under way. */
  get capacity(): number {
    return this.#underWayMax;
  }

  hasRoomFor(count: number): boolean {
    return this.underWay + count <= this.#underWayMax && this.#work.free >= count;
  }

  /** Call only after `hasRoomFor`. */
  push(
    op: number,
    token: number,
    row: number,
    offset: number,
    sizeBytes: number,
    acks: number,
    version: number,
    transaction: number,
  ): void {
    const at = this.#work.reserve();
    const slots = this.#work.slots;
    slots[at + Work.op] = op;
    slots[at + Work.token] = token;
    slots[at + Work.row] = row;
    slots[at + Work.offset] = offset;
    slots[at + Work.sizeBytes] = sizeBytes;
    slots[at + Work.acks] = acks;
    slots[at + Work.apiVersion] = version;
    slots[at + Work.transaction] = transaction;
    this.underWay++;
  }

  /** Shows the worker everything pushed, waking it when it sleeps. */
  publish(): void {
    if (this.#work.publish()) this.#caller.call();
  }
}
