import type { LogConfig } from '../config/topic-config.ts';
import { BatchFault, BatchSlot, type LogStore, type ValidationPolicy } from '../native/log-store.ts';
import { ErrorCode } from '../protocol/errors.ts';
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_OVERHEAD_BYTES,
  BATCH_MAGIC,
  BatchAttribute,
  BatchHeaderAt,
  NO_TIMESTAMP,
  RecordBatchView,
} from '../protocol/records/batch-header.ts';
import { RecordReader } from '../protocol/records/record-reader.ts';
import { AppendOrigin } from './append-origin.ts';
import type { AppendOutcome, RecordError } from './append-outcome.ts';
import type { BatchMemory } from './batch-memory.ts';
import { RefusalText } from './refusal-text.ts';

/**
 * What a leader checks of a batch before it gets offsets, in Kafka's order (UnifiedLog.analyzeAndValidateRecords,
 * LogValidator). The records themselves are walked once, in the storage engine; only a batch that is to be refused for
 * some of its records is walked again here, to name them.
 *
 * Thread: the log's owner.
 */

/** Smallest thing that is a second batch rather than the torn rest of something: offset, length, epoch, magic. */
const SECOND_BATCH_BYTES_MIN = 17;

/** Record errors that are named in one answer. */
const RECORD_ERRORS_MAX = 1000;

/** Size of the batch whose bytes start at `offset`, or a negative error. Fails `outcome` where the envelope is wrong. */
function checkEnvelope(memory: BatchMemory, offset: number, sizeBytes: number, outcome: AppendOutcome): number {
  const { view } = memory;
  if (sizeBytes < BATCH_HEADER_BYTES) return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.noBatch);
  const batchBytes = view.getInt32(offset + BatchHeaderAt.length) + BATCH_LENGTH_OVERHEAD_BYTES;
  if (batchBytes > sizeBytes) return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.noBatch);
  const magic = view.getInt8(offset + BatchHeaderAt.magic);
  if (magic !== BATCH_MAGIC) {
    // No CRC covers it. What never was a format is damage, and clients send the batch again.
    const isOld = magic === 0 || magic === 1;
    const errorCode = isOld ? ErrorCode.INVALID_RECORD : ErrorCode.CORRUPT_MESSAGE;
    return refuse(outcome, errorCode, `record batches of magic ${magic}; 2 is wanted`);
  }
  if (batchBytes < BATCH_HEADER_BYTES)
    return refuse(outcome, ErrorCode.CORRUPT_MESSAGE, `a batch of ${batchBytes} bytes is shorter than its header`);
  const rest = sizeBytes - batchBytes;
  if (rest >= SECOND_BATCH_BYTES_MIN) {
    const second = view.getInt32(offset + batchBytes + BatchHeaderAt.length) + BATCH_LENGTH_OVERHEAD_BYTES;
    if (second <= rest) return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.moreBatches);
  }
  return batchBytes;
}

/** Fails the outcome; returns -1 so that it can be returned in place of a size. */
function refuse(outcome: AppendOutcome, errorCode: ErrorCode, message: string): -1 {
  outcome.fail(errorCode, message);
  return -1;
}

function faultError(fault: BatchFault, codecAvailable: boolean): ErrorCode {
  switch (fault) {
    case BatchFault.crc:
    case BatchFault.length:
      return ErrorCode.CORRUPT_MESSAGE;
    case BatchFault.tooLarge:
      return ErrorCode.MESSAGE_TOO_LARGE;
    case BatchFault.compression:
      return codecAvailable ? ErrorCode.INVALID_RECORD : ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
    default:
      return ErrorCode.INVALID_RECORD;
  }
}

const FAULT_TEXT: { readonly [fault in Exclude<BatchFault, typeof BatchFault.tooLarge>]: string } = {
  [BatchFault.none]: '',
  [BatchFault.truncated]: RefusalText.truncated,
  [BatchFault.magic]: RefusalText.magic,
  [BatchFault.length]: RefusalText.length,
  [BatchFault.crc]: RefusalText.crc,
  [BatchFault.count]: RefusalText.count,
  [BatchFault.records]: RefusalText.records,
  [BatchFault.compression]: RefusalText.compression,
};

function faultText(fault: BatchFault, codecAvailable: boolean, { decompressedBytesMax }: ValidationPolicy): string {
  if (fault === BatchFault.compression && !codecAvailable) return RefusalText.noCodec;
  if (fault !== BatchFault.tooLarge) return FAULT_TEXT[fault];
  return `the records decompress to more than ${decompressedBytesMax} bytes`;
}

/** What a log's batches are checked with, and against. */
export interface AppendRules {
  readonly store: LogStore;
  readonly config: LogConfig;
  readonly validation: ValidationPolicy;
}

/**
 * Checks the batch and writes its facts to `facts` (BatchSlot). Returns its size in bytes, or -1 after failing `outcome`.
 */
