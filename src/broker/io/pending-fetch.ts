/**
 * One fetch from its arrival to its response: what it asks for, and for each partition what was found last. `FetchPath`
 * fills it in and keeps it for the next one. Lives on an I/O thread.
 */
import type { Timer } from '../../base/clock.ts';
import { PLAN_STRIDE } from '../../native/log-store.ts';
import type { AbortedTransaction, EpochEnd } from '../../partition/storage-messages.ts';
import { ApiKey } from '../../protocol/api-keys.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { FetchRequest } from '../../protocol/messages/01-fetch.ts';
import type { ClientState, PendingRequest } from './client-state.ts';
import type { FetchContext } from './fetch-session.ts';
import type { ResponseOutput } from './response-output.ts';

/** A partition that this broker does not have. */
export const NO_ROW = -1;
const READ_COMMITTED = 1;
const PARTITIONS_MIN = 4;
const NONE_ABORTED: readonly AbortedTransaction[] = [];

/** Who fills a fetch in; is told of its end. */
interface FetchFiller {
  write(fetch: PendingFetch, output: ResponseOutput): void;
  drop(fetch: PendingFetch): void;
}

export class PendingFetch implements PendingRequest {
  readonly isProduce = false;
  readonly apiKey = ApiKey.Fetch;
  startedMs = 0;
  /** Partitions that there is room for. */
  readonly capacity: number;
  correlationId = 0;
  version = 0;
  context!: FetchContext;
  client!: ClientState;
  minBytes = 0;
  maxBytes = 0;
  readCommitted = false;
  /** It asks for an isolation level that does not exist. */
  isolationUnknown = false;
  ready = false;
  caughtUp = false;
  timer: Timer | null = null;
  /** Partitions, in the order of `context.partitions`; the arrays below may be longer. */
  count = 0;
  readonly rows: Int32Array;
  readonly errorCode: Int16Array;
  readonly highWatermark: Float64Array;
  readonly lastStableOffset: Float64Array;
  readonly logStartOffset: Float64Array;
  readonly upperOffset: Float64Array;
  /** Bytes of records to serve; the plan that holds them is in `plans`. */
  readonly sizeBytes: Float64Array;
  readonly plans: Float64Array;
  /** Ends of older epochs that partitions were last fetched in, null where they cannot be read; no map without such. */
  epochEnds: Map<number, EpochEnd | null> | null = null;
  /** Partitions whose sender has to cut its log; no map without such. */
  diverging: Map<number, EpochEnd> | null = null;
  #aborted: Map<number, readonly AbortedTransaction[]> | null = null;
  readonly #path: FetchFiller;

  constructor(path: FetchFiller, partitions: number) {
    const capacity = Math.max(partitions, PARTITIONS_MIN);
    this.#path = path;
    this.capacity = capacity;
    this.rows = new Int32Array(capacity);
    this.errorCode = new Int16Array(capacity);
    this.highWatermark = new Float64Array(capacity);
    this.lastStableOffset = new Float64Array(capacity);
    this.logStartOffset = new Float64Array(capacity);
    this.upperOffset = new Float64Array(capacity);
    this.sizeBytes = new Float64Array(capacity);
    this.plans = new Float64Array(capacity * PLAN_STRIDE);
  }

  begin(
    client: ClientState,
    correlationId: number,
    version: number,
    request: FetchRequest,
    context: FetchContext,
  ): void {
    this.client = client;
    this.correlationId = correlationId;
    this.version = version;
    this.context = context;
    this.maxBytes = request.maxBytes;
    this.minBytes = Math.min(request.minBytes, request.maxBytes);
    this.readCommitted = request.isolationLevel === READ_COMMITTED;
    this.isolationUnknown = request.isolationLevel >>> 1 !== 0;
    this.ready = false;
    this.count = context.partitions.length;
    this.#aborted = null;
    this.epochEnds = null;
    this.diverging = null;
    for (let at = 0; at < this.count; at++) {
      this.rows[at] = NO_ROW;
      this.errorCode[at] = ErrorCode.NONE;
      this.sizeBytes[at] = 0;
    }
  }

  get failed(): boolean {
    for (let at = 0; at < this.count; at++) if (this.errorCode[at] !== ErrorCode.NONE) return true;
    return false;
  }

  setAborted(at: number, aborted: readonly AbortedTransaction[]): void {
    this.#aborted ??= new Map();
    this.#aborted.set(at, aborted);
  }

  /** Null where the client did not ask for it. */
  abortedTransactions(at: number): readonly AbortedTransaction[] | null {
    return this.readCommitted ? (this.#aborted?.get(at) ?? NONE_ABORTED) : null;
  }

  finish(output: ResponseOutput): void {
    this.#path.write(this, output);
  }

  abandon(): void {
    this.#path.drop(this);
  }
}
