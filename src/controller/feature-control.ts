/** UpdateFeatures: raises and lowers finalized feature levels (KIP-584, KIP-778). Pure; control thread. */
import { ConfigResourceType } from '../metadata/configs-image.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import {
  FEATURE_DEPENDENCIES,
  KRAFT_VERSION,
  METADATA_VERSION,
  METADATA_VERSION_MIN,
  metadataChangedBetween,
  releaseOf,
  SUPPORTED_FEATURES,
} from '../metadata/metadata-version.ts';
import { ErrorCode, errorName } from '../protocol/errors.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/messages/57-update-features.ts';
import { type ApiError, apiError, type ControlContext, type ControlResult, duplicatesOf } from './control-context.ts';

const UpgradeType = { UNKNOWN: 0, UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;
const ELR_VERSION = 'eligible.leader.replicas.version';
const MIN_INSYNC_REPLICAS = 'min.insync.replicas';

type FeatureUpdate = UpdateFeaturesRequest['featureUpdates'][number];

/** All updates take effect or none. */
export function updateFeatures(
  request: UpdateFeaturesRequest,
  context: ControlContext,
): ControlResult<UpdateFeaturesResponse> {
  const updates = request.featureUpdates;
  const levels = new Map(context.image.features);
  for (const { feature, maxVersionLevel } of updates) levels.set(feature, maxVersionLevel);
  const records: MetadataRecord[] = [];
  const [twice] = duplicatesOf(updates.map(({ feature }) => feature));
  if (twice !== undefined)
    return failed(apiError(ErrorCode.INVALID_REQUEST, `Feature ${twice} stands in the request twice.`));
  for (const update of updates) {
    const fault = updateFault(update, levels, context);
    if (fault) return failed(invalid(update, fault));
    const { feature: name, maxVersionLevel: featureLevel } = update;
    if (name !== KRAFT_VERSION) records.push(metadataRecord('FeatureLevelRecord', { name, featureLevel }));
    if (name === ELR_VERSION && featureLevel > 0) records.push(...clusterMinimum(context));
  }
  return {
    records: request.validateOnly ? [] : records,
    response: {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      results: updates.map(({ feature }) => succeeded(feature)),
    },
  };
}

function levelOf(feature: string, { image, kraftVersion }: ControlContext): number {
  if (feature === METADATA_VERSION) return image.metadataVersion;
  return feature === KRAFT_VERSION ? kraftVersion : (image.features.get(feature) ?? 0);
}

function invalid({ feature, maxVersionLevel }: FeatureUpdate, fault: string): ApiError {
  const message = `Invalid update version ${maxVersionLevel} for feature ${feature}. ${fault}`;
  return apiError(ErrorCode.INVALID_UPDATE_VERSION, message);
}

function updateFault(
  update: FeatureUpdate,
  levels: ReadonlyMap<string, number>,
  context: ControlContext,
): string | null {
  const { feature, maxVersionLevel: level } = update;
  // Version 0 has no type and counts as an upgrade, whatever it says of downgrades, as in Kafka.
  const type = context.request.apiVersion === 0 ? UpgradeType.UPGRADE : update.upgradeType;
  if (type < UpgradeType.UPGRADE || type > UpgradeType.UNSAFE_DOWNGRADE) return `Upgrade type ${type} is not known.`;
  if (level < 0) return 'A feature level cannot be negative.';
  const range = SUPPORTED_FEATURES.get(feature);
  if (!range) return 'This feature is not known here.';
  const unsupported = supportFault(feature, level, context.image);
  if (unsupported) return unsupported;
  const current = levelOf(feature, context);
  if (level < current && type === UpgradeType.UPGRADE) {
    return `The level is ${current} now. Lowering it needs the upgrade type SAFE_DOWNGRADE or UNSAFE_DOWNGRADE.`;
  }
  if (level > current && type !== UpgradeType.UPGRADE)
    return `The level is ${current} now, so this is not a downgrade.`;
  if (feature === METADATA_VERSION) return metadataVersionFault(level, current);
  if (feature === KRAFT_VERSION && level !== current)
    return 'The quorum has one voter; its version is set when a directory is formatted.';
  for (const [dependent, dependentLevel, needed, neededLevel] of FEATURE_DEPENDENCIES) {
    if (dependent !== feature || level < dependentLevel) continue;
    if ((levels.get(needed) ?? METADATA_VERSION_MIN) < neededLevel)
      return `It needs ${needed} at level ${neededLevel} at least.`;
  }
  return null;
}

function supportFault(feature: string, level: number, image: MetadataImage): string | null {
  const range = SUPPORTED_FEATURES.get(feature)!;
  if (level < range.min || level > range.max) {
    return `The controller supports levels ${range.min} to ${range.max}.`;
  }
  for (const broker of image.cluster.brokers()) {
    const own = broker.features.find(({ name }) => name === feature);
    const min = own?.minSupportedVersion ?? 0;
    const max = own?.maxSupportedVersion ?? 0;
    if (level < min || level > max) return `Broker ${broker.id} supports levels ${min} to ${max}.`;
  }
  return null;
}

function metadataVersionFault(level: number, current: number): string | null {
  if (level >= current || !metadataChangedBetween(level, current)) return null;
  return `Going from ${releaseOf(current)} back to ${releaseOf(level)} could lose metadata and is not supported.`;
}

/** Kafka's message of a success is the name of its code. */
function succeeded(feature: string) {
  return { feature, errorCode: ErrorCode.NONE, errorMessage: errorName(ErrorCode.NONE) };
}

function failed({ code, message }: ApiError): ControlResult<UpdateFeaturesResponse> {
  const errorMessage = `No feature was updated: ${message}`;
  return { records: [], response: { throttleTimeMs: 0, errorCode: code, errorMessage, results: [] } };
}

/** With ELR the minimum of in-sync replicas is a setting of the cluster, not of single brokers. */
function clusterMinimum({ image, settings }: ControlContext): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const { resourceType, resourceName, values } of image.configs.resources()) {
    if (resourceType !== ConfigResourceType.BROKER || resourceName === '' || !values.has(MIN_INSYNC_REPLICAS)) continue;
    records.push(
      metadataRecord('ConfigRecord', { resourceType, resourceName, name: MIN_INSYNC_REPLICAS, value: null }),
    );
  }
  if (image.configs.broker().has(MIN_INSYNC_REPLICAS)) return records;
  const value = String(settings.minInsyncReplicas ?? 1);
  const resource = { resourceType: ConfigResourceType.BROKER, resourceName: '' };
  return [...records, metadataRecord('ConfigRecord', { ...resource, name: MIN_INSYNC_REPLICAS, value })];
}
