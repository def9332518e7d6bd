/** DescribeLogDirs v1-5: sizes by log directory; null topics means all. */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type DescribeLogDirsResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../protocol/messages/35-describe-log-dirs.ts';
import { api } from '../api-handler.ts';

type Topics = DescribeLogDirsResponse['results'][number]['topics'];

export const describeLogDirs = api(describeLogDirsRequest, describeLogDirsResponse, async (request, _, services) => {
  const { partitions, storage, logDirectories } = services;
  const wanted = request.topics && new Map(request.topics.map(({ topic, partitions: list }) => [topic, new Set(list)]));
  const places = [...partitions.rows()].filter(
    ({ topic, partition }) => !wanted || (wanted.get(topic)?.has(partition) ?? false),
  );
  const sizes = new Map<number, number>();
  const rows = places.map(({ row }) => row);
  for (const reply of await storage.requestRows(rows, (some) => ({ op: 'sizes', rows: some }))) {
    for (const { row, sizeBytes } of reply) sizes.set(row, sizeBytes);
  }
  const results = logDirectories.list().map(({ path, errorCode, totalBytes, usableBytes }) => {
    const topics = new Map<string, Topics[number]['partitions']>();
    for (const { row, topic, partition } of places) {
      if (logDirectories.directoryOf(topic, partition) !== path) continue;
      const list = topics.get(topic) ?? [];
      topics.set(topic, list);
      list.push({ partitionIndex: partition, partitionSize: sizes.get(row) ?? 0, offsetLag: 0, isFutureKey: false });
    }
    const named = [...topics].map(([name, list]) => ({ name, partitions: list }));
    return { errorCode, logDir: path, topics: named, totalBytes, usableBytes };
  });
  return { errorCode: ErrorCode.NONE, results };
});
