/**
 * Feature levels: the names behind `metadata.version`, what each level permits a record to contain, and the features
 * that this broker supports. Pure data, any thread. Follows KIP-584 (features) and KIP-778 (metadata.version).
 */

/** The feature that governs which versions of metadata records may be written. */
export const METADATA_VERSION = 'metadata.version';
export const KRAFT_VERSION = 'kraft.version';

/** `[feature level, release]`, oldest first; the first is the least that a KRaft log of Kafka 4 may have. */
const RELEASES: readonly (readonly [level: number, release: string])[] = [
  [7, '3.3-IV3'],
  [8, '3.4-IV0'],
  [9, '3.5-IV0'],
  [10, '3.5-IV1'],
  [11, '3.5-IV2'],
  [12, '3.6-IV0'],
  [13, '3.6-IV1'],
  [14, '3.6-IV2'],
  [15, '3.7-IV0'],
  [16, '3.7-IV1'],
  [17, '3.7-IV2'],
  [18, '3.7-IV3'],
  [19, '3.7-IV4'],
  [20, '3.8-IV0'],
  [21, '3.9-IV0'],
  [22, '4.0-IV0'],
  [23, '4.0-IV1'],
  [24, '4.0-IV2'],
  [25, '4.0-IV3'],
  [26, '4.1-IV0'],
  [27, '4.1-IV1'],
  [28, '4.2-IV0'],
  [29, '4.2-IV1'],
  [30, '4.3-IV0'],
  [31, '4.4-IV0'],
  [32, '4.4-IV1'],
  [33, '4.4-IV2'],
];

export const METADATA_VERSION_MIN = 7;
const METADATA_VERSION_MAX = 33;
/** The level of a directory that this broker formats: what the current Kafka release can open too. */
export const METADATA_VERSION_BOOTSTRAP = 30;

/** "4.3-IV0" for 30; the bare number for a level that is not known. */
export function releaseOf(level: number): string {
  return RELEASES.find(([known]) => known === level)?.[1] ?? String(level);
}

/** Version in which a record is written at a level of metadata.version (KIP-858 directories, KIP-966 ELR, KIP-1066 cordoned directories). */
export const recordVersionAt = {
  registerBroker: (level: number): number => (level >= 30 ? 4 : level >= 17 ? 3 : level >= 8 ? 2 : 1),
  partition: (level: number): number => (level >= 23 ? 2 : level >= 17 ? 1 : 0),
  partitionChange: (level: number): number => (level >= 23 ? 2 : level >= 17 ? 1 : 0),
} as const;

export const permittedAt = {
  scram: (level: number): boolean => level >= 11,
  /** KIP-868 */
  transactions: (level: number): boolean => level >= 13,
  delegationTokens: (level: number): boolean => level >= 14,
  controllerRegistration: (level: number): boolean => level >= 15,
  directoryAssignment: (level: number): boolean => level >= 17,
  elr: (level: number): boolean => level >= 23,
  cordonedLogDirs: (level: number): boolean => level >= 30,
} as const;

/** Going down across one of these levels would lose what the records of the higher one say. */
const LEVELS_THAT_CHANGED_METADATA: readonly number[] = [8, 11, 12, 13, 14, 15, 17, 21, 23, 30];

/** True when some level in `(lower, higher]` brought new kinds or versions of records. */
export function metadataChangedBetween(lower: number, higher: number): boolean {
  return LEVELS_THAT_CHANGED_METADATA.some((level) => level > lower && level <= higher);
}

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** Features that this broker can run with. */
export const SUPPORTED_FEATURES: ReadonlyMap<string, VersionRange> = new Map([
  ['eligible.leader.replicas.version', { min: 0, max: 1 }],
  ['group.version', { min: 0, max: 1 }],
  [KRAFT_VERSION, { min: 0, max: 1 }],
  [METADATA_VERSION, { min: METADATA_VERSION_MIN, max: METADATA_VERSION_MAX }],
  ['share.version', { min: 0, max: 1 }],
  ['streams.version', { min: 0, max: 1 }],
  ['transaction.version', { min: 0, max: 2 }],
]);

/** Levels that a fresh directory starts with, in the order in which they are written. */
export const BOOTSTRAP_FEATURES: readonly (readonly [name: string, level: number])[] = [
  [METADATA_VERSION, METADATA_VERSION_BOOTSTRAP],
  ['eligible.leader.replicas.version', 1],
  ['group.version', 1],
  ['share.version', 1],
  ['streams.version', 1],
  ['transaction.version', 2],
];

/** What a level of a feature needs of another one: `[feature, level, needed feature, needed level]`. */
export const FEATURE_DEPENDENCIES: readonly (readonly [string, number, string, number])[] = [
  ['eligible.leader.replicas.version', 1, METADATA_VERSION, 23],
];
