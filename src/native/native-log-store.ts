import { type Addon, type LoadedAddon, loadAddon } from './addon.ts';
import type { FileSpace } from './file-space.ts';
import { fsFileSpace } from './fs-file-space.ts';
import {
  BATCH_STRIDE,
  type BatchFault,
  type LogHandle,
  type LogStore,
  type MemoryId,
  type OpenLogOptions,
  PLAN_STRIDE,
  PlanStatus,
  SEGMENT_STRIDE,
  type SegmentScan,
  type ValidationPolicy,
} from './log-store.ts';

/**
 * The port to the storage engine on the C++ addon. Handles are process-wide: any thread may use what the port marks with
 * (any) through its own instance, while the log's owner appends through another.
 *
 * Thread: any; one instance per thread is enough.
 */
export class NativeLogStore implements LogStore {
  readonly kind = 'native';
  readonly files: FileSpace = fsFileSpace;
  readonly #loaded: LoadedAddon;
  readonly #addon: Addon;
  readonly #exchange: Float64Array;
  /** The addon knows addresses, which keep nothing. */
  readonly #memories = new Map<MemoryId, Uint8Array>();

  constructor(loaded: LoadedAddon) {
    this.#loaded = loaded;
    this.#addon = loaded.addon;
    this.#exchange = loaded.exchange;
  }

  crc32c(bytes: Uint8Array, start: number, end: number): number {
    return this.#addon.crc32c(bytes, start, end);
  }

  registerMemory(bytes: Uint8Array): MemoryId {
    const id = this.#addon.registerMemory(bytes);
    this.#memories.set(id, bytes);
    return id;
  }

  releaseMemory(id: MemoryId): void {
    this.#addon.releaseMemory(id);
    this.#memories.delete(id);
  }

  codecAvailable(codec: number): boolean {
    return this.#addon.codecAvailable(codec);
  }

  validate(
    id: MemoryId,
    offset: number,
    sizeBytes: number,
    policy: ValidationPolicy,
    out: Float64Array,
    outAt: number,
  ): BatchFault {
    const exchange = this.#exchange;
    exchange[0] = id;
    exchange[1] = offset;
    exchange[2] = sizeBytes;
    exchange[3] = policy.decompressedBytesMax;
    const fault = this.#addon.validate();
    for (let slot = 0; slot < BATCH_STRIDE; slot++) out[outAt + slot] = exchange[slot];
    return fault as BatchFault;
  }

  openLog(folder: string, options: OpenLogOptions): LogHandle {
    this.#exchange[0] = options.indexIntervalBytes;
    this.#exchange[1] = options.indexBytesMax;
    this.#exchange[2] = options.preallocateBytes ?? 0;
    return this.#addon.openLog(folder);
  }

  setOptions(log: LogHandle, options: OpenLogOptions): void {
    this.#exchange[0] = log;
    this.#exchange[1] = options.indexIntervalBytes;
    this.#exchange[2] = options.indexBytesMax;
    this.#exchange[3] = options.preallocateBytes ?? 0;
    this.#addon.setOptions();
  }

  closeLog(log: LogHandle): void {
    this.#exchange[0] = log;
    this.#addon.closeLog();
  }

  segments(log: LogHandle): number[] {
    this.#exchange[0] = log;
    return this.#addon.segments();
  }

