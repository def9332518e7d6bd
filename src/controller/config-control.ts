/**
 * IncrementalAlterConfigs and AlterConfigs for topics, brokers, groups and client metrics subscriptions. Pure; control
 * thread. Settings of loggers are not metadata: the broker deals with them before it asks its controller.
 */
import { ConfigResourceType, type ConfigValues, configKey } from '../metadata/configs-image.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { permittedAt } from '../metadata/metadata-version.ts';
import { topicNameFault } from '../metadata/topic-name.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { AlterConfigsRequest, AlterConfigsResponse } from '../protocol/messages/33-alter-configs.ts';
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../protocol/messages/44-incremental-alter-configs.ts';
import type { ConfigFault } from './config-rules.ts';
import {
  type ApiError,
  allows,
  apiError,
  type ControlContext,
  type ControlResult,
  duplicatesOf,
  NO_ERROR,
  RECORDS_PER_REQUEST_MAX,
} from './control-context.ts';

export const ConfigOperation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;
const OPERATION_NAMES = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'];

const MIN_INSYNC_REPLICAS = 'min.insync.replicas';

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}
interface Operation {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}
/** What each named setting becomes; null removes it. */
type Changes = Map<string, string | null>;

export function incrementalAlterConfigs(
  request: IncrementalAlterConfigsRequest,
  context: ControlContext,
): ControlResult<IncrementalAlterConfigsResponse> {
  return alterResources(request.resources, request.validateOnly, context, (resource) =>
    incrementalChanges(resource, resource.configs, context),
  );
}

/** What the request does not name is removed. */
export function alterConfigs(
  request: AlterConfigsRequest,
  context: ControlContext,
): ControlResult<AlterConfigsResponse> {
  return alterResources(request.resources, request.validateOnly, context, (resource) => {
    const fault = nullFault(resource.configs);
    if (fault) return fault;
    const changes: Changes = new Map(resource.configs.map(({ name, value }) => [name, value]));
    for (const name of current(resource, context).keys()) if (!changes.has(name)) changes.set(name, null);
    return changes;
  });
}

