/** OffsetForLeaderEpoch v2-4 (KIP-320): where a leader epoch ended, so that readers notice truncation. */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '../../protocol/messages/23-offset-for-leader-epoch.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

export const offsetForLeaderEpoch = api(
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
  async (request, _, services) => {
    const topics = request.topics.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(
        partitions.map(async ({ partition, currentLeaderEpoch, leaderEpoch }) => ({
          partition,
          ...(await endOffset(topic, partition, currentLeaderEpoch, leaderEpoch, services)),
        })),
      ),
    }));
    return { topics: await Promise.all(topics) };
  },
);

async function endOffset(
  topic: string,
  partition: number,
  currentLeaderEpoch: number,
  leaderEpoch: number,
  services: BrokerServices,
): Promise<{ errorCode: number; leaderEpoch?: number; endOffset?: number }> {
  const { errorCode, row } = services.partitions.locate(topic, partition, currentLeaderEpoch);
  if (errorCode !== ErrorCode.NONE) return { errorCode };
  const found = await services.storage.request(row, { op: 'endOffsetForEpoch', row, leaderEpoch });
  return { errorCode: ErrorCode.NONE, ...found };
}
