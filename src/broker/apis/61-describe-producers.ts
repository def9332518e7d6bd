/** DescribeProducers v0: the idempotent and transactional producers that a partition knows. */
import { topicNameFault } from '../../metadata/topic-name.ts';
import { ErrorCode, errorMessage } from '../../protocol/errors.ts';
import { describeProducersRequest, describeProducersResponse } from '../../protocol/messages/61-describe-producers.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

export const describeProducers = api(
  describeProducersRequest,
  describeProducersResponse,
  async (request, _, services) => {
    const topics = request.topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partitionIndex) => ({
          partitionIndex,
          ...(await list(name, partitionIndex, services)),
        })),
      ),
    }));
    return { topics: await Promise.all(topics) };
  },
);

async function list(topic: string, partition: number, services: BrokerServices) {
  const { errorCode, row } = services.partitions.locate(topic, partition);
  if (topicNameFault(topic) !== null) {
    const invalid = ErrorCode.INVALID_TOPIC_EXCEPTION;
    return { errorCode: invalid, errorMessage: errorMessage(invalid) };
  }
  // Of a partition that a known topic lacks, Kafka says no more than the code.
  const known = services.image.topics.byName(topic) !== undefined;
  if (errorCode !== ErrorCode.NONE) return { errorCode, errorMessage: known ? null : errorMessage(errorCode) };
  const activeProducers = [...(await services.storage.request(row, { op: 'producers', row }))];
  return { errorCode, errorMessage: null, activeProducers };
}
