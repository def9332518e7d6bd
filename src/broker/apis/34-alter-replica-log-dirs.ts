/**
 * AlterReplicaLogDirs v1-2: begins to move partitions of this broker to other log directories. An answer without error
 * means that the move is under way; DescribeLogDirs shows how far it is. Nothing is moved into a cordoned directory.
 */
import { ErrorCode } from '../../protocol/errors.ts';
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
  (request, _, { cordoned, moves }) => {
    const cordonedPaths = cordoned.paths();
    const results = new Map<string, Result[]>();
    for (const { path, topics } of request.dirs) {
      const isCordoned = cordonedPaths.includes(path);
      for (const { name, partitions } of topics) {
        const list = results.get(name) ?? [];
        results.set(name, list);
        for (const partitionIndex of partitions) {
          const errorCode = isCordoned ? ErrorCode.INVALID_REPLICA_ASSIGNMENT : moves.alter(name, partitionIndex, path);
          list.push({ partitionIndex, errorCode });
        }
      }
    }
    return { results: [...results].map(([topicName, partitions]) => ({ topicName, partitions })) };
  },
);
