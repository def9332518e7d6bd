/** What the group coordinator needs to know of the cluster. Control thread; answers from the newest metadata image. */
import type { Uuid } from '../../base/uuid.ts';

export interface TopicDescription {
  readonly name: string;
  readonly id: Uuid;
  readonly partitionCount: number;
}

export interface TopicCatalog {
  byName(name: string): TopicDescription | null;
  byId(id: Uuid): TopicDescription | null;
  /** Every topic, for subscriptions by regular expression. */
  names(): Iterable<string>;
  /** The racks of a partition's replicas, one for each that has one, sorted; [] when the partition is unknown. */
  racksOf(name: string, partition: number): readonly string[];
}
