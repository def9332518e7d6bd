/**
 * IncrementalAlterConfigs v0-1. Levels of this broker's loggers (BROKER_LOGGER) are changed here and now and stand in no
 * metadata; every other resource is the controller's.
 */
import { ConfigOperation } from '../../controller/config-control.ts';
import { ConfigResourceType } from '../../metadata/configs-image.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import {
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts';
import {
  isLoggerLevel,
  isLoggerName,
  LOG_LEVELS,
  type LoggerLevel,
  type LoggerName,
  ROOT_LOGGER,
} from '../../telemetry/component-loggers.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';
import { controllerContext } from './controller-apis.ts';

type Resource = IncrementalAlterConfigsRequest['resources'][number];
type Outcome = IncrementalAlterConfigsResponse['responses'][number];

export const incrementalAlterConfigs = api(
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  async (request, context, services) => {
    const { resources } = request;
    const own = resources.filter(({ resourceType }) => resourceType === ConfigResourceType.BROKER_LOGGER);
    const others = resources.filter((resource) => !own.includes(resource));
    const outcomes = new Map<Resource, Outcome>();
    for (const resource of own) outcomes.set(resource, alterLoggers(resource, own, request.validateOnly, services));
    if (others.length > 0) {
      const asked = { ...request, resources: others };
      const { responses } = await services.controller.incrementalAlterConfigs(asked, controllerContext(context));
      for (const [index, resource] of others.entries()) outcomes.set(resource, responses[index]);
    }
    return { responses: resources.map((resource) => outcomes.get(resource)!) };
  },
);

function alterLoggers(
  resource: Resource,
  own: readonly Resource[],
  validateOnly: boolean,
  services: BrokerServices,
): Outcome {
  const { resourceType, resourceName, configs } = resource;
  try {
    const same = own.filter((other) => other.resourceName === resourceName);
    if (same.length > 1) throw invalid('The resource stands in the request twice.');
    if (new Set(configs.map(({ name }) => name)).size < configs.length) {
      throw invalid('A logger stands in the resource twice.');
    }
    if (resourceName !== String(services.nodeId)) {
      throw invalid(`This is broker ${services.nodeId}; loggers of broker '${resourceName}' are changed there.`);
    }
    const levels = configs.map((operation) => levelAfter(operation));
    if (!validateOnly) {
      for (const [name, level] of levels) services.loggers.setLevel(name, level);
      services.setLogLevels();
    }
    return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName };
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName };
  }
}

/** The logger and its level after the operation, null for that of `root`. */
function levelAfter({ name, configOperation, value }: Resource['configs'][number]): [LoggerName, LoggerLevel | null] {
  const { SET, DELETE } = ConfigOperation;
  if (configOperation !== SET && configOperation !== DELETE) throw invalid('A level can only be set or deleted.');
  if (configOperation === SET && value === null) throw invalid(`Give a level for ${name}, or delete it.`);
  if (!isLoggerName(name)) throw new KafkaError(ErrorCode.INVALID_CONFIG, `There is no logger ${name} here.`);
  if (configOperation === DELETE) {
    if (name === ROOT_LOGGER) throw invalid('The level of the root logger cannot be deleted, only set.');
    return [name, null];
  }
  if (!isLoggerLevel(value!)) {
    const message = `${value} is no level for ${name}: it is one of ${LOG_LEVELS.join(', ')}.`;
    throw new KafkaError(ErrorCode.INVALID_CONFIG, message);
  }
  return [name, value];
}

function invalid(message: string): KafkaError {
  return new KafkaError(ErrorCode.INVALID_REQUEST, message);
}
