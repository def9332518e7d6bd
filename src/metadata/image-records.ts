/**
 * The records that make an image anew: the content of a snapshot, in Kafka's order (features first, so that a reader
 * knows the versions of what follows). Pure.
 */
import type { BrokerRegistration } from './cluster-image.ts';
import type { MetadataImage } from './metadata-image.ts';
import { type MetadataRecord, metadataRecord } from './metadata-records.ts';
import { METADATA_VERSION, permittedAt, recordVersionAt } from './metadata-version.ts';
import { DIRECTORY_MIGRATING, type PartitionRegistration } from './topics-image.ts';

export function* imageRecords(image: MetadataImage): Generator<MetadataRecord> {
  const level = image.metadataVersion;
  yield metadataRecord('FeatureLevelRecord', { name: METADATA_VERSION, featureLevel: level });
  for (const [name, featureLevel] of image.features) {
    if (name !== METADATA_VERSION) yield metadataRecord('FeatureLevelRecord', { name, featureLevel });
  }
  if (permittedAt.controllerRegistration(level)) {
    for (const controller of image.cluster.controllers()) yield metadataRecord('RegisterControllerRecord', controller);
  }
  for (const broker of image.cluster.brokers()) yield registerBrokerRecord(broker, level);
  for (const topic of image.topics.values()) {
    yield metadataRecord('TopicRecord', { name: topic.name, topicId: topic.id });
    for (const [partition, registration] of topic.partitions.entries()) {
      yield partitionRecord(topic.id, partition, registration, level);
    }
  }
  for (const { resourceType, resourceName, values } of image.configs.resources()) {
    for (const [name, value] of values)
      yield metadataRecord('ConfigRecord', { resourceType, resourceName, name, value });
  }
  yield* securityRecords(image, level);
}

function* securityRecords(image: MetadataImage, level: number): Generator<MetadataRecord> {
  for (const { entity, values } of image.clientQuotas.entities()) {
    for (const [key, value] of values) {
      yield metadataRecord('ClientQuotaRecord', { entity: [...entity], key, value, remove: false });
    }
  }
  if (image.producerIdsKnown) {
    const nextProducerId = image.nextProducerId;
    yield metadataRecord('ProducerIdsRecord', { brokerId: -1, brokerEpoch: -1, nextProducerId });
  }
  for (const acl of image.acls.values()) yield metadataRecord('AccessControlEntryRecord', acl);
  if (permittedAt.scram(level)) {
    for (const credential of image.scramCredentials.values()) {
      yield metadataRecord('UserScramCredentialRecord', credential);
    }
  }
  if (permittedAt.delegationTokens(level)) {
    for (const token of image.delegationTokens.values()) yield metadataRecord('DelegationTokenRecord', token);
  }
}

export function registerBrokerRecord(broker: BrokerRegistration, level: number): MetadataRecord {
  return metadataRecord(
    'RegisterBrokerRecord',
    {
      brokerId: broker.id,
      isMigratingZkBroker: broker.isMigratingZkBroker,
      incarnationId: broker.incarnationId,
      brokerEpoch: broker.epoch,
      endPoints: broker.endPoints,
      features: broker.features,
      rack: broker.rack,
      fenced: broker.fenced,
      inControlledShutdown: broker.inControlledShutdown,
      logDirs: permittedAt.directoryAssignment(level) ? broker.logDirs : [],
      cordonedLogDirs: permittedAt.cordonedLogDirs(level) ? broker.cordonedLogDirs : null,
    },
    recordVersionAt.registerBroker(level),
  );
}

/** The partition as one record at the version that the level of metadata.version permits. */
export function partitionRecord(
  topicId: string,
  partitionId: number,
  partition: PartitionRegistration,
  level: number,
): MetadataRecord {
  const withElr = permittedAt.elr(level);
  return metadataRecord(
    'PartitionRecord',
    {
      partitionId,
      topicId,
      replicas: partition.replicas,
      isr: partition.isr,
      removingReplicas: partition.removingReplicas,
      addingReplicas: partition.addingReplicas,
      leader: partition.leader,
      leaderRecoveryState: partition.leaderRecoveryState,
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: permittedAt.directoryAssignment(level) ? directoriesOf(partition) : [],
      // Absent rather than empty: Kafka writes these only when there is something to say.
      eligibleLeaderReplicas: withElr && partition.elr.length > 0 ? partition.elr : null,
      lastKnownElr: withElr && partition.lastKnownElr.length > 0 ? partition.lastKnownElr : null,
    },
    recordVersionAt.partition(level),
  );
}

function directoriesOf(partition: PartitionRegistration): readonly string[] {
  const { directories, replicas } = partition;
  return directories.length === replicas.length ? directories : replicas.map(() => DIRECTORY_MIGRATING);
}
