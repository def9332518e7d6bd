/**
 * The state of the cluster: what replaying the metadata log from its start gives. Control thread. `replay` is the only
 * mutator; whoever decides (src/controller) writes records first and reads their effect here afterwards, and the broker
 * applies the `MetadataDelta` of each step, in the same way whether the records are its own or a remote controller's.
 *
 *   image.topics.byName(name) / .get(id) / .partition(id, p) / .values()     TopicImage, PartitionRegistration
 *   image.cluster.broker(id) / .brokers() / .isActive(id)                    BrokerRegistration
 *   image.configs.topic(name) / .broker(id?) / .group(id) / .of(type, name)  ReadonlyMap of what was set
 *   image.features.get(name), image.metadataVersion                          finalized levels, absent = 0
 *   image.nextProducerId                                                     first id that no block has yet
 *   image.clientQuotas, .scramCredentials, .delegationTokens, .acls          raw records
 *   image.lastOffset, image.lastEpoch                                        how far the log was replayed
 *
 *   replay(record, delta)        one record; throws a RangeError when the log contradicts itself
 *   delta.topics / .configs ...  Change { before, after } by key; delta.replicaChanges(brokerId)
 *
 * Transactions of the metadata log are not seen here: `MetadataReplayer` holds their records back until they end.
 */
import { ClusterImage } from './cluster-image.ts';
import { ConfigsImage } from './configs-image.ts';
import type { MetadataDelta } from './metadata-delta.ts';
import type { MetadataRecord } from './metadata-records.ts';
import { METADATA_VERSION, METADATA_VERSION_MIN } from './metadata-version.ts';
import {
  type Acl,
  ClientQuotasImage,
  type DelegationToken,
  KeyedImage,
  type ScramCredential,
  scramKey,
} from './security-image.ts';
import { TopicsImage } from './topics-image.ts';

export class MetadataImage {
  readonly topics = new TopicsImage();
  readonly cluster = new ClusterImage();
  readonly configs = new ConfigsImage();
  readonly clientQuotas = new ClientQuotasImage();
  readonly scramCredentials = new KeyedImage<ScramCredential>();
  readonly delegationTokens = new KeyedImage<DelegationToken>();
  readonly acls = new KeyedImage<Acl>();
  readonly #features = new Map<string, number>();
  #nextProducerId = 0;
  #producerIdsKnown = false;
  #lastOffset = -1;
  #lastEpoch = 0;

  /** Finalized levels by name; a feature at level 0 is absent. */
  get features(): ReadonlyMap<string, number> {
    return this.#features;
  }

  get metadataVersion(): number {
    return this.#features.get(METADATA_VERSION) ?? METADATA_VERSION_MIN;
  }

  get nextProducerId(): number {
    return this.#nextProducerId;
  }

  /** False while no block of producer ids was ever handed out. */
  get producerIdsKnown(): boolean {
    return this.#producerIdsKnown;
  }

