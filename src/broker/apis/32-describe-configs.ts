/**
 * DescribeConfigs v1-4: topics, brokers (by id, or '' for the cluster's defaults), groups, client metrics, loggers. Where
 * there is nothing to say, the message is empty and not null, as in Kafka.
 */
import { inHashTableOrder } from '../../base/hash-table-order.ts';
import {
  ConfigSource,
  type DescribedConfig,
  describeBrokerConfig,
  describeClientMetricsConfig,
  describeClusterBrokerConfig,
  describeGroupConfig,
  describeTopicConfig,
} from '../../config/describe-configs.ts';
import { ConfigResourceType } from '../../metadata/configs-image.ts';
import { topicNameFault } from '../../metadata/topic-name.ts';
import { ErrorCode, errorMessage, KafkaError } from '../../protocol/errors.ts';
import {
  type DescribeConfigsRequest,
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../protocol/messages/32-describe-configs.ts';
import { LOGGER_NAMES } from '../../telemetry/component-loggers.ts';
import { api } from '../api-handler.ts';
import type { BrokerServices } from '../broker-services.ts';

type Resource = DescribeConfigsRequest['resources'][number];

const RESOURCE_TYPES: ReadonlySet<number> = new Set(Object.values(ConfigResourceType));

export const describeConfigs = api(describeConfigsRequest, describeConfigsResponse, (request, _, services) => ({
  results: request.resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    try {
      requireKnownTypes(request);
      // No names and an empty list of them both mean all. The order is the same, whatever order they were asked for in.
      const asked = resource.configurationKeys?.length ? new Set(resource.configurationKeys) : null;
      const configs = list(resource, services)
        .filter(({ name }) => asked?.has(name) ?? true)
        .map((config) => ({
          ...config,
          synonyms: request.includeSynonyms ? [...config.synonyms] : [],
          documentation: request.includeDocumentation || !config.documentation ? config.documentation : null,
        }));
      return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs };
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      return { errorCode: error.code, errorMessage: error.message, resourceType, resourceName, configs: [] };
    }
  }),
}));

function list({ resourceType, resourceName }: Resource, services: BrokerServices): readonly DescribedConfig[] {
  const { image, nodeId } = services;
  const config = services.config();
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      if (topicNameFault(resourceName) !== null) throw failure(ErrorCode.INVALID_TOPIC_EXCEPTION);
      if (!image.topics.byName(resourceName)) throw failure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, '');
      return inAnswerOrder(describeTopicConfig(image.configs.topic(resourceName), config));
    case ConfigResourceType.BROKER:
      if (resourceName === '') return inAnswerOrder(describeClusterBrokerConfig(config));
      if (resourceName === String(nodeId)) return inAnswerOrder(describeBrokerConfig(config));
      throw failure(
        ErrorCode.INVALID_REQUEST,
        `Unexpected broker id, expected ${nodeId} or empty string, but received ${resourceName}`,
      );
    case ConfigResourceType.GROUP:
      if (resourceName === '') throw failure(ErrorCode.INVALID_REQUEST, 'Group name must not be empty');
      return inAnswerOrder(describeGroupConfig(image.configs.group(resourceName), config));
    case ConfigResourceType.CLIENT_METRICS:
      if (resourceName === '')
        throw failure(ErrorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty');
      return inAnswerOrder(describeClientMetricsConfig(image.configs.of(resourceType, resourceName)));
    case ConfigResourceType.BROKER_LOGGER:
      if (resourceName !== String(nodeId)) {
        throw failure(
          ErrorCode.INVALID_REQUEST,
          `Unexpected broker id, expected ${nodeId} but received ${resourceName}`,
        );
      }
      return describeLoggers(services);
    default:
      throw new Error(`no settings of resource type ${resourceType}`);
  }
}

/** One resource of an unknown type fails all of the request. */
function requireKnownTypes({ resources }: DescribeConfigsRequest): void {
  const unknown = resources.find(({ resourceType }) => !RESOURCE_TYPES.has(resourceType));
  if (unknown) throw failure(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${unknown.resourceType}`);
}

/** Clients that compare whole answers rely on Kafka's order, whatever order the settings were asked for in. */
function inAnswerOrder(configs: readonly DescribedConfig[]): DescribedConfig[] {
  return inHashTableOrder(configs, ({ name }) => name);
}

/** KIP-412: every logger with the level in effect. */
function describeLoggers({ loggers }: BrokerServices): DescribedConfig[] {
  return LOGGER_NAMES.map((name) => ({
    name,
    value: loggers.levelOf(name),
    readOnly: false,
    configSource: ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG,
    isSensitive: false,
    synonyms: [],
    configType: 0,
    documentation: '',
  }));
}

function failure(code: ErrorCode, message = errorMessage(code)): KafkaError {
  return new KafkaError(code, message);
}
