/**
 * The one voter and leader of a metadata log that has a single controller: replays the log, begins an epoch, appends
 * records, makes snapshots. Control thread; callers append one at a time (`LocalController` queues them).
 *
 * What it writes is what Kafka's KRaft leader writes: at the start of an epoch a control batch with a LeaderChange, on
 * an empty log the bootstrap records inside a metadata transaction, and behind a transaction that a predecessor left open
 * its abortion.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import { ConfigResourceType } from '../metadata/configs-image.ts';
import { imageRecords } from '../metadata/image-records.ts';
import {
  type ControlRecord,
  encodeControlBatch,
  encodeRecordBatch,
  type MetadataBatch,
  readBatches,
} from '../metadata/metadata-batch.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import { MetadataImage } from '../metadata/metadata-image.ts';
import type { MetadataLog } from '../metadata/metadata-log.ts';
import { type MetadataRecord, metadataRecord } from '../metadata/metadata-records.ts';
import { MetadataReplayer } from '../metadata/metadata-replayer.ts';
import { encodeSnapshot, readSnapshot } from '../metadata/metadata-snapshot.ts';
import {
  METADATA_VERSION,
  METADATA_VERSION_MIN,
  permittedAt,
  SUPPORTED_FEATURES,
} from '../metadata/metadata-version.ts';

export interface SnapshotPolicy {
  /** `metadata.log.max.record.bytes.between.snapshots` */
  readonly recordBytesMax: number;
  /** `metadata.log.max.snapshot.interval.ms`, 0: no bound */
  readonly intervalMsMax: number;
  /** `metadata.max.retention.bytes` */
  readonly retentionBytes: number;
  /** `metadata.max.retention.ms` */
  readonly retentionMs: number;
}

export interface MetadataLeaderOptions {
  readonly log: MetadataLog;
  readonly nodeId: number;
  readonly bootstrapRecords: readonly MetadataRecord[];
  /** What `min.insync.replicas` of a new cluster is. */
  readonly minInsyncReplicas: number;
  readonly snapshots: SnapshotPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request's records never exceed this (RECORDS_PER_REQUEST_MAX); a restart's elections may, and can do with parts. */
const RECORDS_PER_BATCH_MAX = 20_000;

export class MetadataLeader {
  readonly image: MetadataImage;
  readonly #options: MetadataLeaderOptions;
  readonly #log: MetadataLog;
  readonly #replayer: MetadataReplayer;
  #epoch = 0;
  /** The last KRaftVersion and KRaftVoters of the log (KIP-853); absent when the voters stand in the settings. */
  #kraftVersion: ControlRecord | null = null;
  #kraftVoters: ControlRecord | null = null;
  #voters: readonly number[] | null = null;
  #lastTimestampMs = 0;
  #bytesSinceSnapshot = 0;
  #lastSnapshotMs: number;

  private constructor(options: MetadataLeaderOptions) {
    this.#options = options;
    this.#log = options.log;
    this.image = new MetadataImage();
    this.#replayer = new MetadataReplayer(this.image);
    this.#lastSnapshotMs = options.clock.wallMs();
  }

