/** UpdateFeatures: raises and lowers finalized feature levels (KIP-584, KIP-778). Pure; control thread. */
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
import { ErrorCode } from '../protocol/errors.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/messages/57-update-features.ts';
import { type ApiError, apiError, type ControlContext, type ControlResult, duplicatesOf } from './control-context.ts';

const UpgradeType = { UNKNOWN: 0, UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;
/** From this version on there is one error for all updates and no result for each. */
const ONE_ERROR_SINCE_VERSION = 2;

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
  if (updates.length === 0)
    return failed(null, apiError(ErrorCode.INVALID_REQUEST, 'The request names no feature.'), request, context);
  if (twice !== undefined) {
    return failed(
      twice,
      apiError(ErrorCode.INVALID_REQUEST, `Feature ${twice} stands in the request twice.`),
      request,
      context,
    );
  }
  for (const update of updates) {
    const fault = updateFault(update, levels, context);
    if (fault) return failed(update.feature, invalid(update, fault), request, context);
    const { feature: name, maxVersionLevel: featureLevel } = update;
    if (levelOf(name, context.image) === featureLevel && name !== METADATA_VERSION) continue;
    records.push(metadataRecord('FeatureLevelRecord', { name, featureLevel }));
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

function levelOf(feature: string, image: MetadataImage): number {
  return feature === METADATA_VERSION ? image.metadataVersion : (image.features.get(feature) ?? 0);
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
  const type = upgradeTypeOf(update, context);
  if (type < UpgradeType.UPGRADE || type > UpgradeType.UNSAFE_DOWNGRADE) return `Upgrade type ${type} is not known.`;
  if (level < 0) return 'A feature level cannot be negative.';
  const range = SUPPORTED_FEATURES.get(feature);
  if (!range) return 'This feature is not known here.';
  if (feature === KRAFT_VERSION) return 'The quorum has one voter; its version is set when a directory is formatted.';
  const unsupported = supportFault(feature, level, context.image);
  if (unsupported) return unsupported;
  const current = levelOf(feature, context.image);
  if (level < current && type === UpgradeType.UPGRADE) {
    return `The level is ${current} now. Lowering it needs the upgrade type SAFE_DOWNGRADE or UNSAFE_DOWNGRADE.`;
  }
  if (level > current && type !== UpgradeType.UPGRADE)
    return `The level is ${current} now, so this is not a downgrade.`;
  if (feature === METADATA_VERSION) return metadataVersionFault(level, current);
  for (const [dependent, dependentLevel, needed, neededLevel] of FEATURE_DEPENDENCIES) {
    if (dependent !== feature || level < dependentLevel) continue;
    if ((levels.get(needed) ?? METADATA_VERSION_MIN) < neededLevel)
      return `It needs ${needed} at level ${neededLevel} at least.`;
  }
  return null;
}

/** Version 0 knew only "may be lowered". */
function upgradeTypeOf(update: FeatureUpdate, context: ControlContext): number {
  if (context.request.apiVersion > 0) return update.upgradeType;
  return update.allowDowngrade ? UpgradeType.SAFE_DOWNGRADE : UpgradeType.UPGRADE;
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

function succeeded(feature: string) {
  return { feature, errorCode: ErrorCode.NONE, errorMessage: null };
}

/** Before version 2 every feature has its own result, and those that were fine are told that nothing happened. */
function failed(
  feature: string | null,
  error: ApiError,
  request: UpdateFeaturesRequest,
  context: ControlContext,
): ControlResult<UpdateFeaturesResponse> {
  const perFeature = context.request.apiVersion < ONE_ERROR_SINCE_VERSION && feature !== null;
  const results = request.featureUpdates.map((update) => ({
    feature: update.feature,
    errorCode: error.code,
    errorMessage: update.feature === feature ? error.message : `Not done, because the update of ${feature} failed.`,
  }));
  return {
    records: [],
    response: {
      throttleTimeMs: 0,
      errorCode: perFeature ? ErrorCode.NONE : error.code,
      errorMessage: perFeature ? null : error.message,
      results: perFeature ? results : [],
    },
  };
}
