/**
 * Records of the metadata log: one union over all their kinds, and the frame in which a record value is stored. Pure.
 *
 *   value of a record:  uvarint frame version (1) | uvarint record type | uvarint version | the record
 *   key of a record:    null
 */
import { decode, encode } from '../protocol/codec.ts';
import { abortTransactionRecord } from '../protocol/persisted/metadata/abort-transaction-record.ts';
import { accessControlEntryRecord } from '../protocol/persisted/metadata/access-control-entry-record.ts';
import { beginTransactionRecord } from '../protocol/persisted/metadata/begin-transaction-record.ts';
import { brokerRegistrationChangeRecord } from '../protocol/persisted/metadata/broker-registration-change-record.ts';
import { clearElrRecord } from '../protocol/persisted/metadata/clear-elr-record.ts';
import { clientQuotaRecord } from '../protocol/persisted/metadata/client-quota-record.ts';
import { configRecord } from '../protocol/persisted/metadata/config-record.ts';
import { delegationTokenRecord } from '../protocol/persisted/metadata/delegation-token-record.ts';
import { endTransactionRecord } from '../protocol/persisted/metadata/end-transaction-record.ts';
import { featureLevelRecord } from '../protocol/persisted/metadata/feature-level-record.ts';
import { fenceBrokerRecord } from '../protocol/persisted/metadata/fence-broker-record.ts';
import { noOpRecord } from '../protocol/persisted/metadata/no-op-record.ts';
import { partitionChangeRecord } from '../protocol/persisted/metadata/partition-change-record.ts';
import { partitionRecord } from '../protocol/persisted/metadata/partition-record.ts';
import { producerIdsRecord } from '../protocol/persisted/metadata/producer-ids-record.ts';
import { registerBrokerRecord } from '../protocol/persisted/metadata/register-broker-record.ts';
import { registerControllerRecord } from '../protocol/persisted/metadata/register-controller-record.ts';
import { removeAccessControlEntryRecord } from '../protocol/persisted/metadata/remove-access-control-entry-record.ts';
import { removeDelegationTokenRecord } from '../protocol/persisted/metadata/remove-delegation-token-record.ts';
import { removeTopicRecord } from '../protocol/persisted/metadata/remove-topic-record.ts';
import { removeUserScramCredentialRecord } from '../protocol/persisted/metadata/remove-user-scram-credential-record.ts';
import { topicRecord } from '../protocol/persisted/metadata/topic-record.ts';
import { unfenceBrokerRecord } from '../protocol/persisted/metadata/unfence-broker-record.ts';
import { unregisterBrokerRecord } from '../protocol/persisted/metadata/unregister-broker-record.ts';
import { unregisterControllerRecord } from '../protocol/persisted/metadata/unregister-controller-record.ts';
import { userScramCredentialRecord } from '../protocol/persisted/metadata/user-scram-credential-record.ts';
import { zkMigrationStateRecord } from '../protocol/persisted/metadata/zk-migration-record.ts';
import {
  decodeMetadataRecord as decodeFramed,
  encodeMetadataRecord as encodeFramed,
} from '../protocol/persisted/record-framing.ts';
import type { Fields, FieldsType, Partially, Schema } from '../protocol/schema.ts';

export type { AccessControlEntryRecord } from '../protocol/persisted/metadata/access-control-entry-record.ts';
export type { BrokerRegistrationChangeRecord } from '../protocol/persisted/metadata/broker-registration-change-record.ts';
export type { ClientQuotaRecord } from '../protocol/persisted/metadata/client-quota-record.ts';
export type { ConfigRecord } from '../protocol/persisted/metadata/config-record.ts';
export type { DelegationTokenRecord } from '../protocol/persisted/metadata/delegation-token-record.ts';
export type { PartitionChangeRecord } from '../protocol/persisted/metadata/partition-change-record.ts';
export type { PartitionRecord } from '../protocol/persisted/metadata/partition-record.ts';
export type { RegisterBrokerRecord } from '../protocol/persisted/metadata/register-broker-record.ts';
export type { RegisterControllerRecord } from '../protocol/persisted/metadata/register-controller-record.ts';
export type { UserScramCredentialRecord } from '../protocol/persisted/metadata/user-scram-credential-record.ts';

