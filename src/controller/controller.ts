/**
 * What the broker asks of the cluster's controller. `LocalController` answers for a broker that runs alone; the same
 * interface stands for a remote one. Control thread. Requests and responses are the protocol's own; a method resolves
 * when the change is durable and this broker has applied it, and rejects only when the controller cannot work at all
 * (`ControllerUnavailableError`).
 */
import type { CreateTopicsRequest, CreateTopicsResponse } from '../protocol/messages/19-create-topics.ts';
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts';
import type { CreateAclsRequest, CreateAclsResponse } from '../protocol/messages/30-create-acls.ts';
import type { DeleteAclsRequest, DeleteAclsResponse } from '../protocol/messages/31-delete-acls.ts';
import type { AlterConfigsRequest, AlterConfigsResponse } from '../protocol/messages/33-alter-configs.ts';
import type { CreatePartitionsRequest, CreatePartitionsResponse } from '../protocol/messages/37-create-partitions.ts';
import type {
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse,
} from '../protocol/messages/38-create-delegation-token.ts';
import type {
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse,
} from '../protocol/messages/39-renew-delegation-token.ts';
import type {
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse,
} from '../protocol/messages/40-expire-delegation-token.ts';
import type { ElectLeadersRequest, ElectLeadersResponse } from '../protocol/messages/43-elect-leaders.ts';
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../protocol/messages/44-incremental-alter-configs.ts';
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../protocol/messages/45-alter-partition-reassignments.ts';
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../protocol/messages/46-list-partition-reassignments.ts';
import type {
  AlterClientQuotasRequest,
  AlterClientQuotasResponse,
} from '../protocol/messages/49-alter-client-quotas.ts';
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../protocol/messages/51-alter-user-scram-credentials.ts';
import type { DescribeQuorumRequest, DescribeQuorumResponse } from '../protocol/messages/55-describe-quorum.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '../protocol/messages/57-update-features.ts';
import type {
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
} from '../protocol/messages/62-broker-registration.ts';
import type { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from '../protocol/messages/63-broker-heartbeat.ts';
import type { UnregisterBrokerRequest, UnregisterBrokerResponse } from '../protocol/messages/64-unregister-broker.ts';
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../protocol/messages/67-allocate-producer-ids.ts';
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../protocol/messages/73-assign-replicas-to-dirs.ts';
import type { ControllerRequestContext } from './control-context.ts';

export type { ControllerRequestContext } from './control-context.ts';

type Context = ControllerRequestContext;

/** The controller cannot take the request: it has stopped, or its log failed. Clients are told NOT_CONTROLLER. */
export class ControllerUnavailableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ControllerUnavailableError';
  }
}

export interface Controller {
  /** Level of the feature kraft.version, which stands in no metadata record. */
  readonly kraftVersion: number;
  createTopics(request: CreateTopicsRequest, context: Context): Promise<CreateTopicsResponse>;
  deleteTopics(request: DeleteTopicsRequest, context: Context): Promise<DeleteTopicsResponse>;
  createPartitions(request: CreatePartitionsRequest, context: Context): Promise<CreatePartitionsResponse>;
  alterConfigs(request: AlterConfigsRequest, context: Context): Promise<AlterConfigsResponse>;
  incrementalAlterConfigs(
    request: IncrementalAlterConfigsRequest,
    context: Context,
  ): Promise<IncrementalAlterConfigsResponse>;
  electLeaders(request: ElectLeadersRequest, context: Context): Promise<ElectLeadersResponse>;
  alterPartitionReassignments(
    request: AlterPartitionReassignmentsRequest,
    context: Context,
  ): Promise<AlterPartitionReassignmentsResponse>;
  listPartitionReassignments(
    request: ListPartitionReassignmentsRequest,
    context: Context,
  ): Promise<ListPartitionReassignmentsResponse>;
  updateFeatures(request: UpdateFeaturesRequest, context: Context): Promise<UpdateFeaturesResponse>;
  describeQuorum(request: DescribeQuorumRequest, context: Context): Promise<DescribeQuorumResponse>;
  unregisterBroker(request: UnregisterBrokerRequest, context: Context): Promise<UnregisterBrokerResponse>;
  alterClientQuotas(request: AlterClientQuotasRequest, context: Context): Promise<AlterClientQuotasResponse>;
  alterUserScramCredentials(
    request: AlterUserScramCredentialsRequest,
    context: Context,
  ): Promise<AlterUserScramCredentialsResponse>;
  createAcls(request: CreateAclsRequest, context: Context): Promise<CreateAclsResponse>;
  deleteAcls(request: DeleteAclsRequest, context: Context): Promise<DeleteAclsResponse>;
  createDelegationToken(
    request: CreateDelegationTokenRequest,
    context: Context,
  ): Promise<CreateDelegationTokenResponse>;
  renewDelegationToken(request: RenewDelegationTokenRequest, context: Context): Promise<RenewDelegationTokenResponse>;
  expireDelegationToken(
    request: ExpireDelegationTokenRequest,
    context: Context,
  ): Promise<ExpireDelegationTokenResponse>;

  // What brokers ask for themselves.
  registerBroker(request: BrokerRegistrationRequest): Promise<BrokerRegistrationResponse>;
  brokerHeartbeat(request: BrokerHeartbeatRequest): Promise<BrokerHeartbeatResponse>;
  allocateProducerIds(request: AllocateProducerIdsRequest): Promise<AllocateProducerIdsResponse>;
  alterPartition(request: AlterPartitionRequest): Promise<AlterPartitionResponse>;
  assignReplicasToDirs(request: AssignReplicasToDirsRequest): Promise<AssignReplicasToDirsResponse>;
}
