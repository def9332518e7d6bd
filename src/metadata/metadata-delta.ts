/**
 * What one step of replay changed in the metadata image: the thing the broker *applies*. Control thread. The image moves
 * on while a listener works; a delta stays as it was, because every value it names is immutable once the delta is sealed.
 */

import { ChangeSet } from './change-set.ts';
import type { BrokerRegistration, ControllerRegistration } from './cluster-image.ts';
import type { ConfigResource } from './configs-image.ts';
import type { Acl, ClientQuotas, DelegationToken, ScramCredential } from './security-image.ts';
import type { PartitionRegistration, TopicImage } from './topics-image.ts';

export class MetadataDelta {
  /** By topic id. A topic that was deleted and created again under its name shows up as two changes. */
  readonly topics = new ChangeSet<string, TopicImage>();
  /** By broker id. */
  readonly brokers = new ChangeSet<number, BrokerRegistration>();
  readonly controllers = new ChangeSet<number, ControllerRegistration>();
  /** By `configKey`. */
  readonly configs = new ChangeSet<string, ConfigResource>();
  /** Feature levels by name. */
  readonly features = new ChangeSet<string, number>();
  /** By `quotaEntityKey`. */
  readonly clientQuotas = new ChangeSet<string, ClientQuotas>();
  /** By `scramKey`. */
  readonly scramCredentials = new ChangeSet<string, ScramCredential>();
  readonly delegationTokens = new ChangeSet<string, DelegationToken>();
  /** By ACL id. */
  readonly acls = new ChangeSet<string, Acl>();
  /** The next producer id block, when one was handed out. */
  producerIds = false;
  /** Offset of the last record in it, and the epoch of that record's leader. */
  lastOffset = -1;
  lastEpoch = -1;

  /** True when no record in it changed anything a listener could care for. */
  get isEmpty(): boolean {
    return (
      this.topics.size === 0 &&
      this.brokers.size === 0 &&
      this.controllers.size === 0 &&
      this.configs.size === 0 &&
      this.features.size === 0 &&
      this.clientQuotas.size === 0 &&
      this.scramCredentials.size === 0 &&
      this.delegationTokens.size === 0 &&
      this.acls.size === 0 &&
      !this.producerIds
    );
  }

  deletedTopics(): TopicImage[] {
    const deleted: TopicImage[] = [];
    for (const { before, after } of this.topics.values()) if (before && !after) deleted.push(before);
    return deleted;
  }

  /**
   * Partitions that have a replica on the broker before or after, and changed. The broker starts, stops or re-elects
   * exactly these. Partition records that did not change are the same object in both images, so the scan is cheap.
   */
  replicaChanges(brokerId: number): ReplicaChange[] {
    const changes: ReplicaChange[] = [];
    for (const { before, after } of this.topics.values()) {
      const count = Math.max(before?.partitions.length ?? 0, after?.partitions.length ?? 0);
      for (let partition = 0; partition < count; partition++) {
        const was = before?.partitions[partition] ?? null;
        const is = after?.partitions[partition] ?? null;
        if (was === is) continue;
        const held = was?.replicas.includes(brokerId) ?? false;
        const holds = is?.replicas.includes(brokerId) ?? false;
        if (!held && !holds) continue;
        const topic = (after ?? before)!;
        changes.push({
          topicId: topic.id,
          topicName: topic.name,
          partition,
          before: held ? was : null,
          after: holds ? is : null,
          topicDeleted: after === null,
        });
      }
    }
    return changes;
  }
}

export interface ReplicaChange {
  readonly topicId: string;
  readonly topicName: string;
  readonly partition: number;
  /** Null when the broker held no replica before. */
  readonly before: PartitionRegistration | null;
  /** Null when the broker holds no replica any more. */
  readonly after: PartitionRegistration | null;
  /** True when the whole topic is gone (false when only this replica moved away). */
  readonly topicDeleted: boolean;
}
