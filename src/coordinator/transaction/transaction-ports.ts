/** What the transaction coordinator needs from outside. Control thread. */
import type { EndTransactionMarker } from '../runtime/coordinator-log.ts';

export interface ProducerIdSource {
  /** A producer id that nobody ever had. Rejects with a KafkaError. */
  next(): Promise<number>;
}

export interface PartitionCatalog {
  /** Whether the partition exists, wherever it is led. */
  exists(topic: string, partition: number): boolean;
}

export interface MarkerWriter {
  /**
   * Writes the marker into the partition, wherever it is led, durably (acks=all). Resolves with an error code, never
   * rejects. For `__consumer_offsets` the group coordinator takes the marker in as well.
   */
  write(topic: string, partition: number, marker: EndTransactionMarker): Promise<number>;
}
