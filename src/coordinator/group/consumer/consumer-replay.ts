/** Applies a record of a consumer group to it. Control thread. */
import type { GroupRecord } from '../group-records.ts';
import type { ConsumerGroup } from './consumer-group.ts';

export type ConsumerRecord = Exclude<GroupRecord, { kind: 'offset' | 'classicGroup' }>;

export function replayConsumerRecord(group: ConsumerGroup, record: ConsumerRecord): void {
  switch (record.kind) {
    case 'consumerGroup':
      if (record.value) group.replayGroup(record.value.epoch, record.value.metadataHash);
      break;
    case 'consumerMember':
      group.replaySubscription(record.key.memberId, record.value);
      break;
    case 'consumerPartitions':
      break;
    case 'consumerTarget':
      if (record.value) group.replayTarget(record.value.assignmentEpoch, record.value.assignmentTimestamp);
      else group.forgetTarget();
      break;
    case 'consumerTargetMember':
      group.replayTargetMember(record.key.memberId, record.value?.topicPartitions ?? null);
      break;
    case 'consumerCurrent':
      group.replayCurrent(record.key.memberId, record.value);
      break;
    case 'consumerRegex':
      group.replayRegex(record.key.regularExpression, record.value);
      break;
  }
}
