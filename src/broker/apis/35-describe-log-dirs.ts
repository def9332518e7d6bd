/** DescribeLogDirs v1-5: sizes by log directory, those of moves between directories too; null topics means all. */
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../protocol/messages/35-describe-log-dirs.ts';
import { RowSlot } from '../../ring/partition-table.ts';
import { api } from '../api-handler.ts';

type Topics = DescribeLogDirsResponse['results'][number]['topics'];

/** A topic that is named twice is asked for with the partitions of both. */
function wantedOf(topics: NonNullable<DescribeLogDirsRequest['topics']>): ReadonlyMap<string, ReadonlySet<number>> {
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    wanted.set(topic, new Set([...(wanted.get(topic) ?? []), ...partitions]));
  }
  return wanted;
}

export const describeLogDirs = api(describeLogDirsRequest, describeLogDirsResponse, async (request, _, services) => {
  const { partitions, storage, logDirectories, cordoned, moves, table } = services;
  const cordonedPaths = cordoned.paths();
  const wanted = request.topics && wantedOf(request.topics);
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
    const add = (topic: string, described: Topics[number]['partitions'][number]): void => {
      const list = topics.get(topic);
      if (list) list.push(described);
      else topics.set(topic, [described]);
    };
    for (const { row, topic, partition } of errorCode === ErrorCode.NONE ? places : []) {
      if (logDirectories.directoryOf(topic, partition) !== path) continue;
      const partitionSize = sizes.get(row) ?? 0;
      add(topic, { partitionIndex: partition, partitionSize, offsetLag: 0, isFutureKey: false });
    }
    for (const { topic, partition, path: to, sizeBytes, endOffset } of moves.futures()) {
      const place = places.find((one) => one.topic === topic && one.partition === partition);
      if (to !== path || !place) continue;
      const offsetLag = Math.max(0, table.get(place.row, RowSlot.logEndOffset) - endOffset);
      add(topic, { partitionIndex: partition, partitionSize: sizeBytes, offsetLag, isFutureKey: true });
    }
    const named = [...topics].map(([name, list]) => ({ name, partitions: list }));
    const isCordoned = cordonedPaths.includes(path);
    return { errorCode, logDir: path, topics: named, totalBytes, usableBytes, isCordoned };
  });
  return { errorCode: ErrorCode.NONE, results };
});