  /**
   * Replays the log and takes the lead. Throws a RangeError when the log contradicts itself or has other voters, and
   * what the log throws.
   */
  static async open(options: MetadataLeaderOptions): Promise<MetadataLeader> {
    const leader = new MetadataLeader(options);
    leader.#load();
    leader.#checkFeatures();
    await leader.#beginEpoch();
    await leader.#activate();
    return leader;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Level of the quorum's own protocol: 1 when the voters stand in the log. */
  get kraftVersion(): number {
    return this.#kraftVersion?.type === 'KRaftVersion' ? this.#kraftVersion.data.kRaftVersion : 0;
  }

  /** Offset that the next record gets. */
  get nextOffset(): number {
    return this.#log.endOffset;
  }

  /**
   * Appends the records, in one batch when they fit one, and replays them. Resolves when they are durable. Rejects with
   * a MetadataBatchTooLargeError before anything is written, and with what the log throws; `mustPass` as there. A full disk
   * refuses them all.
   */
  async append(records: readonly MetadataRecord[], mustPass = false): Promise<MetadataDelta> {
    await this.#write(this.#encode(records), this.#log.endOffset + records.length - 1, mustPass);
    const delta = this.#replayer.takeDelta();
    this.#snapshotIfDue();
    return delta;
  }

  /** Writes a snapshot now, and deletes what it makes superfluous. */
  snapshot(): void {
    const { clock } = this.#options;
    const id = { endOffset: this.#log.endOffset, epoch: this.image.lastEpoch };
    const head = {
      epoch: id.epoch,
      lastContainedLogTimestampMs: this.#lastTimestampMs,
      timestampMs: clock.wallMs(),
      controls: this.#quorumControls(),
    };
    this.#log.writeSnapshot(id, encodeSnapshot(imageRecords(this.image), head));
    this.#bytesSinceSnapshot = 0;
    this.#lastSnapshotMs = clock.wallMs();
    this.#expire();
  }

  close(): void {
    this.#log.close();
  }

  #load(): void {
    const snapshot = this.#log.snapshots().at(-1);
    let nextOffset = this.#log.startOffset;
    if (snapshot) {
      for (const batch of readSnapshot(this.#log.readSnapshot(snapshot))) {
        this.#replay({ ...batch, lastOffset: snapshot.endOffset - 1, epoch: snapshot.epoch });
      }
      nextOffset = snapshot.endOffset;
      this.#lastSnapshotMs = snapshot.modifiedMs;
    }
    for (const piece of this.#log.read(nextOffset)) {
      for (const batch of readBatches(piece)) {
        if (batch.lastOffset < nextOffset) continue;
        if (batch.baseOffset !== nextOffset) {
          throw new RangeError(
            `metadata log: offset ${nextOffset} is missing, the next batch begins at ${batch.baseOffset}`,
          );
        }
        this.#replay(batch);
        nextOffset = batch.lastOffset + 1;
        this.#bytesSinceSnapshot += batch.sizeBytes;
      }
    }
    this.#replayer.takeDelta();
  }

  /** A log that a later release wrote may say things that this one would not understand. */
  #checkFeatures(): void {
    for (const [name, level] of this.image.features) {
      const range = SUPPORTED_FEATURES.get(name);
      if (range && level >= range.min && level <= range.max) continue;
      const supported = range ? `levels ${range.min} to ${range.max} are` : 'the feature is not';
      throw new RangeError(`metadata log: feature ${name} is at level ${level}, but ${supported} supported here`);
    }
  }

  #replay(batch: MetadataBatch): void {
    for (const control of batch.controls) this.#replayControl(control);
    this.#replayer.replay(batch.records, batch.lastOffset, batch.epoch);
    this.#lastTimestampMs = batch.timestampMs;
  }

  #replayControl(control: ControlRecord): void {
    if (control.type === 'KRaftVersion') this.#kraftVersion = control;
    if (control.type === 'KRaftVoters') this.#kraftVoters = control;
    if (control.type === 'KRaftVoters' || control.type === 'LeaderChange') {
      this.#voters = control.data.voters.map(({ voterId }) => voterId);
    }
  }

  /** What a snapshot, and a log that begins, must say of the quorum. */
  #quorumControls(): ControlRecord[] {
    return [this.#kraftVersion, this.#kraftVoters].filter((control) => control !== null);
  }

