/**
 * What an I/O thread asks others by way of the control thread, and is told later: the producers' coordinators, and the
 * owners of partitions where the table does not say enough. Lives on an I/O thread.
 */
import type { AbortedQuestion, AbortedTransaction, EpochEnd } from '../../partition/storage-messages.ts';
import type { FromIo, Port, ToIo, VerifyQuestion } from './io-messages.ts';

type Answer = Extract<ToIo, { type: 'verified' | 'aborted' | 'epochEnd' }>;

export class ControlQuestions {
  readonly #port: Port<FromIo, ToIo>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  constructor(port: Port<FromIo, ToIo>) {
    this.#port = port;
  }

  /** Whether the transactions of a producer may go on. */
  verify(question: VerifyQuestion, onAnswer: (errorCodes: readonly number[]) => void): void {
    const id = this.#ask((answer) => onAnswer((answer as Extract<Answer, { type: 'verified' }>).errorCodes));
    this.#port.post({ type: 'verify', id, ...question });
  }

  readAborted(question: AbortedQuestion): Promise<readonly AbortedTransaction[]> {
    return new Promise((resolve, reject) => {
      const id = this.#ask((answer) => {
        const { aborted } = answer as Extract<Answer, { type: 'aborted' }>;
        if (aborted) resolve(aborted);
        else reject(new Error('the transaction index cannot be read'));
      });
      this.#port.post({ type: 'readAborted', id, question });
    });
  }

  readEpochEnd(row: number, leaderEpoch: number): Promise<EpochEnd> {
    return new Promise((resolve, reject) => {
      const id = this.#ask((answer) => {
        const { end } = answer as Extract<Answer, { type: 'epochEnd' }>;
        if (end) resolve(end);
        else reject(new Error('the leader epochs cannot be read'));
      });
      this.#port.post({ type: 'readEpochEnd', id, row, leaderEpoch });
    });
  }

  answer(message: Answer): void {
    const onAnswer = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    onAnswer?.(message);
  }

  #ask(onAnswer: (answer: Answer) => void): number {
    const id = this.#nextId++;
    this.#waiting.set(id, onAnswer);
    return id;
  }
}
