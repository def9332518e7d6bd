/** What DescribeTransactions and ListTransactions tell of transactional ids. Control thread. */
import { RE2JS } from 're2js';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { DescribeTransactionsResponse } from '../../protocol/messages/65-describe-transactions.ts';
import type {
  ListTransactionsRequest,
  ListTransactionsResponse,
} from '../../protocol/messages/66-list-transactions.ts';
import { stateName, stateOfName, type TransactionMetadata, type TransactionState } from './transaction-metadata.ts';

export type DescribedTransaction = DescribeTransactionsResponse['transactionStates'][number];
export type ListedTransaction = ListTransactionsResponse['transactionStates'][number];

export function describeTransaction(
  transactionalId: string,
  metadata: TransactionMetadata | undefined,
): DescribedTransaction {
  if (!metadata) return noTransaction(transactionalId, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND);
  return {
    errorCode: ErrorCode.NONE,
    transactionalId,
    transactionState: stateName(metadata.state),
    transactionTimeoutMs: metadata.timeoutMs,
    transactionStartTimeMs: metadata.startTimestampMs,
    producerId: metadata.producerId,
    producerEpoch: metadata.producerEpoch,
    topics: [...metadata.partitions].map(([topic, partitions]) => ({ topic, partitions: [...partitions] })),
  };
}

export function noTransaction(transactionalId: string, errorCode: number): DescribedTransaction {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}

/** The filters of a ListTransactions request, read once for all partitions. */
export class TransactionFilter {
  readonly unknownStates: string[] = [];
  readonly #states: Set<TransactionState> | null;
  readonly #producerIds: Set<number> | null;
  readonly #durationMs: number;
  readonly #pattern: RE2JS | null;

  /** Throws a KafkaError for a pattern that is none. The pattern has RE2's syntax and must match the whole id. */
  constructor(request: ListTransactionsRequest) {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
    this.#producerIds = producerIdFilters.length > 0 ? new Set(producerIdFilters) : null;
    this.#durationMs = durationFilter;
    this.#states = stateFilters.length > 0 ? new Set() : null;
    for (const name of stateFilters) {
      const state = stateOfName(name);
      if (state === undefined) this.unknownStates.push(name);
      else this.#states?.add(state);
    }
    try {
      this.#pattern = transactionalIdPattern ? RE2JS.compile(transactionalIdPattern) : null;
    } catch (error) {
      throw new KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, (error as Error).message);
    }
  }

  matches(transactionalId: string, metadata: TransactionMetadata, nowMs: number): boolean {
    if (this.#producerIds && !this.#producerIds.has(metadata.producerId)) return false;
    if (this.#states && !this.#states.has(metadata.state)) return false;
    if (this.#durationMs >= 0 && nowMs - metadata.startTimestampMs <= this.#durationMs) return false;
    return this.#pattern === null || this.#pattern.matches(transactionalId);
  }
}