interface AlterableResource extends Resource {
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

function alterResources<R extends AlterableResource>(
  resources: readonly R[],
  validateOnly: boolean,
  context: ControlContext,
  changesOf: (resource: R) => Changes | ApiError,
): ControlResult<AlterConfigsResponse> {
  const records: MetadataRecord[] = [];
  const responses: AlterConfigsResponse['responses'] = [];
  const duplicates = duplicatesOf(
    resources.map(({ resourceType, resourceName }) => configKey(resourceType, resourceName)),
  );
  for (const resource of resources) {
    const { resourceType, resourceName } = resource;
    const outcome = duplicates.has(configKey(resourceType, resourceName))
      ? apiError(ErrorCode.INVALID_REQUEST, 'The resource stands in the request twice.')
      : alterResource(resource, context, changesOf);
    const error =
      'code' in outcome ? outcome : records.length + outcome.length > RECORDS_PER_REQUEST_MAX ? TOO_MANY : NO_ERROR;
    if (!('code' in outcome) && error === NO_ERROR) records.push(...outcome);
    responses.push({ errorCode: error.code, errorMessage: error.message, resourceType, resourceName });
  }
  return { records: validateOnly ? [] : records, response: { throttleTimeMs: 0, responses } };
}

const TOO_MANY = apiError(
  ErrorCode.POLICY_VIOLATION,
  `The request changes more than ${RECORDS_PER_REQUEST_MAX} settings. Split it.`,
);

function alterResource<R extends AlterableResource>(
  resource: R,
  context: ControlContext,
  changesOf: (resource: R) => Changes | ApiError,
): MetadataRecord[] | ApiError {
  if (!mayAlter(resource, context)) return denied(resource);
  const [twice] = duplicatesOf(resource.configs.map(({ name }) => name));
  if (twice !== undefined)
    return apiError(ErrorCode.INVALID_REQUEST, `The setting ${twice} stands in the resource twice.`);
  const fault = resourceFault(resource, context);
  if (fault) return fault;
  const changes = changesOf(resource);
  if ('code' in changes) return changes;
  const before = current(resource, context);
  const after = new Map(before);
  for (const [name, value] of changes) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  const invalid =
    lengthFault(after) ??
    valuesFault(resource, after, [...changes.keys()], context) ??
    minimumFault(resource, changes, context) ??
    cordonedFault(changes, context) ??
    existenceFault(resource, context);
  if (invalid) return invalid;
  return changeRecords(resource, before, changes, context);
}

function changeRecords(
  resource: Resource,
  before: ConfigValues,
  changes: Changes,
  context: ControlContext,
): MetadataRecord[] {
  const { resourceType, resourceName } = resource;
  const records: MetadataRecord[] = [];
  for (const [name, value] of changes) {
    // A broker's setting is written even when it stays the same: writing it is how a file that it names (a key store)
    // is loaded anew.
    if ((before.get(name) ?? null) === value && resourceType !== ConfigResourceType.BROKER) continue;
    records.push(metadataRecord('ConfigRecord', { resourceType, resourceName, name, value }));
  }
  // Replicas were remembered as eligible under the old minimum; under another one they need not be (KIP-966).
  if (context.image.elrEnabled && minimumChanged(before, changes)) {
    const topicName = resourceType === ConfigResourceType.TOPIC ? resourceName : '';
    records.push(metadataRecord('ClearElrRecord', { topicName }));
  }
  return records;
}

function minimumChanged(before: ConfigValues, changes: Changes): boolean {
  const value = changes.get(MIN_INSYNC_REPLICAS);
  return value !== undefined && value !== (before.get(MIN_INSYNC_REPLICAS) ?? null);
}

/** With ELR all brokers must agree on the minimum, so it is a setting of the cluster and never absent. */
function minimumFault(
  { resourceType, resourceName }: Resource,
  changes: Changes,
  context: ControlContext,
): ApiError | null {
  const value = changes.get(MIN_INSYNC_REPLICAS);
  if (resourceType !== ConfigResourceType.BROKER || value === undefined || !context.image.elrEnabled) return null;
  if (resourceName !== '') {
    return apiError(
      ErrorCode.INVALID_CONFIG,
      'With ELR, min.insync.replicas cannot be set for one broker; set it for the cluster or a topic.',
    );
  }
  if (value !== null) return null;
  return apiError(
    ErrorCode.INVALID_CONFIG,
    'With ELR, min.insync.replicas of the cluster cannot be removed; set it to 1 instead.',
  );
}

/** The controller could not keep what the brokers would tell it of them. */
function cordonedFault(changes: Changes, { image }: ControlContext): ApiError | null {
  if (!changes.has('cordoned.log.dirs') || permittedAt.cordonedLogDirs(image.metadataVersion)) return null;
  return apiError(ErrorCode.INVALID_CONFIG, 'cordoned.log.dirs needs metadata.version 4.3-IV0. Upgrade it first.');
}

function current({ resourceType, resourceName }: Resource, context: ControlContext): ConfigValues {
  return context.image.configs.of(resourceType, resourceName);
}

function nullFault(configs: readonly { readonly name: string; readonly value: string | null }[]): ApiError | null {
  const nulls = configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length === 0) return null;
  return apiError(
    ErrorCode.INVALID_REQUEST,
    `Null value not supported for: ${nulls.join(', ')}. Use DELETE to remove a setting.`,
  );
}

function incrementalChanges(
  resource: Resource,
  operations: readonly Operation[],
  context: ControlContext,
): Changes | ApiError {
  const fault = nullFault(operations.filter(({ configOperation }) => configOperation !== ConfigOperation.DELETE));
  if (fault) return fault;
  const changes: Changes = new Map();
  for (const operation of operations) {
    const value = operate(resource, operation, context);
    if (value !== null && typeof value === 'object') return value;
    changes.set(operation.name, value);
  }
  return changes;
}

