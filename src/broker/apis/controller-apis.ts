/**
 * The APIs that the controller answers: topics, partitions, settings, ACLs, SCRAM credentials, elections, reassignments,
 * the quorum, features, registrations of brokers. A broker forwards them; with the controller inside, forwarding is a call.
 */
import type { ControllerRequestContext } from '../../controller/controller.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { createTopicsRequest, createTopicsResponse } from '../../protocol/messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from '../../protocol/messages/20-delete-topics.ts';
import { createAclsRequest, createAclsResponse } from '../../protocol/messages/30-create-acls.ts';
import { deleteAclsRequest, deleteAclsResponse } from '../../protocol/messages/31-delete-acls.ts';
import { alterConfigsRequest, alterConfigsResponse } from '../../protocol/messages/33-alter-configs.ts';
import { createPartitionsRequest, createPartitionsResponse } from '../../protocol/messages/37-create-partitions.ts';
import { electLeadersRequest, electLeadersResponse } from '../../protocol/messages/43-elect-leaders.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts';
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from '../../protocol/messages/51-alter-user-scram-credentials.ts';
import { describeQuorumRequest, describeQuorumResponse } from '../../protocol/messages/55-describe-quorum.ts';
import { updateFeaturesRequest, updateFeaturesResponse } from '../../protocol/messages/57-update-features.ts';
import { unregisterBrokerRequest, unregisterBrokerResponse } from '../../protocol/messages/64-unregister-broker.ts';
import { type Api, api } from '../api-handler.ts';
import type { RequestContext } from '../broker-services.ts';

/** KIP-460 */
const ELECTION_ERROR_VERSION = 1;
/** KIP-853 */
const QUORUM_NODES_VERSION = 2;

export function controllerContext({ apiVersion, principal }: RequestContext): ControllerRequestContext {
  return { apiVersion, principal };
}

export const controllerApis: readonly Api[] = [
  api(createTopicsRequest, createTopicsResponse, (request, context, { controller }) =>
    controller.createTopics(request, controllerContext(context)),
  ),
  api(deleteTopicsRequest, deleteTopicsResponse, (request, context, { controller }) =>
    controller.deleteTopics(request, controllerContext(context)),
  ),
  api(createAclsRequest, createAclsResponse, (request, context, { controller }) =>
    controller.createAcls(request, controllerContext(context)),
  ),
  api(deleteAclsRequest, deleteAclsResponse, (request, context, { controller }) =>
    controller.deleteAcls(request, controllerContext(context)),
  ),
  api(alterConfigsRequest, alterConfigsResponse, (request, context, { controller }) =>
    controller.alterConfigs(request, controllerContext(context)),
  ),
  api(createPartitionsRequest, createPartitionsResponse, (request, context, { controller }) =>
    controller.createPartitions(request, controllerContext(context)),
  ),
  api(electLeadersRequest, electLeadersResponse, async (request, context, { controller }) => {
    const response = await controller.electLeaders(request, controllerContext(context));
    // The first version has errors of partitions only.
    return context.apiVersion < ELECTION_ERROR_VERSION ? { ...response, errorCode: ErrorCode.NONE } : response;
  }),
  api(alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse, (request, context, { controller }) =>
    controller.alterPartitionReassignments(request, controllerContext(context)),
  ),
  api(listPartitionReassignmentsRequest, listPartitionReassignmentsResponse, (request, context, { controller }) =>
    controller.listPartitionReassignments(request, controllerContext(context)),
  ),
  api(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse, (request, context, { controller }) =>
    controller.alterUserScramCredentials(request, controllerContext(context)),
  ),
  api(describeQuorumRequest, describeQuorumResponse, async (request, context, { controller }) => {
    const response = await controller.describeQuorum(request, controllerContext(context));
    // Older versions cannot carry the nodes, and nothing else would be left out for that.
    return context.apiVersion < QUORUM_NODES_VERSION ? { ...response, nodes: [] } : response;
  }),
  api(updateFeaturesRequest, updateFeaturesResponse, (request, context, { controller }) =>
    controller.updateFeatures(request, controllerContext(context)),
  ),
  api(unregisterBrokerRequest, unregisterBrokerResponse, (request, context, { controller }) =>
    controller.unregisterBroker(request, controllerContext(context)),
  ),
];
