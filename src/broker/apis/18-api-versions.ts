/**
 * ApiVersions v0-5: derived from the API table, so that it cannot promise what is not there. Features are the levels in
 * the metadata image. Produce is advertised from version 0 on, though versions below 3 are refused: librdkafka up to
 * 2.8 concludes from it what a broker can do (KAFKA-18659).
 */
import { KRAFT_VERSION, SUPPORTED_FEATURES } from '../../metadata/metadata-version.ts';
import { ApiKey } from '../../protocol/api-keys.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  apiVersionsRequest,
  apiVersionsResponse,
} from '../../protocol/messages/18-api-versions.ts';
import { type Api, api } from '../api-handler.ts';
import type { BrokerServices, RequestContext } from '../broker-services.ts';
import { isSoftwareText } from '../io/client-software.ts';

const SOFTWARE_VERSION = 3;
/** From here on a feature may have the least level 0 (KAFKA-17492). */
const ZERO_LEVEL_VERSION = 4;

export function apiVersions(apis: () => Iterable<Api>): Api {
  return api(apiVersionsRequest, apiVersionsResponse, (request, context, services) =>
    describeVersions(request, context, services, apis()),
  );
}

function describeVersions(
  request: ApiVersionsRequest,
  { apiVersion }: RequestContext,
  services: BrokerServices,
  apis: Iterable<Api>,
): Partial<ApiVersionsResponse> {
  if (apiVersion >= SOFTWARE_VERSION) {
    const named = [request.clientSoftwareName, request.clientSoftwareVersion].every(isSoftwareText);
    if (!named) return { errorCode: ErrorCode.INVALID_REQUEST };
  }
  if (request.clusterId !== null && request.nodeId !== -1) {
    const mine = request.clusterId === services.clusterId && request.nodeId === services.nodeId;
    if (!mine) return { errorCode: ErrorCode.REBOOTSTRAP_REQUIRED };
  }
  const features = [...SUPPORTED_FEATURES].filter(([, { min }]) => apiVersion >= ZERO_LEVEL_VERSION || min > 0);
  return {
    apiKeys: [...apis].map(rangeOf),
    supportedFeatures: features.map(([name, { min, max }]) => ({ name, minVersion: min, maxVersion: max })),
    finalizedFeaturesEpoch: services.image.lastOffset,
    finalizedFeatures: finalizedLevels(services).map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  };
}

function finalizedLevels({ image, controller }: BrokerServices): [name: string, level: number][] {
  const levels = [...image.features];
  if (controller.kraftVersion > 0) levels.push([KRAFT_VERSION, controller.kraftVersion]);
  return levels;
}

/** The answer to a version that does not exist: in v0 layout, with this API's own range only. */
export function answerUnsupportedVersion(self: Api): Partial<ApiVersionsResponse> {
  return { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [rangeOf(self)] };
}

function rangeOf({ request, minVersion, maxVersion }: Api): ApiVersionsResponse['apiKeys'][number] {
  const { apiKey } = request;
  return { apiKey, minVersion: apiKey === ApiKey.Produce ? 0 : minVersion, maxVersion };
}