const SCHEMAS = {
  AbortTransactionRecord: abortTransactionRecord,
  AccessControlEntryRecord: accessControlEntryRecord,
  BeginTransactionRecord: beginTransactionRecord,
  BrokerRegistrationChangeRecord: brokerRegistrationChangeRecord,
  ClearElrRecord: clearElrRecord,
  ClientQuotaRecord: clientQuotaRecord,
  ConfigRecord: configRecord,
  DelegationTokenRecord: delegationTokenRecord,
  EndTransactionRecord: endTransactionRecord,
  FeatureLevelRecord: featureLevelRecord,
  FenceBrokerRecord: fenceBrokerRecord,
  NoOpRecord: noOpRecord,
  PartitionChangeRecord: partitionChangeRecord,
  PartitionRecord: partitionRecord,
  ProducerIdsRecord: producerIdsRecord,
  RegisterBrokerRecord: registerBrokerRecord,
  RegisterControllerRecord: registerControllerRecord,
  RemoveAccessControlEntryRecord: removeAccessControlEntryRecord,
  RemoveDelegationTokenRecord: removeDelegationTokenRecord,
  RemoveTopicRecord: removeTopicRecord,
  RemoveUserScramCredentialRecord: removeUserScramCredentialRecord,
  TopicRecord: topicRecord,
  UnfenceBrokerRecord: unfenceBrokerRecord,
  UnregisterBrokerRecord: unregisterBrokerRecord,
  UnregisterControllerRecord: unregisterControllerRecord,
  UserScramCredentialRecord: userScramCredentialRecord,
  ZkMigrationStateRecord: zkMigrationStateRecord,
} as const;

/** Kafka's name of the record. */
export type MetadataRecordKind = keyof typeof SCHEMAS;
type RecordData<K extends MetadataRecordKind> = (typeof SCHEMAS)[K] extends Schema<infer F> ? FieldsType<F> : never;
type RecordInput<K extends MetadataRecordKind> = Partially<RecordData<K>>;

export type MetadataRecord = {
  [K in MetadataRecordKind]: { readonly kind: K; readonly version: number; readonly data: RecordData<K> };
}[MetadataRecordKind];

const KIND_BY_TYPE = new Map(
  Object.entries(SCHEMAS).map(([kind, schema]) => [schema.apiKey, kind as MetadataRecordKind]),
);

/**
 * A record with its absent fields filled in, as it will be read back: what the version does not store has its default.
 * Without a version the first one is taken, the only one of most kinds.
 */
export function metadataRecord<K extends MetadataRecordKind>(
  kind: K,
  data: RecordInput<K>,
  version = SCHEMAS[kind].versions.min,
): MetadataRecord {
  const schema: Schema = SCHEMAS[kind];
  const bytes = encode(schema, data as Partially<FieldsType<Fields>>, version);
  return { kind, version, data: decode(schema, bytes, 0, version) } as unknown as MetadataRecord;
}

/** The bytes of the record's value. */
export function encodeMetadataRecord({ kind, data, version }: MetadataRecord): Buffer {
  return encodeFramed(SCHEMAS[kind] as Schema, data as Partially<FieldsType<Fields>>, version);
}

/** Throws a ProtocolError when the value is damaged, or of a kind or version that is not known. */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const { schema, version, value } = decodeFramed(bytes, (type) => {
    const kind = KIND_BY_TYPE.get(type);
    return kind && SCHEMAS[kind];
  });
  return { kind: KIND_BY_TYPE.get(schema.apiKey), version, data: value } as unknown as MetadataRecord;
}
