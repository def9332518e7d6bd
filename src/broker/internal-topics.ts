/** Topics that the broker keeps for itself, and the settings it creates them with. */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { ConfigsImage } from '../metadata/configs-image.ts';

export const OFFSETS_TOPIC = '__consumer_offsets';
export const TRANSACTION_TOPIC = '__transaction_state';
export const SHARE_TOPIC = '__share_group_state';

export interface TopicShape {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: readonly (readonly [name: string, value: string])[];
}

/** Shape of an internal topic; undefined for all others, which take the broker's defaults. */
export function internalTopicShape(name: string, config: BrokerConfig): TopicShape | undefined {
  switch (name) {
    case OFFSETS_TOPIC:
      return {
        partitions: config.int('offsets.topic.num.partitions'),
        replicationFactor: config.int('offsets.topic.replication.factor'),
        configs: [
          ['cleanup.policy', 'compact'],
          ['segment.bytes', String(config.int('offsets.topic.segment.bytes'))],
          ['compression.type', 'producer'],
        ],
      };
    case TRANSACTION_TOPIC:
      return {
        partitions: config.int('transaction.state.log.num.partitions'),
        replicationFactor: config.int('transaction.state.log.replication.factor'),
        configs: [
          ['cleanup.policy', 'compact'],
          ['segment.bytes', String(config.int('transaction.state.log.segment.bytes'))],
          ['compression.type', 'uncompressed'],
          ['min.insync.replicas', String(config.int('transaction.state.log.min.isr'))],
          ['unclean.leader.election.enable', 'false'],
        ],
      };
    case SHARE_TOPIC:
      return {
        partitions: config.int('share.coordinator.state.topic.num.partitions'),
        replicationFactor: config.int('share.coordinator.state.topic.replication.factor'),
        configs: [
          ['cleanup.policy', 'delete'],
          ['retention.ms', '-1'],
          ['segment.bytes', String(config.int('share.coordinator.state.topic.segment.bytes'))],
          ['compression.type', 'producer'],
          ['min.insync.replicas', String(config.int('share.coordinator.state.topic.min.isr'))],
        ],
      };
    default:
      return undefined;
  }
}

/** `max.message.bytes` of a topic: its own, else the broker's. */
export function messageBytesMax(topic: string, configs: ConfigsImage, config: BrokerConfig): number {
  return Number(configs.topic(topic).get('max.message.bytes') ?? config.int('message.max.bytes'));
}