  get elrEnabled(): boolean {
    return (this.#features.get('eligible.leader.replicas.version') ?? 0) >= 1;
  }

  /** Offset of the last record (or control record) that was seen; -1 before the first. */
  get lastOffset(): number {
    return this.#lastOffset;
  }

  get lastEpoch(): number {
    return this.#lastEpoch;
  }

  /** Notes how far the log was read; called once a batch, after its records. */
  advance(lastOffset: number, lastEpoch: number): void {
    this.#lastOffset = lastOffset;
    this.#lastEpoch = lastEpoch;
  }

  /** Applies one record and notes in `delta` what it changed. */
  replay(record: MetadataRecord, delta: MetadataDelta): void {
    switch (record.kind) {
      case 'TopicRecord':
        this.topics.replayTopic(record.data.name, record.data.topicId, delta.topics);
        break;
      case 'PartitionRecord':
        this.topics.replayPartition(record.data, delta.topics);
        break;
      case 'PartitionChangeRecord':
        this.topics.replayPartitionChange(record.data, delta.topics);
        break;
      case 'RemoveTopicRecord': {
        const removed = this.topics.replayRemoveTopic(record.data.topicId, delta.topics);
        this.configs.replayRemoveTopic(removed.name, delta.configs);
        break;
      }
      case 'ClearElrRecord':
        this.topics.replayClearElr(record.data.topicName, delta.topics);
        break;
      case 'ConfigRecord':
        this.configs.replay(record.data, delta.configs);
        break;
      case 'FeatureLevelRecord':
        this.#replayFeature(record.data.name, record.data.featureLevel, delta);
        break;
      case 'ProducerIdsRecord':
        this.#nextProducerId = record.data.nextProducerId;
        this.#producerIdsKnown = true;
        delta.producerIds = true;
        break;
      case 'NoOpRecord':
      case 'ZkMigrationStateRecord':
        break;
      case 'BeginTransactionRecord':
      case 'EndTransactionRecord':
      case 'AbortTransactionRecord':
        throw new RangeError(`metadata log: ${record.kind} must be handled before replay`);
      default:
        this.#replayClusterOrSecurity(record, delta);
    }
  }

  #replayClusterOrSecurity(record: MetadataRecord, delta: MetadataDelta): void {
    switch (record.kind) {
      case 'RegisterBrokerRecord':
        this.cluster.replayRegister(record.data, delta.brokers);
        break;
      case 'UnregisterBrokerRecord':
        this.cluster.replayUnregister(record.data.brokerId, record.data.brokerEpoch, delta.brokers);
        break;
      case 'FenceBrokerRecord':
        this.cluster.replayFencing(record.data.id, record.data.epoch, true, delta.brokers);
        break;
      case 'UnfenceBrokerRecord':
        this.cluster.replayFencing(record.data.id, record.data.epoch, false, delta.brokers);
        break;
      case 'BrokerRegistrationChangeRecord':
        this.cluster.replayChange(record.data, delta.brokers);
        break;
      case 'RegisterControllerRecord':
        this.cluster.replayRegisterController(record.data, delta.controllers);
        break;
      case 'UnregisterControllerRecord':
        this.cluster.replayUnregisterController(record.data.controllerId, delta.controllers);
        break;
      case 'ClientQuotaRecord':
        this.clientQuotas.replay(record.data, delta.clientQuotas);
        break;
      case 'UserScramCredentialRecord': {
        const { name, mechanism } = record.data;
        this.scramCredentials.replaySet(scramKey(mechanism, name), ownBytes(record.data), delta.scramCredentials);
        break;
      }
      case 'RemoveUserScramCredentialRecord': {
        const { name, mechanism } = record.data;
        this.scramCredentials.replayRemove(scramKey(mechanism, name), delta.scramCredentials);
        break;
      }
      case 'DelegationTokenRecord':
        this.delegationTokens.replaySet(record.data.tokenId, record.data, delta.delegationTokens);
        break;
      case 'RemoveDelegationTokenRecord':
        this.delegationTokens.replayRemove(record.data.tokenId, delta.delegationTokens);
        break;
      case 'AccessControlEntryRecord':
        this.acls.replaySet(record.data.id, record.data, delta.acls);
        break;
      case 'RemoveAccessControlEntryRecord':
        this.acls.replayRemove(record.data.id, delta.acls);
        break;
    }
  }

  #replayFeature(name: string, level: number, delta: MetadataDelta): void {
    const before = this.#features.get(name) ?? 0;
    if (level === 0) this.#features.delete(name);
    else this.#features.set(name, level);
    if (before !== level) delta.features.note(name, before || null, level || null);
  }
}

/** Decoded bytes are views of a whole batch, which an image must not keep alive. */
function ownBytes(credential: ScramCredential): ScramCredential {
  const { salt, storedKey, serverKey } = credential;
  return {
    ...credential,
    salt: Uint8Array.from(salt),
    storedKey: Uint8Array.from(storedKey),
    serverKey: Uint8Array.from(serverKey),
  };
}
