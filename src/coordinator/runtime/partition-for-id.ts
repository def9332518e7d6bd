/** Which partition of an internal topic keeps a group or transactional id: the same as Kafka's, so that data can move. */
import { javaHashCode } from '../../base/hash-table-order.ts';

export function partitionForId(id: string, partitions: number): number {
  const hash = javaHashCode(id);
  // Java has no positive counterpart of its least int; Kafka takes 0.
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % partitions;
}
