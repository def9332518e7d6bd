/**
 * Every API as a pair of schemas, by API key: what the codecs can do. What a broker advertises and serves is decided
 * above (the broker's API table), never here. Any thread.
 */
import { produceRequest, produceResponse } from './messages/00-produce.ts';
import { fetchRequest, fetchResponse } from './messages/01-fetch.ts';
import { listOffsetsRequest, listOffsetsResponse } from './messages/02-list-offsets.ts';
import { metadataRequest, metadataResponse } from './messages/03-metadata.ts';
import { offsetCommitRequest, offsetCommitResponse } from './messages/08-offset-commit.ts';
import { offsetFetchRequest, offsetFetchResponse } from './messages/09-offset-fetch.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from './messages/10-find-coordinator.ts';
import { joinGroupRequest, joinGroupResponse } from './messages/11-join-group.ts';
import { heartbeatRequest, heartbeatResponse } from './messages/12-heartbeat.ts';
import { leaveGroupRequest, leaveGroupResponse } from './messages/13-leave-group.ts';
import { syncGroupRequest, syncGroupResponse } from './messages/14-sync-group.ts';
import { describeGroupsRequest, describeGroupsResponse } from './messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from './messages/16-list-groups.ts';
import { saslHandshakeRequest, saslHandshakeResponse } from './messages/17-sasl-handshake.ts';
import { apiVersionsRequest, apiVersionsResponse } from './messages/18-api-versions.ts';
import { createTopicsRequest, createTopicsResponse } from './messages/19-create-topics.ts';
import { deleteTopicsRequest, deleteTopicsResponse } from './messages/20-delete-topics.ts';
import { deleteRecordsRequest, deleteRecordsResponse } from './messages/21-delete-records.ts';
import { initProducerIdRequest, initProducerIdResponse } from './messages/22-init-producer-id.ts';
import { offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from './messages/23-offset-for-leader-epoch.ts';
import { addPartitionsToTxnRequest, addPartitionsToTxnResponse } from './messages/24-add-partitions-to-txn.ts';
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from './messages/25-add-offsets-to-txn.ts';
import { endTxnRequest, endTxnResponse } from './messages/26-end-txn.ts';
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './messages/27-write-txn-markers.ts';
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './messages/28-txn-offset-commit.ts';
import { describeAclsRequest, describeAclsResponse } from './messages/29-describe-acls.ts';
import { createAclsRequest, createAclsResponse } from './messages/30-create-acls.ts';
import { deleteAclsRequest, deleteAclsResponse } from './messages/31-delete-acls.ts';
import { describeConfigsRequest, describeConfigsResponse } from './messages/32-describe-configs.ts';
import { alterConfigsRequest, alterConfigsResponse } from './messages/33-alter-configs.ts';
import { alterReplicaLogDirsRequest, alterReplicaLogDirsResponse } from './messages/34-alter-replica-log-dirs.ts';
import { describeLogDirsRequest, describeLogDirsResponse } from './messages/35-describe-log-dirs.ts';
import { saslAuthenticateRequest, saslAuthenticateResponse } from './messages/36-sasl-authenticate.ts';
import { createPartitionsRequest, createPartitionsResponse } from './messages/37-create-partitions.ts';
import { createDelegationTokenRequest, createDelegationTokenResponse } from './messages/38-create-delegation-token.ts';
import { renewDelegationTokenRequest, renewDelegationTokenResponse } from './messages/39-renew-delegation-token.ts';
import { expireDelegationTokenRequest, expireDelegationTokenResponse } from './messages/40-expire-delegation-token.ts';
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from './messages/41-describe-delegation-token.ts';
import { deleteGroupsRequest, deleteGroupsResponse } from './messages/42-delete-groups.ts';
import { electLeadersRequest, electLeadersResponse } from './messages/43-elect-leaders.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from './messages/44-incremental-alter-configs.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from './messages/45-alter-partition-reassignments.ts';
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './messages/46-list-partition-reassignments.ts';
import { offsetDeleteRequest, offsetDeleteResponse } from './messages/47-offset-delete.ts';
import { describeClientQuotasRequest, describeClientQuotasResponse } from './messages/48-describe-client-quotas.ts';
import { alterClientQuotasRequest, alterClientQuotasResponse } from './messages/49-alter-client-quotas.ts';
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from './messages/50-describe-user-scram-credentials.ts';
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from './messages/51-alter-user-scram-credentials.ts';
import { voteRequest, voteResponse } from './messages/52-vote.ts';
import { beginQuorumEpochRequest, beginQuorumEpochResponse } from './messages/53-begin-quorum-epoch.ts';
import { endQuorumEpochRequest, endQuorumEpochResponse } from './messages/54-end-quorum-epoch.ts';
import { describeQuorumRequest, describeQuorumResponse } from './messages/55-describe-quorum.ts';
import { alterPartitionRequest, alterPartitionResponse } from './messages/56-alter-partition.ts';
import { updateFeaturesRequest, updateFeaturesResponse } from './messages/57-update-features.ts';
import { envelopeRequest, envelopeResponse } from './messages/58-envelope.ts';
import { fetchSnapshotRequest, fetchSnapshotResponse } from './messages/59-fetch-snapshot.ts';
import { describeClusterRequest, describeClusterResponse } from './messages/60-describe-cluster.ts';
import { describeProducersRequest, describeProducersResponse } from './messages/61-describe-producers.ts';
import { brokerRegistrationRequest, brokerRegistrationResponse } from './messages/62-broker-registration.ts';
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from './messages/63-broker-heartbeat.ts';
import { unregisterBrokerRequest, unregisterBrokerResponse } from './messages/64-unregister-broker.ts';
import { describeTransactionsRequest, describeTransactionsResponse } from './messages/65-describe-transactions.ts';
import { listTransactionsRequest, listTransactionsResponse } from './messages/66-list-transactions.ts';
import { allocateProducerIdsRequest, allocateProducerIdsResponse } from './messages/67-allocate-producer-ids.ts';
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from './messages/68-consumer-group-heartbeat.ts';
import { consumerGroupDescribeRequest, consumerGroupDescribeResponse } from './messages/69-consumer-group-describe.ts';
import {
  controllerRegistrationRequest,
  controllerRegistrationResponse,
} from './messages/70-controller-registration.ts';
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from './messages/71-get-telemetry-subscriptions.ts';
import { pushTelemetryRequest, pushTelemetryResponse } from './messages/72-push-telemetry.ts';
import { assignReplicasToDirsRequest, assignReplicasToDirsResponse } from './messages/73-assign-replicas-to-dirs.ts';
import { listConfigResourcesRequest, listConfigResourcesResponse } from './messages/74-list-config-resources.ts';
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from './messages/75-describe-topic-partitions.ts';
import { shareGroupHeartbeatRequest, shareGroupHeartbeatResponse } from './messages/76-share-group-heartbeat.ts';
import { shareGroupDescribeRequest, shareGroupDescribeResponse } from './messages/77-share-group-describe.ts';
import { shareFetchRequest, shareFetchResponse } from './messages/78-share-fetch.ts';
import { shareAcknowledgeRequest, shareAcknowledgeResponse } from './messages/79-share-acknowledge.ts';
import { addRaftVoterRequest, addRaftVoterResponse } from './messages/80-add-raft-voter.ts';
import { removeRaftVoterRequest, removeRaftVoterResponse } from './messages/81-remove-raft-voter.ts';
import { updateRaftVoterRequest, updateRaftVoterResponse } from './messages/82-update-raft-voter.ts';
import {
  initializeShareGroupStateRequest,
  initializeShareGroupStateResponse,
} from './messages/83-initialize-share-group-state.ts';
import { readShareGroupStateRequest, readShareGroupStateResponse } from './messages/84-read-share-group-state.ts';
import { writeShareGroupStateRequest, writeShareGroupStateResponse } from './messages/85-write-share-group-state.ts';
import { deleteShareGroupStateRequest, deleteShareGroupStateResponse } from './messages/86-delete-share-group-state.ts';
import {
  readShareGroupStateSummaryRequest,
  readShareGroupStateSummaryResponse,
} from './messages/87-read-share-group-state-summary.ts';
import { streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse } from './messages/88-streams-group-heartbeat.ts';
import { streamsGroupDescribeRequest, streamsGroupDescribeResponse } from './messages/89-streams-group-describe.ts';
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from './messages/90-describe-share-group-offsets.ts';
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from './messages/91-alter-share-group-offsets.ts';
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from './messages/92-delete-share-group-offsets.ts';
import {
  streamsGroupTopologyDescriptionUpdateRequest,
  streamsGroupTopologyDescriptionUpdateResponse,
} from './messages/93-streams-group-topology-description-update.ts';
import { unregisterControllerRequest, unregisterControllerResponse } from './messages/94-unregister-controller.ts';
import type { Listener, Schema, Versions } from './schema.ts';

export interface ApiSchemas {
  readonly apiKey: number;
  /** Kafka's name without Request or Response: `Fetch`. */
  readonly name: string;
  readonly request: Schema;
  readonly response: Schema;
  /** All versions that the schemas can code. */
  readonly versions: Versions;
  readonly flexibleVersions: Versions;
  /** The last version is advertised only when unstable versions are enabled. */
  readonly latestVersionUnstable: boolean;
  readonly listeners: readonly Listener[];
}

function api(request: Schema, response: Schema): ApiSchemas {
  return {
    apiKey: request.apiKey,
    name: request.name.slice(0, -'Request'.length),
    request,
    response,
    versions: request.versions,
    flexibleVersions: request.flexibleVersions,
    latestVersionUnstable: request.latestVersionUnstable,
    listeners: request.listeners,
  };
}

/** In the order of API keys. */
export const apiCatalog: readonly ApiSchemas[] = [
  api(produceRequest, produceResponse),
  api(fetchRequest, fetchResponse),
  api(listOffsetsRequest, listOffsetsResponse),
  api(metadataRequest, metadataResponse),
  api(offsetCommitRequest, offsetCommitResponse),
  api(offsetFetchRequest, offsetFetchResponse),
  api(findCoordinatorRequest, findCoordinatorResponse),
  api(joinGroupRequest, joinGroupResponse),
  api(heartbeatRequest, heartbeatResponse),
  api(leaveGroupRequest, leaveGroupResponse),
  api(syncGroupRequest, syncGroupResponse),
  api(describeGroupsRequest, describeGroupsResponse),
  api(listGroupsRequest, listGroupsResponse),
  api(saslHandshakeRequest, saslHandshakeResponse),
  api(apiVersionsRequest, apiVersionsResponse),
  api(createTopicsRequest, createTopicsResponse),
  api(deleteTopicsRequest, deleteTopicsResponse),
  api(deleteRecordsRequest, deleteRecordsResponse),
  api(initProducerIdRequest, initProducerIdResponse),
  api(offsetForLeaderEpochRequest, offsetForLeaderEpochResponse),
  api(addPartitionsToTxnRequest, addPartitionsToTxnResponse),
  api(addOffsetsToTxnRequest, addOffsetsToTxnResponse),
  api(endTxnRequest, endTxnResponse),
  api(writeTxnMarkersRequest, writeTxnMarkersResponse),
  api(txnOffsetCommitRequest, txnOffsetCommitResponse),
  api(describeAclsRequest, describeAclsResponse),
  api(createAclsRequest, createAclsResponse),
  api(deleteAclsRequest, deleteAclsResponse),
  api(describeConfigsRequest, describeConfigsResponse),
  api(alterConfigsRequest, alterConfigsResponse),
  api(alterReplicaLogDirsRequest, alterReplicaLogDirsResponse),
  api(describeLogDirsRequest, describeLogDirsResponse),
  api(saslAuthenticateRequest, saslAuthenticateResponse),
  api(createPartitionsRequest, createPartitionsResponse),
  api(createDelegationTokenRequest, createDelegationTokenResponse),
  api(renewDelegationTokenRequest, renewDelegationTokenResponse),
  api(expireDelegationTokenRequest, expireDelegationTokenResponse),
  api(describeDelegationTokenRequest, describeDelegationTokenResponse),
  api(deleteGroupsRequest, deleteGroupsResponse),
  api(electLeadersRequest, electLeadersResponse),
  api(incrementalAlterConfigsRequest, incrementalAlterConfigsResponse),
  api(alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse),
  api(listPartitionReassignmentsRequest, listPartitionReassignmentsResponse),
  api(offsetDeleteRequest, offsetDeleteResponse),
  api(describeClientQuotasRequest, describeClientQuotasResponse),
  api(alterClientQuotasRequest, alterClientQuotasResponse),
  api(describeUserScramCredentialsRequest, describeUserScramCredentialsResponse),
  api(alterUserScramCredentialsRequest, alterUserScramCredentialsResponse),
  api(voteRequest, voteResponse),
  api(beginQuorumEpochRequest, beginQuorumEpochResponse),
  api(endQuorumEpochRequest, endQuorumEpochResponse),
  api(describeQuorumRequest, describeQuorumResponse),
  api(alterPartitionRequest, alterPartitionResponse),
  api(updateFeaturesRequest, updateFeaturesResponse),
  api(envelopeRequest, envelopeResponse),
  api(fetchSnapshotRequest, fetchSnapshotResponse),
  api(describeClusterRequest, describeClusterResponse),
  api(describeProducersRequest, describeProducersResponse),
  api(brokerRegistrationRequest, brokerRegistrationResponse),
  api(brokerHeartbeatRequest, brokerHeartbeatResponse),
  api(unregisterBrokerRequest, unregisterBrokerResponse),
  api(describeTransactionsRequest, describeTransactionsResponse),
  api(listTransactionsRequest, listTransactionsResponse),
  api(allocateProducerIdsRequest, allocateProducerIdsResponse),
  api(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse),
  api(consumerGroupDescribeRequest, consumerGroupDescribeResponse),
  api(controllerRegistrationRequest, controllerRegistrationResponse),
  api(getTelemetrySubscriptionsRequest, getTelemetrySubscriptionsResponse),
  api(pushTelemetryRequest, pushTelemetryResponse),
  api(assignReplicasToDirsRequest, assignReplicasToDirsResponse),
  api(listConfigResourcesRequest, listConfigResourcesResponse),
  api(describeTopicPartitionsRequest, describeTopicPartitionsResponse),
  api(shareGroupHeartbeatRequest, shareGroupHeartbeatResponse),
  api(shareGroupDescribeRequest, shareGroupDescribeResponse),
  api(shareFetchRequest, shareFetchResponse),
  api(shareAcknowledgeRequest, shareAcknowledgeResponse),
  api(addRaftVoterRequest, addRaftVoterResponse),
  api(removeRaftVoterRequest, removeRaftVoterResponse),
  api(updateRaftVoterRequest, updateRaftVoterResponse),
  api(initializeShareGroupStateRequest, initializeShareGroupStateResponse),
  api(readShareGroupStateRequest, readShareGroupStateResponse),
  api(writeShareGroupStateRequest, writeShareGroupStateResponse),
  api(deleteShareGroupStateRequest, deleteShareGroupStateResponse),
  api(readShareGroupStateSummaryRequest, readShareGroupStateSummaryResponse),
  api(streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse),
  api(streamsGroupDescribeRequest, streamsGroupDescribeResponse),
  api(describeShareGroupOffsetsRequest, describeShareGroupOffsetsResponse),
  api(alterShareGroupOffsetsRequest, alterShareGroupOffsetsResponse),
  api(deleteShareGroupOffsetsRequest, deleteShareGroupOffsetsResponse),
  api(streamsGroupTopologyDescriptionUpdateRequest, streamsGroupTopologyDescriptionUpdateResponse),
  api(unregisterControllerRequest, unregisterControllerResponse),
];
