/**
 * What a failed append says about a partition, turned into what a client must do about its coordinator. Control thread.
 */
import { ErrorCode } from '../../protocol/errors.ts';

/** The code that an error carries; UNKNOWN_SERVER_ERROR when it carries none (a bug, or a foreign error). */
export function errorCodeOf(error: unknown): number {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : ErrorCode.UNKNOWN_SERVER_ERROR;
}

/**
 * A partition's error as its coordinator's clients see it (Kafka: CoordinatorOperationExceptionHelper): they should
 * retry, or look for another coordinator, but never refresh the metadata of a topic that they do not know.
 */
export function coordinatorErrorCode(appendErrorCode: number): number {
  switch (appendErrorCode) {
    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
    case ErrorCode.NOT_ENOUGH_REPLICAS:
    case ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case ErrorCode.REQUEST_TIMED_OUT:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
    case ErrorCode.INVALID_FETCH_SIZE:
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    default:
      return appendErrorCode;
  }
}

/** Whether records of an append that failed so may be in the log all the same: the state must then be read again. */
export function appendOutcomeUnknown(appendErrorCode: number): boolean {
  return (
    appendErrorCode === ErrorCode.REQUEST_TIMED_OUT ||
    appendErrorCode === ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND ||
    appendErrorCode === ErrorCode.UNKNOWN_SERVER_ERROR
  );
}
