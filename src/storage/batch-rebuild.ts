import type { LogConfig } from '../config/topic-config.ts';
import type { LogStore, ValidationPolicy } from '../native/log-store.ts';
import { BatchBuilder } from '../protocol/records/batch-builder.ts';
import { BatchAttribute, RecordBatchView } from '../protocol/records/batch-header.ts';
import { CompressionType } from '../protocol/records/compression.ts';
import { RecordReader } from '../protocol/records/record-reader.ts';
import type { BatchMemory } from './batch-memory.ts';

/**
 * Batches that cannot be stored as they came: those in another codec than the topic's, and those of old clients whose
 * offset deltas do not count up from 0.
 *
 * Thread: the log's owner.
 */

const TARGET_CODEC = {
  uncompressed: CompressionType.none,
  gzip: CompressionType.gzip,
  snappy: CompressionType.snappy,
  lz4: CompressionType.lz4,
  zstd: CompressionType.zstd,
} as const;

/** The codec in which a batch is to be stored. Control batches stay as they are. */
export function targetCodec(config: LogConfig, attributes: number): CompressionType {
  const codec = (attributes & BatchAttribute.compressionMask) as CompressionType;
  if (config.compressionType === 'producer' || attributes & BatchAttribute.control) return codec;
  return TARGET_CODEC[config.compressionType];
}

function compressionLevel(config: LogConfig, codec: CompressionType): number | undefined {
  if (codec === CompressionType.gzip) return config.compressionGzipLevel;
  if (codec === CompressionType.zstd) return config.compressionZstdLevel;
  return undefined;
}

/** The same records with offset deltas 0, 1, 2 ..., in another codec, stamped with `appendTimeMs` where it is >= 0. */
export function rebuildBatch(
  store: LogStore,
  config: LogConfig,
  policy: ValidationPolicy,
  memory: BatchMemory,
  offset: number,
  codec: CompressionType,
  appendTimeMs: number,
): Buffer {
  const batch = new RecordBatchView(memory.bytes, offset);
  const builder = new BatchBuilder({
    compression: codec,
    compressionLevel: compressionLevel(config, codec),
    logAppendTimeMs: appendTimeMs >= 0 ? appendTimeMs : undefined,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    transactional: batch.isTransactional,
    crc32c: (bytes, start, end) => store.crc32c(bytes, start, end),
  });
  for (const { key, value, headers, timestamp } of new RecordReader(batch, policy))
    builder.append({ key, value, headers, timestamp });
  return builder.build();
}
