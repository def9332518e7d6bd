/**
 * The APIs of consumer groups: everything is decided by the group coordinator; here the request's context is put into its
 * words, and what only the broker knows (authorized operations) is added.
 */
import type { GroupRequestContext } from '../../coordinator/group/group-environment.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { offsetCommitRequest, offsetCommitResponse } from '../../protocol/messages/08-offset-commit.ts';
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts';
import { joinGroupRequest, joinGroupResponse } from '../../protocol/messages/11-join-group.ts';
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts';
import { leaveGroupRequest, leaveGroupResponse } from '../../protocol/messages/13-leave-group.ts';
import { syncGroupRequest, syncGroupResponse } from '../../protocol/messages/14-sync-group.ts';
import { describeGroupsRequest, describeGroupsResponse } from '../../protocol/messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from '../../protocol/messages/16-list-groups.ts';
import { deleteGroupsRequest, deleteGroupsResponse } from '../../protocol/messages/42-delete-groups.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from '../../protocol/messages/47-offset-delete.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../protocol/messages/68-consumer-group-heartbeat.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../protocol/messages/69-consumer-group-describe.ts';
import { type Api, api } from '../api-handler.ts';
import { GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from '../authorized-operations.ts';
import type { BrokerServices, RequestContext } from '../broker-services.ts';

/** Kafka prints a client's address with a slash before it. */
export function groupContext({ apiVersion, clientId, clientHost }: RequestContext): GroupRequestContext {
  return { apiVersion, clientId, clientHost: `/${clientHost}` };
}

/** KIP-848 needs group.version 1, and must not be switched off. */
function servesConsumerGroups({ image, config }: BrokerServices): boolean {
  const isFinal = (image.features.get('group.version') ?? 0) >= 1;
  return isFinal && config().list('group.coordinator.rebalance.protocols').includes('consumer');
}

/** What may be done with each group, when that was asked; nothing is said of one that could not be described. */
function withOperations<Group extends { readonly errorCode: number }>(groups: readonly Group[], isAsked: boolean) {
  return groups.map((group) => ({
    ...group,
    authorizedOperations: isAsked && group.errorCode === ErrorCode.NONE ? GROUP_OPERATIONS : OPERATIONS_NOT_ASKED,
  }));
}

export const groupApis: readonly Api[] = [
  api(offsetCommitRequest, offsetCommitResponse, (request, context, { groups }) =>
    groups.offsetCommit(request, groupContext(context)),
  ),
  api(offsetFetchRequest, offsetFetchResponse, (request, context, { groups }) =>
    groups.offsetFetch(request, groupContext(context)),
  ),
  api(joinGroupRequest, joinGroupResponse, (request, context, { groups }) =>
    groups.joinGroup(request, groupContext(context)),
  ),
  api(heartbeatRequest, heartbeatResponse, (request, context, { groups }) =>
    groups.heartbeat(request, groupContext(context)),
  ),
  api(leaveGroupRequest, leaveGroupResponse, (request, context, { groups }) =>
    groups.leaveGroup(request, groupContext(context)),
  ),
  api(syncGroupRequest, syncGroupResponse, (request, context, { groups }) =>
    groups.syncGroup(request, groupContext(context)),
  ),
  api(describeGroupsRequest, describeGroupsResponse, async (request, context, { groups }) => {
    const response = await groups.describeGroups(request, groupContext(context));
    return { ...response, groups: withOperations(response.groups, request.includeAuthorizedOperations) };
  }),
  api(listGroupsRequest, listGroupsResponse, (request, context, { groups }) =>
    groups.listGroups(request, groupContext(context)),
  ),
  api(deleteGroupsRequest, deleteGroupsResponse, (request, context, { groups }) =>
    groups.deleteGroups(request, groupContext(context)),
  ),
  api(offsetDeleteRequest, offsetDeleteResponse, (request, context, { groups }) =>
    groups.offsetDelete(request, groupContext(context)),
  ),
  api(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse, (request, context, services) =>
    servesConsumerGroups(services)
      ? services.groups.consumerGroupHeartbeat(request, groupContext(context))
      : { errorCode: ErrorCode.UNSUPPORTED_VERSION },
  ),
  api(consumerGroupDescribeRequest, consumerGroupDescribeResponse, async (request, context, services) => {
    if (!servesConsumerGroups(services)) {
      const groups = request.groupIds.map((groupId) => ({ groupId, errorCode: ErrorCode.UNSUPPORTED_VERSION }));
      return { groups };
    }
    const response = await services.groups.consumerGroupDescribe(request, groupContext(context));
    return { ...response, groups: withOperations(response.groups, request.includeAuthorizedOperations) };
  }),
];
