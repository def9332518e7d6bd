/**
 * Transactional batches that begin a transaction in their partition (KIP-890): the partition's owner appends nothing until
 * the producer's coordinator has confirmed, or begun, the transaction there. The batches wait here, in their order, and
 * go to their owner again with its guard, or are refused. Lives on an I/O thread.
 *
 *   owner: needs verification -> here -> control thread: coordinator -> here -> owner, with the guard
 *
 * Of one connection one question is under way at a time, and no new frame is taken until all is answered
 * (`ClientState.verifying`): what a later frame brings must not overtake what waits.
 */
import { RecordBatchView } from '../../protocol/records/batch-header.ts';
import type { ClientState } from './client-state.ts';
import type { VerifyQuestion } from './io-messages.ts';
import type { ProduceRequest } from './produce-request.ts';

export interface VerifyingProduce {
  readonly request: ProduceRequest;
  readonly client: ClientState;
}

export interface ProduceVerificationContext<P extends VerifyingProduce> {
  /** Memory that the requests lie in. */
  readonly bytes: Buffer;
  /** Error codes of the partitions, in order. */
  ask(question: VerifyQuestion, onAnswer: (errorCodes: readonly number[]) => void): void;
  /** False when there is no room: it will be tried again. */
  submit(pending: P, at: number, guard: number): boolean;
  refuse(pending: P, at: number, errorCode: number): void;
}

interface Waiting<P> {
  readonly pending: P;
  /** Which of the request's partitions. */
  readonly at: number;
  readonly guard: number;
  readonly topic: string;
}

export class ProduceVerification<P extends VerifyingProduce> {
  readonly #context: ProduceVerificationContext<P>;
  /** Not asked for yet; while a question of the client is under way they stay. */
  readonly #waiting = new Map<ClientState, Waiting<P>[]>();
  readonly #asking = new Set<ClientState>();
  /** Verified, but there was no room to submit them. */
  #verified: Waiting<P>[] = [];

  constructor(context: ProduceVerificationContext<P>) {
    this.#context = context;
  }

  /** The owner wants the batch verified first. */
  add(pending: P, at: number, guard: number): void {
    const { client, request } = pending;
    const topic = request.topics.find(({ endPartition }) => at < endPartition)?.route?.name ?? '';
    client.verifying = true;
    const waiting = this.#waiting.get(client);
    if (waiting) {
      waiting.push({ pending, at, guard, topic });
      return;
    }
    this.#waiting.set(client, [{ pending, at, guard, topic }]);
    // All that one turn brings shares a question.
    if (!this.#asking.has(client)) queueMicrotask(() => this.#ask(client));
  }

  /** There may be room again. */
  retry(): void {
    if (this.#verified.length === 0) return;
    const verified = this.#verified;
    this.#verified = [];
    for (const one of verified) this.#submit(one);
  }

  #ask(client: ClientState): void {
    const waiting = this.#waiting.get(client) ?? [];
    this.#waiting.delete(client);
    if (waiting.length === 0) return;
    const { request } = waiting[0].pending;
    const transactionalId = this.#transactionalId(request);
    const [producerId, producerEpoch] = this.#producer(waiting[0]);
    const isSame = (one: Waiting<P>): boolean => {
      const [id, epoch] = this.#producer(one);
      return (
        id === producerId && epoch === producerEpoch && this.#transactionalId(one.pending.request) === transactionalId
      );
    };
    const asked = waiting.filter(isSame);
    const others = waiting.filter((one) => !isSame(one));
    if (others.length > 0) this.#waiting.set(client, others);
    this.#asking.add(client);
    const question = {
      transactionalId,
      producerId,
      producerEpoch,
      apiVersion: request.version,
      topics: asked.map(({ topic }) => topic),
      partitions: asked.map(({ pending, at }) => pending.request.index[at]),
    };
    this.#context.ask(question, (errorCodes) => {
      this.#asking.delete(client);
      for (const [index, one] of asked.entries()) this.#settle(one, errorCodes[index]);
      this.#ask(client);
    });
  }

  #settle(one: Waiting<P>, errorCode: number): void {
    const { pending, at } = one;
    if (errorCode !== 0 || pending.client.connection.closed) this.#context.refuse(pending, at, errorCode);
    else this.#submit(one);
  }

  #submit(one: Waiting<P>): void {
    // What found no room goes first.
    if (this.#verified.length > 0 || !this.#context.submit(one.pending, one.at, one.guard)) this.#verified.push(one);
  }

  #transactionalId({ transactionalIdAt, transactionalIdBytes }: ProduceRequest): string {
    return this.#context.bytes.toString('utf8', transactionalIdAt, transactionalIdAt + transactionalIdBytes);
  }

  #producer({ pending, at }: Waiting<P>): [producerId: number, producerEpoch: number] {
    const { bytes } = this.#context;
    const { producerId, producerEpoch } = new RecordBatchView(bytes, pending.request.recordsAt[at]);
    return [producerId, producerEpoch];
  }
}
