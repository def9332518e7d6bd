/** What the storage hosts need of the settings: all of them at start, and again those that change while they run. */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { DynamicStorageSettings, StorageHostSettings } from '../partition/storage-host-settings.ts';

export function storageSettings(config: BrokerConfig): Omit<StorageHostSettings, 'worker'> {
  return {
    ...dynamicStorageSettings(config),
    inlineSyncMaxUs: config.int('millrace.fsync.inline.max.us'),
    decompressedBytesMax: config.long('millrace.records.decompressed.bytes.max'),
    producerIdExpirationCheckMs: config.int('producer.id.expiration.check.interval.ms'),
    retentionCheckMs: config.long('log.retention.check.interval.ms'),
  };
}

export function dynamicStorageSettings(config: BrokerConfig): DynamicStorageSettings {
  return {
    syncAcksAll: config.boolean('millrace.fsync.acks.all'),
    producerIdExpirationMs: config.int('producer.id.expiration.ms'),
    transactionVerificationEnabled: config.boolean('transaction.partition.verification.enable'),
  };
}