  /** The new epoch is durable in `quorum-state` before anything is written under it. */
  async #beginEpoch(): Promise<void> {
    const { nodeId, clock } = this.#options;
    const state = this.#log.readQuorumState();
    const voters = this.#voters ?? state?.voters ?? [nodeId];
    const others = voters.filter((voter) => voter !== nodeId);
    if (others.length > 0) {
      throw new RangeError(
        `metadata log: node(s) ${others.join(', ')} are voters of its quorum, but node ${nodeId} runs alone. ` +
          'Start it as a broker of that cluster, or remove the other voters first.',
      );
    }
    this.#epoch = Math.max(state?.leaderEpoch ?? 0, this.#log.lastEpoch, this.image.lastEpoch) + 1;
    this.#log.writeQuorumState({
      leaderId: nodeId,
      leaderEpoch: this.#epoch,
      votedId: -1,
      votedDirectoryId: ZERO_UUID,
      voters: this.#kraftVersion === null ? [nodeId] : null,
    });
    const voter = { voterId: nodeId, voterDirectoryId: ZERO_UUID };
    const data = { version: 0, leaderId: nodeId, voters: [voter], grantingVoters: [voter] };
    const controls: ControlRecord[] = [{ type: 'LeaderChange', data }];
    const baseOffset = this.#log.endOffset;
    if (baseOffset === 0) controls.push(...this.#quorumControls());
    const place = { baseOffset, epoch: this.#epoch, timestampMs: clock.wallMs() };
    await this.#write(encodeControlBatch(controls, place), baseOffset + controls.length - 1, true);
  }

  async #activate(): Promise<void> {
    if (!this.image.features.has(METADATA_VERSION)) {
      await this.append(this.#bootstrap(), true);
    } else if (this.#replayer.inTransaction) {
      await this.append([metadataRecord('AbortTransactionRecord', { reason: 'Controller failover' })], true);
    }
    this.#replayer.takeDelta();
  }

  #bootstrap(): MetadataRecord[] {
    const { bootstrapRecords } = this.#options;
    const levels = new Map<string, number>();
    for (const record of bootstrapRecords) {
      if (record.kind === 'FeatureLevelRecord') levels.set(record.data.name, record.data.featureLevel);
    }
    const records = [...bootstrapRecords];
    if ((levels.get('eligible.leader.replicas.version') ?? 0) > 0) {
      // With ELR the minimum of in-sync replicas must be a cluster-wide value, or brokers and controller might differ.
      const resource = { resourceType: ConfigResourceType.BROKER, resourceName: '' };
      const value = String(this.#options.minInsyncReplicas);
      records.push(metadataRecord('ConfigRecord', { ...resource, name: 'min.insync.replicas', value }));
    }
    const begin: MetadataRecord[] = [];
    if (this.#replayer.inTransaction)
      begin.push(metadataRecord('AbortTransactionRecord', { reason: 'Controller failover' }));
    if (!permittedAt.transactions(levels.get(METADATA_VERSION) ?? METADATA_VERSION_MIN)) return records;
    begin.push(metadataRecord('BeginTransactionRecord', { name: 'Bootstrap records' }));
    return [...begin, ...records, metadataRecord('EndTransactionRecord', {})];
  }

  #encode(records: readonly MetadataRecord[]): Buffer {
    let baseOffset = this.#log.endOffset;
    const batches: Buffer[] = [];
    for (let at = 0; at < records.length; at += RECORDS_PER_BATCH_MAX) {
      const part = records.slice(at, at + RECORDS_PER_BATCH_MAX);
      const place = { baseOffset, epoch: this.#epoch, timestampMs: this.#options.clock.wallMs() };
      baseOffset += part.length;
      batches.push(encodeRecordBatch(part, place));
    }
    return batches.length === 1 ? batches[0] : Buffer.concat(batches);
  }

  /** What is replayed is read from the very bytes that were written. */
  async #write(batches: Buffer, lastOffset: number, mustPass: boolean): Promise<void> {
    await this.#log.append(batches, this.#epoch, lastOffset, mustPass);
    this.#bytesSinceSnapshot += batches.length;
    for (const read of readBatches(batches)) this.#replay(read);
  }

  #snapshotIfDue(): void {
    const { snapshots, clock, logger } = this.#options;
    const { recordBytesMax, intervalMsMax } = snapshots;
    const late = intervalMsMax > 0 && clock.wallMs() - this.#lastSnapshotMs >= intervalMsMax;
    if (this.#replayer.inTransaction || (this.#bytesSinceSnapshot < recordBytesMax && !late)) return;
    try {
      this.snapshot();
    } catch (error) {
      // The log is complete without it; the next attempt comes when it is due again.
      logger.error({ error }, 'metadata log: cannot write a snapshot');
      this.#bytesSinceSnapshot = 0;
      this.#lastSnapshotMs = clock.wallMs();
    }
  }

  #expire(): void {
    const { snapshots: policy, clock } = this.#options;
    const kept = this.#log.snapshots();
    let sizeBytes = this.#log.sizeBytes + kept.reduce((sum, snapshot) => sum + snapshot.sizeBytes, 0);
    while (kept.length > 1) {
      const [oldest] = kept;
      const tooOld = policy.retentionMs >= 0 && clock.wallMs() - oldest.modifiedMs > policy.retentionMs;
      const tooLarge = policy.retentionBytes >= 0 && sizeBytes > policy.retentionBytes;
      if (!tooOld && !tooLarge) break;
      this.#log.deleteSnapshot(oldest);
      sizeBytes -= oldest.sizeBytes;
      kept.shift();
      this.#log.deleteBefore(kept[0].endOffset);
    }
  }
}
