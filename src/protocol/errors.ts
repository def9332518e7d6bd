/**
 * Kafka's error codes: number, and what they mean in a sentence. The one registry from which every answer with an error
 * takes its code. Any thread.
 */

/** name: [code, default message] */
const TABLE = {
  UNKNOWN_SERVER_ERROR: [-1, 'The server failed in a way it did not expect.'],
  NONE: [0, 'No error.'],
  OFFSET_OUT_OF_RANGE: [1, 'The offset lies outside what the partition holds.'],
  CORRUPT_MESSAGE: [
    2,
    'The records are damaged: checksum, size or format is wrong, or a key is missing in a compacted topic.',
  ],
  UNKNOWN_TOPIC_OR_PARTITION: [3, 'This broker does not know the topic or partition.'],
  INVALID_FETCH_SIZE: [4, 'The fetch size is not valid.'],
  LEADER_NOT_AVAILABLE: [5, 'The partition has no leader at the moment.'],
  NOT_LEADER_OR_FOLLOWER: [6, 'This broker is not the leader, or no replica, of the partition.'],
  REQUEST_TIMED_OUT: [7, 'The request was not done in time.'],
  BROKER_NOT_AVAILABLE: [8, 'The broker is not available.'],
  REPLICA_NOT_AVAILABLE: [9, 'The replica is not available on this broker.'],
  MESSAGE_TOO_LARGE: [10, 'The record batch is larger than the topic allows (max.message.bytes).'],
  STALE_CONTROLLER_EPOCH: [11, 'The controller that sent this is no longer the active one.'],
  OFFSET_METADATA_TOO_LARGE: [12, 'The metadata committed with the offset is too long.'],
  NETWORK_EXCEPTION: [13, 'The connection broke before the response came.'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, 'The coordinator is still loading its state.'],
  COORDINATOR_NOT_AVAILABLE: [15, 'The coordinator is not available.'],
  NOT_COORDINATOR: [16, 'This broker is not the coordinator.'],
  INVALID_TOPIC_EXCEPTION: [17, 'The topic name is not valid, or the topic may not be used so.'],
  RECORD_LIST_TOO_LARGE: [18, 'The records together are larger than a segment.'],
  NOT_ENOUGH_REPLICAS: [19, 'Fewer replicas are in sync than min.insync.replicas asks for; nothing was written.'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    'The records were written, but then fewer replicas were in sync than min.insync.replicas asks for.',
  ],
  INVALID_REQUIRED_ACKS: [21, 'acks must be 0, 1 or -1 (all).'],
  ILLEGAL_GENERATION: [22, "The generation is not the group's current one."],
  INCONSISTENT_GROUP_PROTOCOL: [23, "The member's protocols do not agree with those of the group's other members."],
  INVALID_GROUP_ID: [24, 'The group id is not valid.'],
  UNKNOWN_MEMBER_ID: [25, 'The group has no such member.'],
  INVALID_SESSION_TIMEOUT: [26, 'The session time-out lies outside what the broker allows.'],
  REBALANCE_IN_PROGRESS: [27, 'The group is rebalancing: rejoin it.'],
  INVALID_COMMIT_OFFSET_SIZE: [28, 'The commit is too large to be stored.'],
  TOPIC_AUTHORIZATION_FAILED: [29, 'Access to the topic is denied.'],
  GROUP_AUTHORIZATION_FAILED: [30, 'Access to the group is denied.'],
  CLUSTER_AUTHORIZATION_FAILED: [31, 'The cluster-wide operation is denied.'],
  INVALID_TIMESTAMP: [32, "A record's timestamp lies outside what the topic allows."],
  UNSUPPORTED_SASL_MECHANISM: [33, 'The broker does not offer this SASL mechanism.'],
  ILLEGAL_SASL_STATE: [34, 'The request does not fit the state of the SASL exchange.'],
  UNSUPPORTED_VERSION: [35, 'This version of the API, or what was asked of it, is not supported.'],
  TOPIC_ALREADY_EXISTS: [36, 'The topic exists already.'],
  INVALID_PARTITIONS: [37, 'The number of partitions is not valid.'],
  INVALID_REPLICATION_FACTOR: [38, 'The replication factor is below 1 or above the number of available brokers.'],
  INVALID_REPLICA_ASSIGNMENT: [39, 'The assignment of replicas is not valid.'],
  INVALID_CONFIG: [40, 'A config is not valid.'],
  NOT_CONTROLLER: [41, 'This node is not the active controller.'],
  INVALID_REQUEST: [42, 'The request contradicts itself or the protocol.'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, 'The record format on the broker does not support this.'],
  POLICY_VIOLATION: [44, "The request violates the cluster's policy."],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, "The batch's sequence number does not follow the producer's last one."],
  DUPLICATE_SEQUENCE_NUMBER: [46, "The batch's sequence number was written before."],
  INVALID_PRODUCER_EPOCH: [47, 'The producer epoch is older than the one the broker knows.'],
  INVALID_TXN_STATE: [48, "The transaction's state does not allow this."],
  INVALID_PRODUCER_ID_MAPPING: [49, 'The producer id is not the one that belongs to the transactional id.'],
  INVALID_TRANSACTION_TIMEOUT: [50, 'The transaction time-out is above transaction.max.timeout.ms.'],
  CONCURRENT_TRANSACTIONS: [51, 'Another operation on this transaction is still under way.'],
  TRANSACTION_COORDINATOR_FENCED: [52, 'The transaction coordinator that sent this is no longer the current one.'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, 'Access to the transactional id is denied.'],
  SECURITY_DISABLED: [54, 'No authorizer is configured.'],
  OPERATION_NOT_ATTEMPTED: [55, 'Not tried, because another part of the request failed.'],
  KAFKA_STORAGE_ERROR: [56, 'The disk failed when the log was read or written.'],
  LOG_DIR_NOT_FOUND: [57, 'The broker has no such log directory.'],
  SASL_AUTHENTICATION_FAILED: [58, 'Authentication failed.'],
  UNKNOWN_PRODUCER_ID: [59, 'The broker holds nothing about this producer id.'],
  REASSIGNMENT_IN_PROGRESS: [60, 'A reassignment of the partition is under way.'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, 'Delegation tokens are not enabled.'],
  DELEGATION_TOKEN_NOT_FOUND: [62, 'There is no such delegation token.'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, 'Only the owner and the renewers may do this with the delegation token.'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [64, 'Delegation tokens cannot be managed over this kind of connection.'],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, 'Access to the delegation token is denied.'],
  DELEGATION_TOKEN_EXPIRED: [66, 'The delegation token has expired.'],
  INVALID_PRINCIPAL_TYPE: [67, 'This type of principal is not supported.'],
  NON_EMPTY_GROUP: [68, 'The group is not empty.'],
  GROUP_ID_NOT_FOUND: [69, 'There is no such group.'],
  FETCH_SESSION_ID_NOT_FOUND: [70, 'The fetch session is gone: start a new one.'],
  INVALID_FETCH_SESSION_EPOCH: [71, "The fetch session's epoch is not the expected one."],
  LISTENER_NOT_FOUND: [72, 'The leader has no listener of this name.'],
  TOPIC_DELETION_DISABLED: [73, 'Topics may not be deleted here (delete.topic.enable).'],
  FENCED_LEADER_EPOCH: [74, 'The leader epoch in the request is older than the one on the broker.'],
  UNKNOWN_LEADER_EPOCH: [75, 'The leader epoch in the request is newer than the one on the broker.'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, 'The compression type is not supported, or not in this version of the request.'],
  STALE_BROKER_EPOCH: [77, 'The broker epoch is not the current one.'],
  OFFSET_NOT_AVAILABLE: [78, 'The new leader does not know its high watermark yet.'],
  MEMBER_ID_REQUIRED: [79, 'Join again with the member id of this response.'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, 'The preferred leader is not available.'],
  GROUP_MAX_SIZE_REACHED: [81, 'The group has as many members as it may have.'],
  FENCED_INSTANCE_ID: [82, 'Another member has taken over this group.instance.id.'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, 'No replica that may lead is available.'],
  ELECTION_NOT_NEEDED: [84, 'The partition has the leader that was asked for already.'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, 'No reassignment of the partition is under way.'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, 'The group is subscribed to the topic, so its offsets cannot be deleted.'],
  INVALID_RECORD: [87, 'A record is not valid, so its batch was refused.'],
  UNSTABLE_OFFSET_COMMIT: [88, 'An open transaction may still change these offsets.'],
  THROTTLING_QUOTA_EXCEEDED: [89, 'The quota for such changes is used up for now.'],
  PRODUCER_FENCED: [90, 'A newer producer with the same transactional id has taken over.'],
  RESOURCE_NOT_FOUND: [91, 'There is no such resource.'],
  DUPLICATE_RESOURCE: [92, 'The request names a resource twice.'],
  UNACCEPTABLE_CREDENTIAL: [93, 'The credential does not meet the requirements.'],
  INCONSISTENT_VOTER_SET: [94, 'Sender and receiver do not agree on who votes.'],
  INVALID_UPDATE_VERSION: [95, 'The feature cannot take this version.'],
  FEATURE_UPDATE_FAILED: [96, 'The features could not be updated.'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, 'The forwarded principal cannot be read.'],
  SNAPSHOT_NOT_FOUND: [98, 'There is no such snapshot.'],
  POSITION_OUT_OF_RANGE: [99, 'The position lies outside the snapshot.'],
  UNKNOWN_TOPIC_ID: [100, 'This broker does not know the topic id.'],
  DUPLICATE_BROKER_REGISTRATION: [101, 'A broker with this id is registered and alive.'],
  BROKER_ID_NOT_REGISTERED: [102, 'No broker with this id is registered.'],
  INCONSISTENT_TOPIC_ID: [103, 'The topic id is not the one in the log.'],
  INCONSISTENT_CLUSTER_ID: [104, 'The request is meant for another cluster.'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, 'There is no such transactional id.'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, 'The fetch session mixes requests with and without topic ids.'],
  INELIGIBLE_REPLICA: [107, 'The proposed in-sync set has a replica that may not be in it.'],
  NEW_LEADER_ELECTED: [108, 'The change of the in-sync set led to the election of another leader.'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, 'The offset is now in tiered storage only.'],
  FENCED_MEMBER_EPOCH: [110, 'The member epoch is fenced: give up all partitions and join again.'],
  UNRELEASED_INSTANCE_ID: [111, 'Another member still holds this instance id and has to leave first.'],
  UNSUPPORTED_ASSIGNOR: [112, 'The group does not support the assignor, or its members do not agree on one.'],
  STALE_MEMBER_EPOCH: [113, 'The member epoch is old: get the current one and try again.'],
  MISMATCHED_ENDPOINT_TYPE: [114, 'The request went to an endpoint of another type.'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, 'This type of endpoint is not supported.'],
  UNKNOWN_CONTROLLER_ID: [116, 'This controller is not known.'],
  UNKNOWN_SUBSCRIPTION_ID: [117, "The telemetry subscription is no longer the client's current one."],
  TELEMETRY_TOO_LARGE: [118, 'The telemetry is larger than the broker takes.'],
  INVALID_REGISTRATION: [119, 'The registration is not valid.'],
  TRANSACTION_ABORTABLE: [120, 'The transaction failed and has to be aborted; the producer may go on after that.'],
  INVALID_RECORD_STATE: [121, 'The record is not in a state that allows this acknowledgement.'],
  SHARE_SESSION_NOT_FOUND: [122, 'The share session is gone: start a new one.'],
  INVALID_SHARE_SESSION_EPOCH: [123, "The share session's epoch is not the expected one."],
  FENCED_STATE_EPOCH: [124, 'The state epoch is older than the one that the share coordinator knows.'],
  INVALID_VOTER_KEY: [125, "The voter key is not the receiver's."],
  DUPLICATE_VOTER: [126, 'The voter is part of the quorum already.'],
  VOTER_NOT_FOUND: [127, 'The quorum has no such voter.'],
  INVALID_REGULAR_EXPRESSION: [128, 'The regular expression is not valid.'],
  REBOOTSTRAP_REQUIRED: [129, 'The client has to start again from its bootstrap servers.'],
  STREAMS_INVALID_TOPOLOGY: [130, 'The topology is not valid.'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, 'The topology epoch is not valid.'],
  STREAMS_TOPOLOGY_FENCED: [132, "The topology epoch is older than the group's."],
  SHARE_SESSION_LIMIT_REACHED: [133, 'The broker holds as many share sessions as it may.'],
  GROUP_DELETION_FAILED: [134, 'The group could not be deleted.'],
  STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED: [135, 'The description of the topology could not be stored.'],
  CONTROLLER_ID_NOT_REGISTERED: [136, 'No controller with this id is registered.'],
} as const satisfies Record<string, readonly [code: number, message: string]>;

