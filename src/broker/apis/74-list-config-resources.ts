/** ListConfigResources v0-1 (KIP-1142): names of resources that can have settings; v0 lists client metrics only. */
import { ConfigResourceType } from '../../metadata/configs-image.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../protocol/messages/74-list-config-resources.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

const ALL_TYPES = Object.values(ConfigResourceType);

export const listConfigResources = api(
  listConfigResourcesRequest,
  listConfigResourcesResponse,
  (request, context, services) => {
    let types: readonly number[] = [ConfigResourceType.CLIENT_METRICS];
    if (context.apiVersion >= 1)
      types = request.resourceTypes.length > 0 ? [...new Set(request.resourceTypes)] : ALL_TYPES;
    if (types.some((type) => !ALL_TYPES.includes(type as never))) return { errorCode: ErrorCode.UNSUPPORTED_VERSION };
    return {
      configResources: types.flatMap((resourceType) =>
        namesOf(resourceType, services).map((resourceName) => ({ resourceName, resourceType })),
      ),
    };
  },
);

function namesOf(type: number, { image }: BrokerServices): string[] {
  switch (type) {
    case ConfigResourceType.TOPIC:
      return [...image.topics.names()];
    case ConfigResourceType.BROKER:
    case ConfigResourceType.BROKER_LOGGER:
      return [...image.cluster.brokers()].map(({ id }) => String(id));
    default:
      return image.configs.namesOf(type);
  }
}
