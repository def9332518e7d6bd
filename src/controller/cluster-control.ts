/**
 * Registration of brokers, their heartbeats, and taking them out of the cluster. Pure; control thread. Behaviour of
 * Kafka's ClusterControlManager; what a broker's coming back means for its partitions is in partition-change.ts.
 */
import { METADATA_TOPIC_ID, ZERO_UUID } from '../base/uuid.ts';
import type { BrokerRegistration } from '../metadata/cluster-image.ts';
import { registerBrokerRecord } from '../metadata/image-records.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { METADATA_VERSION, METADATA_VERSION_MIN, permittedAt } from '../metadata/metadata-version.ts';
import { DIRECTORY_MIGRATING } from '../metadata/topics-image.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type {
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
} from '../protocol/messages/62-broker-registration.ts';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from '../protocol/messages/63-broker-heartbeat.ts';
import type { UnregisterBrokerRequest, UnregisterBrokerResponse } from '../protocol/messages/64-unregister-broker.ts';
import { type ControlContext, type ControlResult, duplicatesOf } from './control-context.ts';
import { canLead, elect, electionsForUnfenced, epochRaises, partitionChangeRecord } from './partition-change.ts';

const RESERVED_DIRECTORIES: ReadonlySet<string> = new Set([ZERO_UUID, METADATA_TOPIC_ID, DIRECTORY_MIGRATING]);
/** In `BrokerRegistrationChangeRecord.fenced`. */
const FENCE = 1;
const UNFENCE = -1;

/** NONE when the broker is registered with this epoch, else the code to answer. */
export function brokerEpochFault(brokerId: number, brokerEpoch: number, image: MetadataImage): number {
  const broker = image.cluster.broker(brokerId);
  if (!broker) return ErrorCode.BROKER_ID_NOT_REGISTERED;
  return broker.epoch === brokerEpoch ? ErrorCode.NONE : ErrorCode.STALE_BROKER_EPOCH;
}

/** A broker's epoch is the offset of the first record that registered its incarnation. */
export function registerBroker(
  request: BrokerRegistrationRequest,
  context: ControlContext,
): ControlResult<BrokerRegistrationResponse> {
  const { image } = context;
  const fault = registrationFault(request, context);
  if (fault !== ErrorCode.NONE) {
    return { records: [], response: { throttleTimeMs: 0, errorCode: fault, brokerEpoch: -1 } };
  }
  const existing = image.cluster.broker(request.brokerId);
  const sameIncarnation = existing?.incarnationId === request.incarnationId;
  const registration: BrokerRegistration = {
    id: request.brokerId,
    epoch: sameIncarnation ? existing.epoch : context.nextOffset,
    incarnationId: request.incarnationId,
    endPoints: request.listeners,
    features: request.features,
    rack: request.rack,
    fenced: sameIncarnation ? existing.fenced : true,
    inControlledShutdown: sameIncarnation ? existing.inControlledShutdown : false,
    isMigratingZkBroker: false,
    logDirs: request.logDirs,
    cordonedLogDirs: sameIncarnation ? existing.cordonedLogDirs : null,
  };
  const records: MetadataRecord[] = [];
  // A broker that cannot name the epoch it stopped at did not stop cleanly.
  const cleanRestart = existing === undefined || request.previousBrokerEpoch === existing.epoch;
  if (!sameIncarnation && !cleanRestart) records.push(...epochRaises(image, request.brokerId));
  records.push(registerBrokerRecord(registration, image.metadataVersion));
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, brokerEpoch: registration.epoch } };
}

function registrationFault(request: BrokerRegistrationRequest, context: ControlContext): number {
  const { image, settings } = context;
  if (request.clusterId !== settings.clusterId) return ErrorCode.INCONSISTENT_CLUSTER_ID;
  if (request.isMigratingZkBroker) return ErrorCode.BROKER_ID_NOT_REGISTERED;
  if (permittedAt.directoryAssignment(image.metadataVersion) && !areOwnDirectories(request, image))
    return ErrorCode.INVALID_REGISTRATION;
  const ranges = new Map(request.features.map((feature) => [feature.name, feature]));
  for (const [name, level] of image.features) {
    const range = ranges.get(name) ?? assumedRange(name);
    if (level < range.minSupportedVersion || level > range.maxSupportedVersion) return ErrorCode.UNSUPPORTED_VERSION;
  }
  return ErrorCode.NONE;
}

/** Some, each named once, none of them reserved or another broker's. */
function areOwnDirectories({ brokerId, logDirs }: BrokerRegistrationRequest, { cluster }: MetadataImage): boolean {
  if (logDirs.length === 0 || duplicatesOf(logDirs).size > 0) return false;
  if (logDirs.some((directory) => RESERVED_DIRECTORIES.has(directory))) return false;
  const others = [...cluster.brokers()].filter(({ id }) => id !== brokerId);
  return !others.some((other) => other.logDirs.some((directory) => logDirs.includes(directory)));
}

/** A broker that does not speak of a feature supports what there was before the feature. */
function assumedRange(name: string): { minSupportedVersion: number; maxSupportedVersion: number } {
  const only = name === METADATA_VERSION ? METADATA_VERSION_MIN : 0;
  return { minSupportedVersion: only, maxSupportedVersion: only };
}

