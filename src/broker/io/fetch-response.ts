/** Writes Fetch responses, all versions, into response memory with file ranges between. Lives on an I/O thread. */
import { ownBytes } from '../../base/own-bytes.ts';
import { uuidToBytes } from '../../base/uuid.ts';
import type { EpochEnd } from '../../partition/storage-messages.ts';
import { FETCH_SESSION_VERSION, FETCH_TOPIC_ID_VERSION } from './fetch-session.ts';
import type { PendingFetch } from './pending-fetch.ts';
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
  writeString,
  writeUvarint,
} from './response-writing.ts';

export const FETCH_FLEXIBLE_VERSION = 12;
const LOG_START_OFFSET_VERSION = 5;
const PREFERRED_REPLICA_VERSION = 11;
/** More than a partition's fixed fields. */
const PARTITION_BYTES = 80;
const TOPIC_BYTES = 24;
const ABORTED_BYTES = 17;
const DIVERGING_EPOCH_TAG = 0;
const DIVERGING_EPOCH_FIELD_BYTES = 13;
/** With its count of tags, number and size. */
const DIVERGING_EPOCH_BYTES = DIVERGING_EPOCH_FIELD_BYTES + 3;

/**
 * Sinks a planned range of records into the output: as a file range or as bytes. False: they cannot be read, and the
 * fetch says so for that partition; nothing was written.
 */
export type WriteRecords = (fetch: PendingFetch, at: number) => boolean;

/** `tell` lists the positions (in the fetch's partitions) to write, in order. */
export function writeFetchResponse(
  output: ResponseOutput,
  fetch: PendingFetch,
  tell: readonly number[],
  writeRecords: WriteRecords,
): void {
  const { version, context } = fetch;
  const flexible = version >= FETCH_FLEXIBLE_VERSION;
  const fileBytesBefore = output.fileBytes;
  const start = beginFrame(output, fetch.correlationId, flexible);
  output.ensure(TOPIC_BYTES);
  writeInt32(output, 0);
  if (version >= FETCH_SESSION_VERSION) {
    writeInt16(output, context.errorCode);
    writeInt32(output, context.sessionId);
  }
  const groups = groupByTopic(fetch, tell);
  writeCount(output, groups.length, flexible);
  for (const group of groups) {
    const byId = version >= FETCH_TOPIC_ID_VERSION;
    const first = context.partitions[group[0]];
    first.label ??= ownBytes(byId ? uuidToBytes(first.topicId) : Buffer.from(first.topic));
    output.ensure(TOPIC_BYTES + first.label.length);
    if (byId) writeBytes(output, first.label);
    else writeString(output, first.label, flexible);
    writeCount(output, group.length, flexible);
    for (const at of group) writePartition(output, fetch, at, flexible, writeRecords);
    output.ensure(1);
    writeNoTags(output, flexible);
  }
  output.ensure(1);
  writeNoTags(output, flexible);
  endFrame(output, start, output.fileBytes - fileBytesBefore);
}

function writePartition(
  output: ResponseOutput,
  fetch: PendingFetch,
  at: number,
  flexible: boolean,
  writeRecords: WriteRecords,
): void {
  const { version } = fetch;
  const start = output.at;
  const aborted = fetch.abortedTransactions(at);
  output.ensure(PARTITION_BYTES + (aborted?.length ?? 0) * ABORTED_BYTES);
  writeInt32(output, fetch.context.partitions[at].partition);
  writeInt16(output, fetch.errorCode[at]);
  writeInt64(output, fetch.highWatermark[at]);
  writeInt64(output, fetch.lastStableOffset[at]);
  if (version >= LOG_START_OFFSET_VERSION) writeInt64(output, fetch.logStartOffset[at]);
  if (aborted === null) {
    if (flexible) writeUvarint(output, 0);
    else writeInt32(output, -1);
  } else {
    writeCount(output, aborted.length, flexible);
    for (const { producerId, firstOffset } of aborted) {
      writeInt64(output, producerId);
      writeInt64(output, firstOffset);
      writeNoTags(output, flexible);
    }
  }
  if (version >= PREFERRED_REPLICA_VERSION) writeInt32(output, -1);
  const size = fetch.sizeBytes[at];
  writeCount(output, size, flexible);
  if (size > 0 && !writeRecords(fetch, at)) {
    output.at = start;
    writePartition(output, fetch, at, flexible, writeRecords);
    return;
  }
  const diverging = flexible ? fetch.diverging?.get(at) : undefined;
  output.ensure(1 + DIVERGING_EPOCH_BYTES);
  if (diverging) writeDivergingEpoch(output, diverging);
  else writeNoTags(output, flexible);
}

/** The partition's only tagged field here: number 0, a struct of an int32, an int64 and no tags. */
function writeDivergingEpoch(output: ResponseOutput, { leaderEpoch, endOffset }: EpochEnd): void {
  writeUvarint(output, 1);
  writeUvarint(output, DIVERGING_EPOCH_TAG);
  writeUvarint(output, DIVERGING_EPOCH_FIELD_BYTES);
  writeInt32(output, leaderEpoch);
  writeInt64(output, endOffset);
  writeNoTags(output, true);
}

/** Runs of partitions of one topic: the order of the partitions is kept, so a topic may come twice. */
function groupByTopic(fetch: PendingFetch, tell: readonly number[]): number[][] {
  const groups: number[][] = [];
  let last: number[] | undefined;
  for (const at of tell) {
    const { topic, topicId } = fetch.context.partitions[at];
    const first = last && fetch.context.partitions[last[0]];
    if (last && first && first.topic === topic && first.topicId === topicId) last.push(at);
    else groups.push((last = [at]));
  }
  return groups;
}
