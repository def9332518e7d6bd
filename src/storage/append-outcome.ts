import { ErrorCode } from '../protocol/errors.ts';

/** Why one record of a batch was refused. */
export interface RecordError {
  readonly index: number;
  readonly message: string;
}

const NO_RECORD_ERRORS: readonly RecordError[] = [];

/** Errors behind which Kafka does not tell where the log starts. */
const WITHOUT_LOG_START: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
]);

/**
 * What became of a batch. The caller owns it, may reuse it, and hands it to `Log.stage`; it is final when `isPending`
 * is false, at the latest after `Log.write`.
 */
export class AppendOutcome {
  isPending = false;
  errorCode: ErrorCode = ErrorCode.NONE;
  /** -1 on errors. */
  baseOffset = -1;
  lastOffset = -1;
  /** -1 unless the topic stamps records with the time of their append; of a duplicate, the greatest timestamp stored. */
  logAppendTimeMs = -1;
  /** -1 on some errors. */
  logStartOffset = -1;
  /** The batch repeated one that the log has already. */
  isDuplicate = false;
  /**
   * > 0: nothing was appended, because the producer's coordinator must first confirm the transaction; the batch may then
   * be staged again with this guard.
   */
  verificationGuard = 0;
  message: string | null = null;
  recordErrors: readonly RecordError[] = NO_RECORD_ERRORS;

  reset(logStartOffset: number): void {
    this.isPending = false;
    this.errorCode = ErrorCode.NONE;
    this.baseOffset = -1;
    this.lastOffset = -1;
    this.logAppendTimeMs = -1;
    this.logStartOffset = logStartOffset;
    this.isDuplicate = false;
    this.verificationGuard = 0;
    this.message = null;
    this.recordErrors = NO_RECORD_ERRORS;
  }

  fail(errorCode: ErrorCode, message: string | null, recordErrors: readonly RecordError[] = NO_RECORD_ERRORS): void {
    this.isPending = false;
    this.errorCode = errorCode;
    this.baseOffset = -1;
    this.lastOffset = -1;
    this.logAppendTimeMs = -1;
    if (WITHOUT_LOG_START.has(errorCode)) this.logStartOffset = -1;
    this.message = message;
    this.recordErrors = recordErrors;
  }
}
