/**
 * DeleteRecords v0-2: moves log start offsets; -1 stands for the high watermark. Of a partition that is named more than once
 * the last offset counts, and it is answered once.
 */

import { isInternalTopic } from '../../metadata/topic-name.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from '../../protocol/messages/21-delete-records.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

export const deleteRecords = api(deleteRecordsRequest, deleteRecordsResponse, async (request, _, services) => {
  const offsets = new Map<string, Map<number, number>>();
  for (const { name, partitions } of request.topics) {
    const ofTopic = offsets.get(name) ?? new Map<number, number>();
    if (partitions.length > 0) offsets.set(name, ofTopic);
    for (const { partitionIndex, offset } of partitions) ofTopic.set(partitionIndex, offset);
  }
  const topics = [...offsets].map(async ([name, ofTopic]) => ({
    name,
    partitions: await Promise.all(
      [...ofTopic].map(async ([partitionIndex, offset]) => ({
        partitionIndex,
        ...(await remove(name, partitionIndex, offset, services)),
      })),
    ),
  }));
  return { topics: await Promise.all(topics) };
});

async function remove(
  topic: string,
  partition: number,
  offset: number,
  services: BrokerServices,
): Promise<{ errorCode: number; lowWatermark: number }> {
  const { errorCode, row } = services.partitions.locate(topic, partition);
  if (errorCode !== ErrorCode.NONE) return { errorCode, lowWatermark: -1 };
  if (isInternalTopic(topic)) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, lowWatermark: -1 };
  const reply = await services.storage.request(row, { op: 'deleteRecords', row, offset });
  // A start that moved must not move back after a crash.
  if (reply.errorCode === ErrorCode.NONE) {
    await services.logDirectories.saveLogStart(topic, partition, reply.lowWatermark);
  }
  return reply;
}
