/**
 * AlterReplicaLogDirs v1-2: begins to move partitions of this broker to other log directories. An answer without error
 * means that the move is under way; DescribeLogDirs shows how far it is.
 */
import {
  type AlterReplicaLogDirsResponse,
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from '../../protocol/messages/34-alter-replica-log-dirs.ts';
import { api } from '../api-handler.ts';

type Result = AlterReplicaLogDirsResponse['results'][number]['partitions'][number];

export const alterReplicaLogDirs = api(
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
  (request, _, { moves }) => {
    const results = new Map<string, Result[]>();
    for (const { path, topics } of request.dirs) {
      for (const { name, partitions } of topics) {
        const list = results.get(name) ?? [];
        results.set(name, list);
        for (const partitionIndex of partitions) {
          list.push({ partitionIndex, errorCode: moves.alter(name, partitionIndex, path) });
        }
      }
    }
    return { results: [...results].map(([topicName, partitions]) => ({ topicName, partitions })) };
  },
);