/**
 * Fences and unfences as the broker wishes, and takes note of its log directories. A broker that wants to shut down may
 * do so at once: with nobody to take its partitions over there is nothing to wait for, and they keep their leader.
 */
export function brokerHeartbeat(
  request: BrokerHeartbeatRequest,
  context: ControlContext,
): ControlResult<BrokerHeartbeatResponse> {
  const { image } = context;
  const fault = brokerEpochFault(request.brokerId, request.brokerEpoch, image);
  if (fault !== ErrorCode.NONE) {
    const response = { throttleTimeMs: 0, errorCode: fault, isCaughtUp: false, isFenced: true, shouldShutDown: false };
    return { records: [], response };
  }
  const broker = image.cluster.broker(request.brokerId)!;
  const isCaughtUp = request.currentMetadataOffset >= broker.epoch;
  const wantsOut = request.wantFence || request.wantShutDown;
  const fenced = broker.fenced ? wantsOut || !isCaughtUp : request.wantFence && !request.wantShutDown;
  const records = directoryChanges(request, broker, image);
  if (fenced !== broker.fenced) {
    const { id: brokerId, epoch: brokerEpoch } = broker;
    records.push(
      metadataRecord('BrokerRegistrationChangeRecord', { brokerId, brokerEpoch, fenced: fenced ? FENCE : UNFENCE }),
    );
    if (!fenced) records.push(...electionsForUnfenced(image, brokerId));
  }
  return {
    records,
    response: {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      isCaughtUp,
      isFenced: fenced,
      shouldShutDown: request.wantShutDown,
    },
  };
}

/** Records for directories that went offline or were (un)cordoned since the last heartbeat. */
function directoryChanges(
  request: BrokerHeartbeatRequest,
  broker: BrokerRegistration,
  image: MetadataImage,
): MetadataRecord[] {
  const { id: brokerId, epoch: brokerEpoch } = broker;
  const level = image.metadataVersion;
  const records: MetadataRecord[] = [];
  const offline = broker.logDirs.filter((directory) => request.offlineLogDirs.includes(directory));
  if (offline.length > 0 && permittedAt.directoryAssignment(level)) {
    records.push(...leadersLost(image, brokerId, offline));
    const logDirs = broker.logDirs.filter((directory) => !offline.includes(directory));
    records.push(metadataRecord('BrokerRegistrationChangeRecord', { brokerId, brokerEpoch, logDirs }, 2));
  }
  const cordonedLogDirs = request.cordonedLogDirs;
  if (cordonedLogDirs === null || !permittedAt.cordonedLogDirs(level)) return records;
  const same =
    broker.cordonedLogDirs !== null &&
    cordonedLogDirs.length === broker.cordonedLogDirs.length &&
    cordonedLogDirs.every((directory) => broker.cordonedLogDirs!.includes(directory));
  if (!same) {
    records.push(metadataRecord('BrokerRegistrationChangeRecord', { brokerId, brokerEpoch, cordonedLogDirs }, 3));
  }
  return records;
}

/** What the broker leads from directories that went offline gets another leader, or none until they come back. */
function leadersLost(image: MetadataImage, brokerId: number, offline: readonly string[]): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      const place = partition.replicas.indexOf(brokerId);
      if (place < 0 || partition.leader !== brokerId || !offline.includes(partition.directories[place])) continue;
      const change = elect(partition, (id) => id !== brokerId && canLead(image, partition, id), 'clean');
      records.push(partitionChangeRecord(topic.id, index, change ?? { leader: -1 }, image.metadataVersion));
    }
  }
  return records;
}

/** Takes a broker that is gone for good out of the cluster. Its replicas stay assigned to it, without leadership. */
export function unregisterBroker(
  request: UnregisterBrokerRequest,
  context: ControlContext,
): ControlResult<UnregisterBrokerResponse> {
  const { brokerId } = request;
  const refused = (errorCode: number, errorMessage: string) => ({
    records: [],
    response: { throttleTimeMs: 0, errorCode, errorMessage },
  });
  const broker = context.image.cluster.broker(brokerId);
  if (!broker) return refused(ErrorCode.BROKER_ID_NOT_REGISTERED, `Broker ${brokerId} is not registered.`);
  if (brokerId === context.settings.nodeId) {
    return refused(ErrorCode.INVALID_REQUEST, `Broker ${brokerId} is running. Stop it before it is unregistered.`);
  }
  const records: MetadataRecord[] = [];
  const { image } = context;
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      const change = withoutBroker(partition.leader === brokerId, partition.isr, brokerId);
      if (!change) continue;
      const mayLead = (id: number) => id !== brokerId && canLead(image, partition, id);
      const elected = partition.leader === brokerId ? elect(partition, mayLead, 'clean') : null;
      records.push(partitionChangeRecord(topic.id, index, { ...change, ...elected }, image.metadataVersion));
    }
  }
  records.push(metadataRecord('UnregisterBrokerRecord', { brokerId, brokerEpoch: broker.epoch }));
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null } };
}

/** The last in-sync replica stays in the ISR, as what to wait for. */
function withoutBroker(leads: boolean, isr: readonly number[], brokerId: number) {
  if (!leads && !isr.includes(brokerId)) return null;
  const rest = isr.filter((id) => id !== brokerId);
  return { ...(leads ? { leader: -1 } : {}), ...(rest.length > 0 && rest.length < isr.length ? { isr: rest } : {}) };
}
