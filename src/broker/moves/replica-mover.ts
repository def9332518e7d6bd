/**
 * Moves of partitions between log directories (AlterReplicaLogDirs). Control thread.
 *
 *     owner: begin -> pool: copy closed segments -> owner: close the active one -> pool: copy it ... until little is left
 *     -> owner: copies the rest between two appends and goes on in the new folder -> I/O threads have let go of the old
 *     one -> owner: removes it -> the controller is told
 *
 * A stop in the middle costs little but time: what was copied is compared with the log at the next start, and kept. Who is
 * told of another directory, or to stay, gives up what it has first: a partition has one future at most.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { BrokerConfig } from '../../config/broker-config.ts';
import type { FileSpace } from '../../native/file-space.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { isDirectoryFault } from '../../storage/directory-fault.ts';
import { deletedFolderName, futureFolderName, partitionFolderName } from '../../storage/log-files.ts';
import { MOVE_TAIL_BYTES_MAX, type MoveState, type MoveTarget } from '../../storage/move/finish-move.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { BackgroundPool } from '../background/background-pool.ts';
import type { FutureFolder, LogDirectories } from '../log-directories.ts';
import type { AssignedPlace, PartitionManager } from '../partition-manager.ts';
import type { StorageLinks } from '../storage-links.ts';

export interface ReplicaMoverContext {
  readonly partitions: PartitionManager;
  readonly storage: StorageLinks;
  readonly directories: LogDirectories;
  readonly files: FileSpace;
  readonly pool: BackgroundPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  config(): BrokerConfig;
  /** Has the controller know where partitions lie. */
  onAssigned(places: readonly AssignedPlace[]): void;
  onDirectoryFailed(path: string, fault: string): void;
  /** A move has ended in a directory that is offline by now: its partition must go offline too. */
  onMovedOffline(path: string, row: number): void;
  writeCheckpoints(): void;
}

/** A future replica, as DescribeLogDirs shows it. */
export interface FutureReplica {
  readonly topic: string;
  readonly partition: number;
  /** Of the directory it is on its way to, as clients know it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Offset up to which it has been copied. */
  readonly endOffset: number;
}

/** Time until a move that failed, e.g. for want of room, is tried again. */
const RETRY_MS = 30_000;

class Move {
  readonly abort = new AbortController();
  /** Sizes of the segments that are in their new place, by base offset. */
  readonly copied = new Map<number, number>();
  endOffset = 0;
  /** It is being worked on, and does not wait for its turn. */
  isRunning = false;
  /** Until it is tried again. */
  timer: Timer | undefined;
  ended: Promise<void> = Promise.resolve();
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly row: number;
  readonly path: string;
  readonly target: MoveTarget;

  constructor(
    place: { topic: string; partition: number; topicId: string; row: number },
    path: string,
    target: MoveTarget,
  ) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.topicId = place.topicId;
    this.row = place.row;
    this.path = path;
    this.target = target;
  }

  get name(): string {
    return partitionFolderName(this.topic, this.partition);
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const sizeBytes of this.copied.values()) sum += sizeBytes;
    return sum;
  }
}

export class ReplicaMover {
  readonly #context: ReplicaMoverContext;
  readonly #moves = new Map<string, Move>();
  /** Ends of moves that were given up, by partition: the next one of that partition waits for it. */
  readonly #ending = new Map<string, Promise<void>>();
  #running = 0;
  #stopping = false;

  constructor(context: ReplicaMoverContext) {
    this.#context = context;
  }

  /** AlterReplicaLogDirs for one partition: returns when the move has begun, or the code to answer. */
  alter(topic: string, partition: number, path: string): number {
    const { directories, partitions, random } = this.#context;
    const folder = futureFolderName(topic, partition, random);
    if (folder === undefined) return ErrorCode.INVALID_TOPIC_EXCEPTION;
    const isOnline = directories.isOnline(path);
    if (isOnline === undefined) return ErrorCode.LOG_DIR_NOT_FOUND;
    if (!isOnline) return ErrorCode.KAFKA_STORAGE_ERROR;
    const { errorCode, row } = partitions.locate(topic, partition);
    if (errorCode === ErrorCode.KAFKA_STORAGE_ERROR) return errorCode;
    if (errorCode !== ErrorCode.NONE) {
      // It may be about to be created: then it is created there.
      directories.prefer(topic, partition, path);
      return errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ? ErrorCode.REPLICA_NOT_AVAILABLE : errorCode;
    }
    const known = this.#moves.get(partitionFolderName(topic, partition));
    if ((known?.path ?? directories.directoryOf(topic, partition)) === path) return ErrorCode.NONE;
    // The owner may be about to end it all the same: then the next one goes on, or back, from there.
    this.cancel(topic, partition);
    const topicId = partitions.topicId(topic)!;
    const stored = directories.storedPath(path);
    const target = { future: `${stored}/${folder}`, folder: `${stored}/${partitionFolderName(topic, partition)}` };
    this.#begin(new Move({ topic, partition, topicId, row }, path, target));
    return ErrorCode.NONE;
  }

