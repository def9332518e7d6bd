/** What a storage host takes from the broker's settings. Structured-cloned to the host's thread. */

/** Settings that may change while the host runs (`settings` request). */
export interface DynamicStorageSettings {
  /** `millrace.fsync.acks.all` */
  readonly syncAcksAll: boolean;
  readonly producerIdExpirationMs: number;
  readonly transactionVerificationEnabled: boolean;
}

export interface StorageHostSettings extends DynamicStorageSettings {
  readonly worker: number;
  /** `millrace.fsync.inline.max.us` */
  readonly inlineSyncMaxUs: number;
  /** `millrace.records.decompressed.bytes.max` */
  readonly decompressedBytesMax: number;
  readonly producerIdExpirationCheckMs: number;
  readonly retentionCheckMs: number;
}
