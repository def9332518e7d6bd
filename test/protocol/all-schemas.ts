/** Every schema of the protocol layer, for tests that hold for all. */
import { apiCatalog } from '../../src/protocol/api-catalog.ts';
import { consumerProtocolAssignment } from '../../src/protocol/persisted/consumer-protocol/consumer-protocol-assignment.ts';
import { consumerProtocolSubscription } from '../../src/protocol/persisted/consumer-protocol/consumer-protocol-subscription.ts';
import { defaultPrincipalData } from '../../src/protocol/persisted/envelope/default-principal-data.ts';
import { groupRecords } from '../../src/protocol/persisted/group/group-records.ts';
import { metadataRecords } from '../../src/protocol/persisted/metadata/metadata-records.ts';
import { kRaftVersionRecord } from '../../src/protocol/persisted/raft/kraft-version-record.ts';
import { leaderChangeMessage } from '../../src/protocol/persisted/raft/leader-change-message.ts';
import { quorumStateData } from '../../src/protocol/persisted/raft/quorum-state-data.ts';
import { snapshotFooterRecord } from '../../src/protocol/persisted/raft/snapshot-footer-record.ts';
import { snapshotHeaderRecord } from '../../src/protocol/persisted/raft/snapshot-header-record.ts';
import { votersRecord } from '../../src/protocol/persisted/raft/voters-record.ts';
import { shareRecords } from '../../src/protocol/persisted/share/share-records.ts';
import { abortedTxn } from '../../src/protocol/persisted/storage/aborted-txn.ts';
import { controlRecordTypeSchema } from '../../src/protocol/persisted/storage/control-record-type-schema.ts';
import { producerSnapshot } from '../../src/protocol/persisted/storage/producer-snapshot.ts';
import { remoteLogMetadataRecords } from '../../src/protocol/persisted/storage/remote-log-metadata-records.ts';
import { endTxnMarker } from '../../src/protocol/persisted/transaction/end-txn-marker.ts';
import { transactionRecords } from '../../src/protocol/persisted/transaction/transaction-records.ts';
import { requestHeader, responseHeader } from '../../src/protocol/request-header.ts';
import type { Schema } from '../../src/protocol/schema.ts';

export const apiSchemaList: readonly Schema[] = apiCatalog.flatMap(({ request, response }) => [request, response]);

export const otherSchemaList: readonly Schema[] = [
  requestHeader,
  responseHeader,
  ...[...groupRecords, ...transactionRecords, ...shareRecords].flatMap(({ key, value }) => [key, value]),
  ...metadataRecords,
  ...remoteLogMetadataRecords,
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  controlRecordTypeSchema,
  defaultPrincipalData,
  abortedTxn,
  producerSnapshot,
  endTxnMarker,
  leaderChangeMessage,
  quorumStateData,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  kRaftVersionRecord,
  votersRecord,
];

export const allSchemas: readonly Schema[] = [...apiSchemaList, ...otherSchemaList];

export function* schemaVersions(schemas: readonly Schema[]): Generator<[Schema, number]> {
  for (const schema of schemas) {
    for (let version = schema.versions.min; version <= schema.versions.max; version++) yield [schema, version];
  }
}
