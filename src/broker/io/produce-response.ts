/** Writes Produce responses, all versions, straight into response memory. Lives on an I/O thread. */
import type { AppendDetail } from '../../partition/append-detail.ts';
import { PRODUCE_FLEXIBLE_VERSION, PRODUCE_TOPIC_ID_VERSION, type ProduceRequest } from './produce-request.ts';
import type { ResponseOutput } from './response-output.ts';
import {
  beginFrame,
  endFrame,
  writeBytes,
  writeCount,
  writeInt16,
  writeInt32,
  writeInt64,
  writeNoTags,
  writeNullableString,
  writeString,
} from './response-writing.ts';

const LOG_START_OFFSET_VERSION = 5;
/** KIP-467 */
const RECORD_ERRORS_VERSION = 8;
/** More than any partition without record errors needs. */
const PARTITION_BYTES = 48;
const TOPIC_BYTES = 16;

export function writeProduceResponse(output: ResponseOutput, request: ProduceRequest): void {
  const { version } = request;
  const flexible = version >= PRODUCE_FLEXIBLE_VERSION;
  const start = beginFrame(output, request.correlationId, flexible);
  output.ensure(16);
  writeCount(output, request.topics.length, flexible);
  for (const topic of request.topics) {
    output.ensure(TOPIC_BYTES + topic.label.length);
    if (version >= PRODUCE_TOPIC_ID_VERSION) writeBytes(output, topic.label);
    else writeString(output, topic.label, flexible);
    writeCount(output, topic.endPartition - topic.firstPartition, flexible);
    for (let at = topic.firstPartition; at < topic.endPartition; at++) {
      output.ensure(PARTITION_BYTES);
      writeInt32(output, request.index[at]);
      writeInt16(output, request.errorCode[at]);
      writeInt64(output, request.baseOffset[at]);
      writeInt64(output, request.logAppendTimeMs[at]);
      if (version >= LOG_START_OFFSET_VERSION) writeInt64(output, request.logStartOffset[at]);
      if (version >= RECORD_ERRORS_VERSION) writeDetail(output, request.detail[at], flexible);
      writeNoTags(output, flexible);
    }
    writeNoTags(output, flexible);
  }
  output.ensure(8);
  writeInt32(output, 0);
  writeNoTags(output, flexible);
  endFrame(output, start, 0);
}

function writeDetail(output: ResponseOutput, detail: AppendDetail | null, flexible: boolean): void {
  const records = detail?.records ?? [];
  writeCount(output, records.length, flexible);
  for (const { index, message } of records) {
    const bytes = message === null ? null : Buffer.from(message);
    output.ensure(16 + (bytes?.length ?? 0));
    writeInt32(output, index);
    writeNullableString(output, bytes, flexible);
    writeNoTags(output, flexible);
  }
  const message = detail?.message ?? null;
  const bytes = message === null ? null : Buffer.from(message);
  output.ensure(16 + (bytes?.length ?? 0));
  writeNullableString(output, bytes, flexible);
}
