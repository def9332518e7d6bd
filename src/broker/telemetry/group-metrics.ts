/**
 * Groups and how far behind they are, under the names of the usual lag exporters. Asked of the coordinator like by a
 * client. Bounded in groups and in partitions. Control thread.
 */
import { ErrorCode } from '../../protocol/errors.ts';
import { RowSlot } from '../../ring/partition-table.ts';
import { gauge, type MetricFamily, type Sample } from '../../telemetry/metric-family.ts';
import type { BrokerServices } from '../broker-services.ts';

/** Groups whose lag is told of. */
const GROUPS_MAX = 1_000;
const LIST_GROUPS_VERSION = 5;
const OFFSET_FETCH_VERSION = 9;
const ASKER = { clientId: '', clientHost: '' };

export class GroupMetrics {
  readonly #services: BrokerServices;

  constructor(services: BrokerServices) {
    this.#services = services;
  }

  async families(partitionsMax: number): Promise<MetricFamily[]> {
    const { groups } = this.#services;
    const context = { ...ASKER, apiVersion: LIST_GROUPS_VERSION };
    const listed = (await groups.listGroups({ statesFilter: [], typesFilter: [] }, context)).groups;
    const states = new Map<string, number>();
    for (const { groupState } of listed) states.set(groupState, (states.get(groupState) ?? 0) + 1);
    const offsets: Sample[] = [];
    const lags: Sample[] = [];
    for (const { groupId } of listed.slice(0, GROUPS_MAX)) {
      if (offsets.length >= partitionsMax) break;
      await this.#group(groupId, partitionsMax, offsets, lags);
    }
    return [
      gauge('kafka_coordinator_group_groupmetadatamanager_numgroups', 'Groups of this coordinator.', [
        { labels: {}, value: listed.length },
      ]),
      gauge(
        'millrace_groups',
        'Groups of this coordinator by state.',
        [...states].map(([state, value]) => ({ labels: { state }, value })),
      ),
      gauge('kafka_consumergroup_current_offset', 'Offset that the group has committed.', offsets),
      gauge('kafka_consumergroup_lag', 'Records between it and the end that consumers may read.', lags),
    ];
  }

  /** Partitions that this broker leads; the ends of others are not known here. */
  async #group(groupId: string, partitionsMax: number, offsets: Sample[], lags: Sample[]): Promise<void> {
    const { groups, partitions, table } = this.#services;
    const question = {
      groupId,
      topics: [],
      requireStable: false,
      groups: [{ groupId, memberId: null, memberEpoch: -1, topics: null }],
    };
    const answer = await groups.offsetFetch(question, { ...ASKER, apiVersion: OFFSET_FETCH_VERSION });
    for (const { name: topic, partitions: committed } of answer.groups[0]?.topics ?? []) {
      for (const { partitionIndex, committedOffset, errorCode } of committed) {
        if (errorCode !== ErrorCode.NONE || committedOffset < 0 || offsets.length >= partitionsMax) continue;
        const { row } = partitions.locate(topic, partitionIndex);
        const labels = { consumergroup: groupId, topic, partition: String(partitionIndex) };
        offsets.push({ labels, value: committedOffset });
        if (row < 0) continue;
        lags.push({ labels, value: Math.max(0, table.get(row, RowSlot.highWatermark) - committedOffset) });
      }
    }
  }
}
