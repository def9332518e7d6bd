/**
 * Asks the transaction coordinator about partitions on behalf of what is written to them (KIP-890): older producers have
 * added the partitions themselves, and that is verified; newer ones leave the adding to us. Control thread.
 */
import type { AppendTransaction } from '../coordinator/runtime/coordinator-log.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import type { VerifyQuestion } from './io/io-messages.ts';

/** Versions from which clients know TRANSACTION_ABORTABLE, and from which they leave adding partitions to us. */
interface Versions {
  readonly abortable: number;
  readonly implicit: number;
}

const PRODUCE: Versions = { abortable: 11, implicit: 12 };
const TXN_OFFSET_COMMIT: Versions = { abortable: 4, implicit: 5 };

export class TransactionVerifier {
  readonly #transactions: TransactionCoordinator;
  /** `transaction.partition.verification.enable` */
  readonly #isEnabled: () => boolean;

  constructor(transactions: TransactionCoordinator, isEnabled: () => boolean) {
    this.#transactions = transactions;
    this.#isEnabled = isEnabled;
  }

  /** Error codes for a Produce response, in the order of the partitions. */
  async forProduce(question: VerifyQuestion): Promise<readonly number[]> {
    const { topics, partitions, apiVersion } = question;
    const pairs = topics.map((topic, index) => [topic, partitions[index]] as const);
    const errorCodes = await this.#verify(question, pairs, PRODUCE);
    const isImplicit = apiVersion >= PRODUCE.implicit;
    return errorCodes.map((errorCode) => produceErrorCode(errorCode, isImplicit));
  }

  /** Before offsets are committed in a transaction. Rejects with a KafkaError. */
  async forOffsets(
    topic: string,
    partition: number,
    transaction: AppendTransaction,
    apiVersion: number,
  ): Promise<void> {
    if (!this.#isEnabled() && apiVersion < TXN_OFFSET_COMMIT.implicit) return;
    const [errorCode] = await this.#verify({ ...transaction, apiVersion }, [[topic, partition]], TXN_OFFSET_COMMIT);
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(errorCode);
  }

  async #verify(
    { transactionalId, producerId, producerEpoch, apiVersion }: AppendTransaction & { readonly apiVersion: number },
    partitions: readonly (readonly [topic: string, partition: number])[],
    versions: Versions,
  ): Promise<number[]> {
    const producer = { producerId, producerEpoch };
    const inWords = (errorCode: number): number => {
      // Producers expect this one when they have been fenced.
      if (errorCode === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH;
      const isUnknown = errorCode === ErrorCode.TRANSACTION_ABORTABLE && apiVersion < versions.abortable;
      return isUnknown ? ErrorCode.INVALID_TXN_STATE : errorCode;
    };
    if (apiVersion < versions.implicit) {
      const errorCodes = await this.#transactions.verifyPartitions(transactionalId, producer, partitions);
      return errorCodes.map(inWords);
    }
    const byTopic = new Map<string, Set<number>>();
    for (const [topic, partition] of partitions) {
      const indexes = byTopic.get(topic);
      if (indexes) indexes.add(partition);
      else byTopic.set(topic, new Set([partition]));
    }
    const errorCode = inWords(await this.#transactions.addToTransaction(transactionalId, producer, byTopic));
    return partitions.map(() => errorCode);
  }
}

/** What passes becomes an error that makes producers try again without asking for metadata. */
function produceErrorCode(errorCode: number, isImplicit: boolean): number {
  switch (errorCode) {
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      return isImplicit ? errorCode : ErrorCode.NOT_ENOUGH_REPLICAS;
    case ErrorCode.NETWORK_EXCEPTION:
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.NOT_COORDINATOR:
      return ErrorCode.NOT_ENOUGH_REPLICAS;
    default:
      return errorCode;
  }
}
