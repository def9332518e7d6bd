/** What the four types of groups tell about themselves, brought into one shape. */
import type { Admin, Connection } from '@platformatic/kafka';
import { decode } from '../protocol/codec.ts';
import { ErrorCode, errorMessage, errorName } from '../protocol/errors.ts';
import { describeGroupsRequest, describeGroupsResponse } from '../protocol/messages/15-describe-groups.ts';
import { listGroupsRequest, listGroupsResponse } from '../protocol/messages/16-list-groups.ts';
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../protocol/messages/69-consumer-group-describe.ts';
import { shareGroupDescribeRequest, shareGroupDescribeResponse } from '../protocol/messages/77-share-group-describe.ts';
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from '../protocol/messages/89-streams-group-describe.ts';
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from '../protocol/messages/90-describe-share-group-offsets.ts';
import { consumerProtocolAssignment } from '../protocol/persisted/consumer-protocol/consumer-protocol-assignment.ts';
import { CliError } from './cli-error.ts';
import { sendRequest } from './cluster-request.ts';

export interface GroupMemberDescription {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  readonly partitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface GroupDescription {
  readonly group: string;
  readonly type: string;
  readonly state: string;
  /** Assignor or protocol; '' when there is none yet. */
  readonly assignor: string;
  /** Generation or group epoch; -1 when the protocol does not tell. */
  readonly epoch: number;
  readonly members: readonly GroupMemberDescription[];
}

export interface ListedGroup {
  readonly group: string;
  /** Classic, Consumer, Share or Streams; '' when the broker is too old to tell. */
  readonly type: string;
  readonly state: string;
  readonly protocol: string;
}

/** The groups of all brokers by id, in its order. (The client library would list classic ones only.) */
export async function allGroups(admin: Admin): Promise<Map<string, ListedGroup>> {
  const found: ListedGroup[] = [];
  for (const connection of (await admin.connectToBrokers()).values()) {
    const response = await sendRequest(admin, connection, listGroupsRequest, listGroupsResponse, {});
    refuse(response, 'listing groups');
    for (const { groupId, protocolType, groupState, groupType } of response.groups) {
      const type = groupType.charAt(0).toUpperCase() + groupType.slice(1);
      found.push({ group: groupId, type, state: groupState, protocol: protocolType });
    }
  }
  found.sort((a, b) => (a.group < b.group ? -1 : 1));
  return new Map(found.map((listed) => [listed.group, listed]));
}

/** `type` as ListGroups names it. Throws a CliError when the broker refuses. */
export async function describeGroup(
  admin: Admin,
  coordinator: Connection,
  groupId: string,
  type: string,
): Promise<GroupDescription> {
  const body = { groupIds: [groupId], includeAuthorizedOperations: false };
  switch (type.toLowerCase()) {
    case 'consumer': {
      const { groups } = await sendRequest(
        admin,
        coordinator,
        consumerGroupDescribeRequest,
        consumerGroupDescribeResponse,
        body,
      );
      return modernGroup(groups[0], type);
    }
    case 'share': {
      const { groups } = await sendRequest(
        admin,
        coordinator,
        shareGroupDescribeRequest,
        shareGroupDescribeResponse,
        body,
      );
      return modernGroup(groups[0], type);
    }
    case 'streams': {
      const { groups } = await sendRequest(
        admin,
        coordinator,
        streamsGroupDescribeRequest,
        streamsGroupDescribeResponse,
        body,
      );
      refuse(groups[0], groupId);
      const { groupState, groupEpoch, assignorName, members } = groups[0];
      return {
        group: groupId,
        type,
        state: groupState,
        assignor: assignorName ?? '',
        epoch: groupEpoch,
        members: members.map(streamsMember),
      };
    }
    default:
      return classicGroup(admin, coordinator, groupId);
  }
}

/** Offsets of a share group: up to where everything is done. */
export async function shareGroupOffsets(
  admin: Admin,
  coordinator: Connection,
  groupId: string,
): Promise<{ topic: string; partition: number; offset: bigint }[]> {
  const body = { groups: [{ groupId, topics: null }] };
  const { groups } = await sendRequest(
    admin,
    coordinator,
    describeShareGroupOffsetsRequest,
    describeShareGroupOffsetsResponse,
    body,
  );
  refuse(groups[0], groupId);
  return groups[0].topics.flatMap(({ topicName, partitions }) =>
    partitions.map(({ partitionIndex, startOffset }) => ({
      topic: topicName,
      partition: partitionIndex,
      offset: BigInt(startOffset),
    })),
  );
}

interface ModernMember {
  readonly memberId: string;
  readonly instanceId?: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly assignment: {
    readonly topicPartitions: readonly { readonly topicName: string; readonly partitions: readonly number[] }[];
  };
}

interface ModernGroup extends Refusable {
  readonly groupId: string;
  readonly groupState: string;
  readonly groupEpoch: number;
  readonly assignorName: string;
  readonly members: readonly ModernMember[];
}

function modernGroup(group: ModernGroup, type: string): GroupDescription {
  refuse(group, group.groupId);
  return {
    group: group.groupId,
    type,
    state: group.groupState,
    assignor: group.assignorName,
    epoch: group.groupEpoch,
    members: group.members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
      memberId,
      instanceId: instanceId ?? null,
      clientId,
      host: clientHost,
      partitions: assignment.topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions })),
    })),
  };
}

interface StreamsMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly assignment: {
    readonly activeTasks: readonly { readonly subtopologyId: string; readonly partitions: readonly number[] }[];
  };
}

function streamsMember({
  memberId,
  instanceId,
  clientId,
  clientHost,
  assignment,
}: StreamsMember): GroupMemberDescription {
  const partitions = assignment.activeTasks.map((task) => ({
    topic: `subtopology ${task.subtopologyId}`,
    partitions: task.partitions,
  }));
  return { memberId, instanceId, clientId, host: clientHost, partitions };
}

async function classicGroup(admin: Admin, coordinator: Connection, groupId: string): Promise<GroupDescription> {
  const body = { groups: [groupId], includeAuthorizedOperations: false };
  const { groups } = await sendRequest(admin, coordinator, describeGroupsRequest, describeGroupsResponse, body);
  const [group] = groups;
  refuse(group, groupId);
  return {
    group: groupId,
    type: 'Classic',
    state: group.groupState,
    assignor: group.protocolData,
    epoch: -1,
    members: group.members.map(({ memberId, groupInstanceId, clientId, clientHost, memberAssignment }) => ({
      memberId,
      instanceId: groupInstanceId,
      clientId,
      host: clientHost,
      partitions: group.protocolType === 'consumer' ? classicAssignment(memberAssignment) : [],
    })),
  };
}

/** The bytes come from another client and may be anything. */
function classicAssignment(bytes: Uint8Array): { topic: string; partitions: number[] }[] {
  if (bytes.length < 2) return [];
  const version = new DataView(bytes.buffer, bytes.byteOffset).getInt16(0);
  try {
    const known = Math.max(0, Math.min(version, consumerProtocolAssignment.versions.max));
    return decode(consumerProtocolAssignment, bytes, 2, known).assignedPartitions;
  } catch {
    return [];
  }
}

interface Refusable {
  readonly errorCode: number;
  readonly errorMessage?: string | null;
}

function refuse({ errorCode, errorMessage: said }: Refusable, groupId: string): void {
  if (errorCode === ErrorCode.NONE) return;
  const why = said || errorMessage(errorCode);
  throw new CliError(
    `${groupId}: ${why.replace(/\.$/, '')} (${errorName(errorCode)})`,
    'see the groups with: millrace group list',
  );
}
