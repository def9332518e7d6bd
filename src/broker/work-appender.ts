/**
 * Appends of the control thread (coordinators, transaction markers): the same rings and arena as an I/O thread has, with
 * promises. Control thread.
 */

import { Completion, CompletionOp, WorkOp } from '../partition/work-descriptors.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import type { SharedArena } from '../ring/shared-arena.ts';
import type { InboxSource } from './control-inbox.ts';
import type { WorkerLink } from './io/worker-links.ts';

const DURABLE = -1;

export interface Appended {
  readonly baseOffset: number;
}

interface UnderWay {
  readonly block: number;
  resolve(appended: Appended): void;
  reject(error: Error): void;
}

interface Queued {
  readonly row: number;
  readonly batch: Uint8Array;
  readonly transaction: number;
  resolve(appended: Appended): void;
  reject(error: Error): void;
}

export class WorkAppender implements InboxSource {
  readonly #links: readonly WorkerLink[];
  readonly #arena: SharedArena;
  readonly #underWay = new Map<number, UnderWay>();
  /** Appends that found no room; in order. */
  #queue: Queued[] = [];
  #nextToken = 0;

  constructor(links: readonly WorkerLink[], arena: SharedArena) {
    this.#links = links;
    this.#arena = arena;
  }

  /**
   * Appends one whole record batch; resolves when it is durable, rejects with a KafkaError. `transaction`: see
   * `Work.transaction`.
   */
  append(row: number, batch: Uint8Array, transaction = 0): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const queued = { row, batch, transaction, resolve, reject };
      if (batch.length > this.#arena.blockBytesMax) reject(new KafkaError(ErrorCode.RECORD_LIST_TOO_LARGE));
      else if (this.#queue.length > 0 || !this.#submit(queued)) this.#queue.push(queued);
    });
  }

  /** The partition in that row is about to be deleted: what waits for room must not meet the row's next one. */
  refuse(row: number): void {
    if (this.#queue.length === 0) return;
    const refused = this.#queue.filter((queued) => queued.row === row);
    this.#queue = this.#queue.filter((queued) => queued.row !== row);
    for (const { reject } of refused) reject(new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER));
  }

  get hasMore(): boolean {
    return this.#links.some((link) => link.completions.peek() >= 0);
  }

  /** Takes in completions. */
  take(): void {
    for (const link of this.#links) this.#drainLink(link);
    while (this.#queue.length > 0 && this.#submit(this.#queue[0])) this.#queue.shift();
  }

  #submit({ row, batch, transaction, resolve, reject }: Queued): boolean {
    const link = this.#links[row % this.#links.length];
    if (!link.hasRoomFor(1)) return false;
    const block = this.#arena.allocate(batch.length);
    if (block < 0) return false;
    this.#arena.bytes.set(batch, block);
    const token = this.#nextToken++;
    this.#underWay.set(token, { block, resolve, reject });
    link.push(WorkOp.appendInternal, token, row, block, batch.length, DURABLE, 0, transaction);
    link.publish();
    return true;
  }

  #drainLink(link: WorkerLink): void {
    const { completions } = link;
    let handled = 0;
    for (let at = completions.peek(); at >= 0; at = completions.peek()) {
      if (completions.slots[at + Completion.op] === CompletionOp.done) this.#complete(link, completions.slots, at);
      completions.advance();
      handled++;
    }
    if (handled > 0) completions.release();
  }

  #complete(link: WorkerLink, slots: Float64Array, at: number): void {
    const token = slots[at + Completion.token];
    const errorCode = slots[at + Completion.errorCode];
    const baseOffset = slots[at + Completion.baseOffset];
    const { block, resolve, reject } = this.#underWay.get(token)!;
    this.#underWay.delete(token);
    this.#arena.free(block);
    link.underWay--;
    if (errorCode === ErrorCode.NONE) resolve({ baseOffset });
    else reject(new KafkaError(errorCode));
  }
}
