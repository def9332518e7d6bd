/** DescribeTopicPartitions v0 (KIP-966): topics in pages of partitions, by name, with a cursor to the next page. */
import { isInternalTopic, topicNameFault } from '../../metadata/topic-name.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from '../../protocol/messages/75-describe-topic-partitions.ts';
import { api } from '../api-handler.ts';
import { TOPIC_OPERATIONS } from '../authorized-operations.ts';
import { describePartition } from './03-metadata.ts';

type TopicAnswer = Partial<DescribeTopicPartitionsResponse['topics'][number]>;

export const describeTopicPartitions = api(
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
  (request, context, services) => {
    const { cursor } = request;
    if (cursorFault(request)) {
      return { topics: request.topics.map(({ name }) => ({ errorCode: ErrorCode.INVALID_REQUEST, name })) };
    }
    const asked =
      request.topics.length > 0 ? request.topics.map(({ name }) => name) : [...services.image.topics.names()];
    const names = [...new Set(asked)].sort().filter((name) => cursor === null || name >= cursor.topicName);
    const limit = services.config().int('max.request.partition.size.limit');
    let left = Math.min(limit, Math.max(request.responsePartitionLimit, 1));
    const topics: TopicAnswer[] = [];
    for (const name of names) {
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } };
      const topic = services.image.topics.byName(name);
      if (!topic) {
        const errorCode =
          topicNameFault(name) === null ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION;
        topics.push({
          errorCode,
          name,
          isInternal: isInternalTopic(name),
          topicAuthorizedOperations: TOPIC_OPERATIONS,
        });
        continue;
      }
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      const end = Math.min(topic.partitions.length, first + left);
      left -= Math.max(end - first, 0);
      const partitions = [];
      for (let index = first; index < end; index++) {
        const { elr, lastKnownElr } = topic.partitions[index];
        const described = describePartition(topic, index, context, services);
        partitions.push({ ...described, eligibleLeaderReplicas: [...elr], lastKnownElr: [...lastKnownElr] });
      }
      topics.push({
        errorCode: ErrorCode.NONE,
        name,
        topicId: topic.id,
        isInternal: isInternalTopic(name),
        partitions,
        topicAuthorizedOperations: TOPIC_OPERATIONS,
      });
      if (end < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    }
    return { topics, nextCursor: null };
  },
);

/** A cursor stands at a partition of a topic that is asked for. */
function cursorFault({ cursor, topics }: DescribeTopicPartitionsRequest): boolean {
  if (cursor === null) return false;
  const isAsked = topics.length === 0 || topics.some(({ name }) => name === cursor.topicName);
  return !isAsked || cursor.partitionIndex < 0;
}