  state(log: LogHandle, segmentBaseOffset: number, out: Float64Array): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffset;
    const result = this.#addon.state();
    if (result === 0) this.#copyOut(out, 0, SEGMENT_STRIDE);
    return result;
  }

  roll(log: LogHandle, baseOffset: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = baseOffset;
    return this.#addon.roll();
  }

  remove(log: LogHandle, segmentBaseOffset: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffset;
    return this.#addon.remove();
  }

  replace(log: LogHandle, segmentBaseOffsets: readonly number[]): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffsets.length;
    return this.#addon.replace(Float64Array.from(segmentBaseOffsets));
  }

  truncate(log: LogHandle, offset: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = offset;
    return this.#addon.truncate();
  }

  reset(log: LogHandle, offset: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = offset;
    return this.#addon.reset();
  }

  append(log: LogHandle, partitionLeaderEpoch: number, list: Float64Array, count: number, out: Float64Array): number {
    this.#exchange[0] = log;
    this.#exchange[1] = partitionLeaderEpoch;
    this.#exchange[2] = count;
    const result = this.#addon.append(list);
    this.#copyOut(out, 0, SEGMENT_STRIDE);
    return result;
  }

  planRead(
    log: LogHandle,
    offset: number,
    maxBytes: number,
    upperOffset: number,
    out: Float64Array,
    outAt: number,
  ): number {
    const exchange = this.#exchange;
    exchange[0] = log;
    exchange[1] = offset;
    exchange[2] = maxBytes;
    exchange[3] = upperOffset;
    const status = this.#addon.planRead();
    if (status === PlanStatus.ok) this.#copyOut(out, outAt, PLAN_STRIDE);
    return status;
  }

  setDamage(log: LogHandle, ranges: Float64Array): void {
    this.#exchange[0] = log;
    this.#addon.setDamage(ranges);
  }

  readPlanned(file: number, position: number, target: Uint8Array, targetAt: number, sizeBytes: number): number {
    const exchange = this.#exchange;
    exchange[0] = file;
    exchange[1] = position;
    exchange[2] = targetAt;
    exchange[3] = sizeBytes;
    return this.#addon.readPlanned(target);
  }

  release(file: number): void {
    this.#exchange[0] = file;
    this.#addon.release();
  }

  readHeaders(log: LogHandle, segmentBaseOffset: number, position: number, out: Float64Array): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffset;
    this.#exchange[2] = position;
    return this.#addon.readHeaders(out);
  }

  positionOf(log: LogHandle, segmentBaseOffset: number, offset: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffset;
    this.#exchange[2] = offset;
    return this.#addon.positionOf();
  }

  positionOfTimestamp(log: LogHandle, segmentBaseOffset: number, timestamp: number): number {
    this.#exchange[0] = log;
    this.#exchange[1] = segmentBaseOffset;
    this.#exchange[2] = timestamp;
    return this.#addon.positionOfTimestamp();
  }

  readAt(log: LogHandle, segmentBaseOffset: number, position: number, target: Uint8Array, sizeBytes: number): number {
    const exchange = this.#exchange;
    exchange[0] = log;
    exchange[1] = segmentBaseOffset;
    exchange[2] = position;
    exchange[3] = sizeBytes;
    return this.#addon.readAt(target);
  }

  rebuild(log: LogHandle, segmentBaseOffset: number): SegmentScan | number {
    const exchange = this.#exchange;
    exchange[0] = log;
    exchange[1] = segmentBaseOffset;
    const result = this.#addon.rebuild();
    if (result < 0) return result;
    return {
      validBytes: exchange[0],
      nextOffset: exchange[1],
      fault: exchange[2] as BatchFault,
      batches: exchange[3],
    };
  }

  /**
   * Syncs of a few bytes are carried out at once, on the calling thread, while the device takes less than so long for
   * one; 0: never. For all threads.
   */
  setInlineSyncMax(us: number): void {
    this.#exchange[0] = us;
    this.#addon.setInlineSyncMax();
  }

  sync(log: LogHandle, done: (result: number) => void): void {
    const token = awaitSync(this.#loaded, done);
    this.#exchange[0] = log;
    this.#exchange[1] = token;
    try {
      this.#addon.askSync();
    } catch (error) {
      takeWaiting(token);
      throw error;
    }
    asked[askedCount++] = token;
    if (!collecting) beginSyncs(this.#addon);
  }

  together(work: () => void): void {
    collectSyncs(this.#addon, work);
  }

  finishIndexes(log: LogHandle): boolean {
    this.#exchange[0] = log;
    return this.#addon.finishIndexes() === 1;
  }

  syncNow(log: LogHandle): number {
    this.#exchange[0] = log;
    return this.#addon.syncNow();
  }

  #copyOut(out: Float64Array, outAt: number, count: number): void {
    const exchange = this.#exchange;
    for (let slot = 0; slot < count; slot++) out[outAt + slot] = exchange[slot];
  }
}

const SYNCED_INLINE = 1;
/** Syncs of this thread that have not been answered, by token, and tokens to be used again. */
const waiting: (((result: number) => void) | undefined)[] = [];
const freeTokens: number[] = [];
/** Tokens of what was asked for and has not begun: the first `askedCount`. */
const asked: number[] = [];
let askedCount = 0;
/** What is asked for does not begin yet. */
let collecting = false;
/** What is delivered, taken out of the exchange before anybody is called. */
const delivered: number[] = [];
let listening = false;

function awaitSync({ addon, exchange }: LoadedAddon, done: (result: number) => void): number {
  if (!listening) {
    listening = true;
    addon.onSynced((count) => receiveSynced(addon, exchange, count));
  }
  const token = freeTokens.pop() ?? waiting.length;
  waiting[token] = done;
  return token;
}

function takeWaiting(token: number): ((result: number) => void) | undefined {
  const done = waiting[token];
  waiting[token] = undefined;
  freeTokens.push(token);
  return done;
}

function collectSyncs(addon: Addon, work: () => void): void {
  const before = collecting;
  collecting = true;
  try {
    work();
  } finally {
    collecting = before;
    if (!collecting) beginSyncs(addon);
  }
}

function beginSyncs(addon: Addon): void {
  if (askedCount === 0) return;
  const count = askedCount;
  askedCount = 0;
  if (addon.beginSyncs() !== SYNCED_INLINE) return;
  if (count === 1) {
    takeWaiting(asked[0])?.(0);
    return;
  }
  const tokens = asked.slice(0, count);
  collectSyncs(addon, () => {
    for (const token of tokens) tell(token, 0);
  });
}

function receiveSynced(addon: Addon, exchange: Float64Array, count: number): void {
  for (let at = 0; at < count * 2; at++) delivered[at] = exchange[at];
  collectSyncs(addon, () => {
    for (let at = 0; at < count * 2; at += 2) tell(delivered[at], delivered[at + 1]);
  });
}

/** One callback that throws does not keep the others from being called. */
function tell(token: number, result: number): void {
  try {
    takeWaiting(token)?.(result);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** The native store of this thread, undefined where the addon is not there (`addonMissingReason` says why). */
export function openNativeLogStore(): NativeLogStore | undefined {
  const loaded = loadAddon();
  return loaded ? new NativeLogStore(loaded) : undefined;
}