  /** Takes moves up that the last stop interrupted; folders that are of no use any more go. */
  resume(): void {
    const { directories, partitions } = this.#context;
    for (const future of directories.futures()) {
      const { topic, partition, path, folder } = future;
      const { errorCode, row } = partitions.locate(topic, partition);
      const name = partitionFolderName(topic, partition);
      if (this.#moves.has(name) || this.#isOfNoUse(future, errorCode)) {
        void this.#remove(folder);
      } else if (errorCode === ErrorCode.NONE) {
        const target = { future: folder, folder: `${directories.storedPath(path)}/${name}` };
        this.#begin(new Move({ topic, partition, topicId: partitions.topicId(topic)!, row }, path, target));
      }
    }
  }

  #isOfNoUse({ topic, partition, path, folder }: FutureFolder, errorCode: number): boolean {
    const { directories, partitions } = this.#context;
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || directories.directoryOf(topic, partition) === path)
      return true;
    return directories.isAnothers(folder, partitions.topicId(topic)!);
  }

  isMoving(topic: string, partition: number): boolean {
    return this.#moves.has(partitionFolderName(topic, partition));
  }

  futures(): FutureReplica[] {
    const { directories } = this.#context;
    return [...this.#moves.values()]
      .filter(({ topic, partition, path }) => directories.directoryOf(topic, partition) !== path)
      .map(({ topic, partition, path, sizeBytes, endOffset }) => ({ topic, partition, path, sizeBytes, endOffset }));
  }

  /** Gives a move up and removes what it has copied. */
  cancel(topic: string, partition: number): void {
    const move = this.#moves.get(partitionFolderName(topic, partition));
    if (!move) return;
    const { files, directories, random } = this.#context;
    const { future } = move.target;
    const aside = `${directories.storedPath(move.path)}/${deletedFolderName(topic, partition, random)}`;
    // At once: the next start would take it up again. The owner may be about to make it.
    const folder = files.rename(future, aside) === 0 ? aside : future;
    this.#giveUp(move, () => this.#remove(folder));
  }

  /** Moves from or to a directory that has failed end; what they have copied stays for the next start. */
  directoryFailed(path: string): void {
    const { directories } = this.#context;
    for (const move of [...this.#moves.values()]) {
      if (move.path === path || directories.directoryOf(move.topic, move.partition) === path)
        this.#giveUp(move, () => Promise.resolve());
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const moves = [...this.#moves.values()];
    for (const move of moves) this.#forget(move);
    await Promise.all(moves.map(({ ended }) => ended));
  }

  /** The owner is told when nothing of the move runs any more, and `clean` called then. */
  #giveUp(move: Move, clean: () => Promise<void>): void {
    const { storage } = this.#context;
    const { name, row } = move;
    this.#forget(move);
    const ending = Promise.all([this.#ending.get(name), move.ended]).then(async () => {
      if (!this.#stopping) {
        await storage.request(row, { op: 'cancelMove', ...named(move) }).catch(() => {});
        await clean();
      }
      if (this.#ending.get(name) === ending) this.#ending.delete(name);
    });
    this.#ending.set(name, ending);
  }

  async #remove(folder: string): Promise<void> {
    const pace = { bytesPerSecond: () => Number.MAX_SAFE_INTEGER, signal: new AbortController().signal };
    await this.#context.pool.run({ kind: 'remove', folder }, pace).catch((error: Error) => {
      if (this.#stopping) return;
      this.#context.logger.warn(
        { folder, error: error.message },
        'what a move has copied is left until the next start',
      );
    });
  }

  #forget(move: Move): void {
    if (this.#moves.get(move.name) === move) this.#moves.delete(move.name);
    move.timer?.cancel();
    move.abort.abort();
  }

  #begin(move: Move): void {
    this.#moves.set(move.name, move);
    this.#startSome();
  }

  /** As many at a time as the settings allow; the others wait in the order they came. */
  #startSome(): void {
    const { config, directories } = this.#context;
    const most = config().get('num.replica.alter.log.dirs.threads') ?? directories.list().length;
    for (const move of this.#moves.values()) {
      if (this.#running >= most) return;
      if (move.isRunning || move.timer) continue;
      move.isRunning = true;
      this.#running++;
      move.ended = this.#run(move)
        .catch((error: Error) => this.#failed(move, error))
        .finally(() => {
          this.#running--;
          move.isRunning = false;
          if (!this.#stopping) this.#startSome();
        });
    }
  }

  async #run(move: Move): Promise<void> {
    const { storage, directories, logger, clock, writeCheckpoints } = this.#context;
    const { row, target } = move;
    const details = { partition: move.name, to: move.path };
    await this.#ending.get(move.name);
    move.abort.signal.throwIfAborted();
    if (directories.directoryOf(move.topic, move.partition) === move.path) {
      this.#forget(move);
      return;
    }
    logger.info(details, 'moving a partition to another directory');
    const startedMs = clock.monotonicMs();
    directories.prepareMove(move.topic, move.partition, move.path);
    if (directories.mustWriteCheckpoints) writeCheckpoints();
    await storage.request(row, { op: 'beginMove', ...named(move), target });
    for (let roll = false; ; ) {
      move.abort.signal.throwIfAborted();
      const state: MoveState = await storage.request(row, { op: 'moveState', ...named(move), roll });
      const missing = this.#missing(move, state);
      for (const segment of missing) await this.#copy(move, segment);
      if (missing.length === 0 && state.activeBytes <= MOVE_TAIL_BYTES_MAX) {
        move.abort.signal.throwIfAborted();
        const copiedTo = state.segments.at(-1)?.baseOffset ?? -1;
        const leftBytes = await storage.request(row, { op: 'finishMove', ...named(move), target, copiedTo });
        if (leftBytes === 0) break;
      }
      // What was copied last was closed a while ago; what came since is closed now and copied next.
      roll = state.activeBytes > MOVE_TAIL_BYTES_MAX;
    }
    await this.#settle(move);
    this.#forget(move);
    const ms = Math.round(clock.monotonicMs() - startedMs);
    logger.info({ ...details, ms }, 'moved a partition to another directory');
  }

  /** The log lies in its new place, and has the owner's word for it. */
  async #settle(move: Move): Promise<void> {
    const { partitions, storage, directories, onAssigned, onMovedOffline, writeCheckpoints } = this.#context;
    const { topic, partition, topicId, path } = move;
    if (partitions.topicId(topic) !== topicId) return;
    directories.moved(topic, partition, path);
    // Its failure came when the owner was about to end the move, and was told of the partitions that were there then.
    if (!directories.isOnline(path)) onMovedOffline(path, move.row);
    await partitions.refreshRoute(topic);
    await storage.request(move.row, { op: 'closeMoved', ...named(move) });
    onAssigned([{ topicId, partition, directory: directories.idOfPath(path)! }]);
    writeCheckpoints();
  }

  #missing(move: Move, state: MoveState): MoveState['segments'] {
    const { copied } = move;
    const now = new Map(state.segments.map(({ baseOffset, sizeBytes }) => [baseOffset, sizeBytes]));
    for (const [baseOffset, sizeBytes] of copied) if (now.get(baseOffset) !== sizeBytes) copied.delete(baseOffset);
    const missing = state.segments.filter(({ baseOffset }) => !copied.has(baseOffset));
    move.endOffset = missing[0]?.baseOffset ?? state.logEndOffset;
    return missing;
  }

  async #copy(move: Move, { baseOffset, sizeBytes }: MoveState['segments'][number]): Promise<void> {
    const { pool, partitions, directories } = this.#context;
    const { topic, partition, target, abort } = move;
    const name = partitionFolderName(topic, partition);
    const path = directories.directoryOf(topic, partition);
    if (path === undefined || partitions.topicId(topic) !== move.topicId) throw new Error(`${name} is gone`);
    const from = `${directories.storedPath(path)}/${name}`;
    const pace = { bytesPerSecond: () => this.#bytesPerSecond(), signal: abort.signal };
    await pool.run({ kind: 'copy', job: { from, to: target.future, baseOffset, sizeBytes } }, pace);
    move.copied.set(baseOffset, sizeBytes);
    move.endOffset = Math.max(move.endOffset, baseOffset + 1);
  }

  #bytesPerSecond(): number {
    const { config } = this.#context;
    return config().long('replica.alter.log.dirs.io.max.bytes.per.second') / Math.max(1, this.#running);
  }

  #failed(move: Move, error: Error): void {
    const { logger, clock, onDirectoryFailed } = this.#context;
    if (this.#stopping || this.#moves.get(move.name) !== move) return;
    logger.warn(
      { partition: move.name, to: move.path, error: error.message },
      'a move to another directory does not go on',
    );
    const { future, folder } = move.target;
    const isOfTarget = error instanceof StorageError && (error.path.startsWith(future) || error.path === folder);
    if (isOfTarget && isDirectoryFault(error.errno)) {
      onDirectoryFailed(move.path, error.message);
      return;
    }
    move.timer = clock.schedule(RETRY_MS, () => {
      move.timer = undefined;
      this.#startSome();
    });
  }
}

function named({ row, topicId, partition }: Move): { row: number; topicId: string; partition: number } {
  return { row, topicId, partition };
}