export function validateBatch(
  rules: AppendRules,
  memory: BatchMemory,
  offset: number,
  sizeBytes: number,
  origin: AppendOrigin,
  nowMs: number,
  facts: Float64Array,
  outcome: AppendOutcome,
): number {
  const { store, config, validation } = rules;
  const batchBytes = checkEnvelope(memory, offset, sizeBytes, outcome);
  if (batchBytes < 0) {
    // Kafka does not even look for the log then.
    outcome.logStartOffset = -1;
    return -1;
  }
  const { view } = memory;
  if (view.getInt32(offset) !== 0 || view.getInt32(offset + 4) !== 0)
    return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.baseOffset);
  if (batchBytes > config.maxMessageBytes)
    return refuse(outcome, ErrorCode.MESSAGE_TOO_LARGE, tooLargeText(batchBytes, config));
  const fault = store.validate(memory.id, offset, batchBytes, validation, facts, 0);
  const attributes = view.getUint16(offset + BatchHeaderAt.attributes);
  if (fault !== BatchFault.none) {
    const codecAvailable = store.codecAvailable(attributes & BatchAttribute.compressionMask);
    return refuse(outcome, faultError(fault, codecAvailable), faultText(fault, codecAvailable, validation));
  }
  if (origin === AppendOrigin.client) {
    if (attributes & BatchAttribute.control) return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.control);
    if (facts[BatchSlot.producerId] >= 0 && facts[BatchSlot.baseSequence] < 0)
      return refuse(outcome, ErrorCode.INVALID_RECORD, RefusalText.noSequence);
  }
  if (attributes & BatchAttribute.logAppendTime) takeBatchTimestamp(facts);
  if ((attributes & BatchAttribute.control) === 0 && mayHaveBadRecords(config, nowMs, attributes, facts))
    if (!checkRecords(rules, memory, offset, nowMs, outcome)) return -1;
  return batchBytes;
}

export function tooLargeText(batchBytes: number, config: LogConfig): string {
  return `a batch of ${batchBytes} bytes is larger than the topic's max.message.bytes of ${config.maxMessageBytes}`;
}

/** Records of the type LogAppendTime have the timestamp of their batch, whatever their own is. */
function takeBatchTimestamp(facts: Float64Array): void {
  facts[BatchSlot.recordsMinTimestamp] = facts[BatchSlot.maxTimestamp];
  facts[BatchSlot.recordsMaxTimestamp] = facts[BatchSlot.maxTimestamp];
}

/** Whether the facts of the whole batch leave it possible that some record has to be refused. */
function mayHaveBadRecords(config: LogConfig, nowMs: number, attributes: number, facts: Float64Array): boolean {
  if (config.cleanupCompact && facts[BatchSlot.keylessCount] > 0) return true;
  const isLogAppendTime = (attributes & BatchAttribute.logAppendTime) !== 0;
  if (config.messageTimestampType !== 'CreateTime') return isLogAppendTime;
  return (
    (isLogAppendTime && facts[BatchSlot.recordsMaxTimestamp] === NO_TIMESTAMP) ||
    nowMs - facts[BatchSlot.recordsMinTimestamp] > config.messageTimestampBeforeMaxMs ||
    facts[BatchSlot.recordsMaxTimestamp] - nowMs > config.messageTimestampAfterMaxMs
  );
}

/** Looks at each record; fails `outcome` with what it finds and returns false. */
function checkRecords(
  { config, validation }: AppendRules,
  memory: BatchMemory,
  offset: number,
  nowMs: number,
  outcome: AppendOutcome,
): boolean {
  const batch = new RecordBatchView(memory.bytes, offset);
  const errors: RecordError[] = [];
  let errorCode: ErrorCode = ErrorCode.INVALID_RECORD;
  const { messageTimestampBeforeMaxMs: beforeMaxMs, messageTimestampAfterMaxMs: afterMaxMs } = config;
  let index = 0;
  for (const { key, timestamp } of new RecordReader(batch, validation)) {
    let message: string | undefined;
    if (config.cleanupCompact && key === null) message = RefusalText.noKey;
    else if (config.messageTimestampType === 'CreateTime' && timestamp !== NO_TIMESTAMP) {
      if (nowMs - timestamp > beforeMaxMs || timestamp - nowMs > afterMaxMs) {
        errorCode = ErrorCode.INVALID_TIMESTAMP;
        message = `timestamp ${timestamp} lies outside of [${nowMs - beforeMaxMs}, ${nowMs + afterMaxMs}]`;
      }
    } else if (batch.isLogAppendTime) {
      errorCode = ErrorCode.INVALID_TIMESTAMP;
      message = RefusalText.logAppendTime;
    }
    if (message !== undefined && errors.length < RECORD_ERRORS_MAX) errors.push({ index, message });
    index++;
  }
  if (errors.length === 0) return true;
  const isOfTime = errorCode === ErrorCode.INVALID_TIMESTAMP;
  outcome.fail(errorCode, isOfTime ? RefusalText.invalidTimestamp : RefusalText.recordErrors, errors);
  return false;
}