export type ErrorName = keyof typeof TABLE;
export type ErrorCode = (typeof TABLE)[ErrorName][0];

/** `ErrorCode.NOT_COORDINATOR` is 16. */
export const ErrorCode = Object.fromEntries(Object.entries(TABLE).map(([name, [code]]) => [name, code])) as {
  readonly [N in ErrorName]: (typeof TABLE)[N][0];
};

interface ErrorFacts {
  readonly name: ErrorName;
  readonly message: string;
}

const FACTS = new Map<number, ErrorFacts>(
  Object.entries(TABLE).map(([name, [code, message]]) => [code, { name: name as ErrorName, message }]),
);
const UNKNOWN = FACTS.get(-1)!;

/** UNKNOWN_SERVER_ERROR for a code that is not in the table, as Kafka's clients take it. */
export function errorName(code: number): ErrorName {
  return (FACTS.get(code) ?? UNKNOWN).name;
}

/** What the code means, for responses whose handler has nothing more exact to say. */
export function errorMessage(code: number): string {
  return (FACTS.get(code) ?? UNKNOWN).message;
}

/** An error that is answered with a code. Its message is meant for the client: cause, check and fix. */
export class KafkaError extends Error {
  readonly code: number;

  constructor(code: number, message: string = errorMessage(code), options?: ErrorOptions) {
    super(message, options);
    this.name = 'KafkaError';
    this.code = code;
  }
}
