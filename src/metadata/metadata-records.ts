/**
 * Records of the metadata log: one union over all their kinds, and the frame in which a record value is stored. Pure.
 *
 *   value of a record:  uvarint frame version (1) | uvarint record type | uvarint version | the record
 *   key of a record:    null
 */
import { decodeFrom, encodeBehind, ProtocolError, Reader } from '../protocol/codec.ts';
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

/** The only version of the frame; its value is checked, never skipped. */
const FRAME_VERSION = 1;

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
  const bytes = encodeBehind(schema, data as Partially<FieldsType<Fields>>, version, undefined);
  return { kind, version, data: decodeFrom(schema, new Reader(bytes), version) } as unknown as MetadataRecord;
}

/** The bytes of the record's value. */
export function encodeMetadataRecord(record: MetadataRecord): Buffer {
  const schema: Schema = SCHEMAS[record.kind];
  return encodeBehind(schema, record.data as Partially<FieldsType<Fields>>, record.version, (writer) => {
    writer.uvarint(FRAME_VERSION);
    writer.uvarint(schema.apiKey);
    writer.uvarint(record.version);
  });
}

/** Throws a ProtocolError when the value is damaged, or of a kind or version that is not known. */
export function decodeMetadataRecord(value: Uint8Array): MetadataRecord {
  const reader = new Reader(value);
  const frameVersion = reader.uvarint();
  if (frameVersion !== FRAME_VERSION) {
    throw new ProtocolError(
      'malformed',
      `metadata record: frame version ${frameVersion}, only ${FRAME_VERSION} is known`,
    );
  }
  const type = reader.uvarint();
  const kind = KIND_BY_TYPE.get(type);
  if (!kind) throw new ProtocolError('malformed', `metadata record: type ${type} is not known`);
  const version = reader.uvarint();
  const schema: Schema = SCHEMAS[kind];
  if (version < schema.versions.min || version > schema.versions.max) {
    throw new ProtocolError(
      'malformed',
      `metadata record: ${kind} version ${version}, known are ${schema.versions.min} to ${schema.versions.max}`,
    );
  }
  const data = decodeFrom(schema, reader, version);
  if (reader.remaining() > 0) {
    throw new ProtocolError(
      'malformed',
      `metadata record: ${reader.remaining()} bytes behind ${kind} version ${version}`,
    );
  }
  return { kind, version, data } as unknown as MetadataRecord;
}