/** The value after one operation, null when the setting is removed. */
function operate(resource: Resource, operation: Operation, context: ControlContext): string | null | ApiError {
  const { name, configOperation, value } = operation;
  switch (configOperation) {
    case ConfigOperation.SET:
      return value;
    case ConfigOperation.DELETE:
      return null;
    case ConfigOperation.APPEND:
    case ConfigOperation.SUBTRACT:
      break;
    default:
      return apiError(ErrorCode.INVALID_REQUEST, `Operation ${configOperation} is not known.`);
  }
  const fallback = context.rules.listDefault(resource.resourceType, name);
  if (fallback === null) {
    const cannot = `Cannot ${OPERATION_NAMES[configOperation]} to ${name}`;
    return apiError(ErrorCode.INVALID_CONFIG, `${cannot}: no setting of that name is a list; others are SET whole.`);
  }
  const set = current(resource, context).get(name);
  const elements = set === undefined ? [...fallback] : set.split(',').filter((element) => element !== '');
  const operands = value!.split(',');
  if (configOperation === ConfigOperation.SUBTRACT) {
    return elements.filter((element) => !operands.includes(element)).join(',');
  }
  for (const operand of operands) if (!elements.includes(operand)) elements.push(operand);
  return elements.join(',');
}

/** What is wrong with the resource itself, whatever is to be done with it; a topic's name is looked at with the values. */
function resourceFault({ resourceType, resourceName }: Resource, context: ControlContext): ApiError | null {
  const invalid = (message: string) => apiError(ErrorCode.INVALID_REQUEST, message);
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return resourceName === '' ? invalid('Defaults of all topics are settings of the broker: name a topic.') : null;
    case ConfigResourceType.BROKER: {
      const { nodeId } = context.settings;
      if (resourceName === '' || resourceName === String(nodeId)) return null;
      if (!/^-?\d+$/.test(resourceName)) return invalid(`A broker id must be a number, but is '${resourceName}'.`);
      return invalid(`This is broker ${nodeId}; settings of broker ${resourceName} are changed there.`);
    }
    case ConfigResourceType.GROUP:
      return resourceName === '' ? invalid('Defaults of all groups are settings of the broker: name a group.') : null;
    case ConfigResourceType.CLIENT_METRICS:
      return resourceName === '' ? invalid('Name a client metrics subscription.') : null;
    default:
      return invalid(`Unknown resource type ${resourceType}.`);
  }
}

function existenceFault({ resourceType, resourceName }: Resource, context: ControlContext): ApiError | null {
  if (resourceType !== ConfigResourceType.TOPIC || context.image.topics.idOf(resourceName) !== undefined) return null;
  return apiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${resourceName}' does not exist.`);
}

function valuesFault(
  { resourceType, resourceName }: Resource,
  values: ConfigValues,
  changed: readonly string[],
  context: ControlContext,
): ApiError | null {
  const { rules } = context;
  switch (resourceType) {
    case ConfigResourceType.TOPIC: {
      const fault = topicNameFault(resourceName);
      return fault ? apiError(ErrorCode.INVALID_TOPIC_EXCEPTION, fault) : errorOf(rules.topicFault(values));
    }
    case ConfigResourceType.GROUP:
      return errorOf(rules.groupFault(values));
    case ConfigResourceType.CLIENT_METRICS:
      return errorOf(rules.clientMetricsFault(values));
    default:
      return errorOf(rules.brokerFault(values, changed, resourceName !== ''));
  }
}

function errorOf(fault: ConfigFault | null): ApiError | null {
  return fault && apiError(ErrorCode[fault.code], fault.problem);
}

/** Longest value that a record can hold; appending can make one longer. */
const VALUE_BYTES_MAX = 32_767;

function lengthFault(values: ConfigValues): ApiError | null {
  for (const [name, value] of values) {
    if (Buffer.byteLength(value) <= VALUE_BYTES_MAX) continue;
    return apiError(ErrorCode.INVALID_CONFIG, `The value of ${name} is longer than ${VALUE_BYTES_MAX} bytes.`);
  }
  return null;
}

function mayAlter({ resourceType, resourceName }: Resource, context: ControlContext): boolean {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return allows(context, 'ALTER_CONFIGS', 'TOPIC', resourceName);
    case ConfigResourceType.GROUP:
      return allows(context, 'ALTER_CONFIGS', 'GROUP', resourceName);
    default:
      return allows(context, 'ALTER_CONFIGS', 'CLUSTER', 'kafka-cluster');
  }
}

function denied({ resourceType }: Resource): ApiError {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return apiError(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    case ConfigResourceType.GROUP:
      return apiError(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    default:
      return apiError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  }
}
