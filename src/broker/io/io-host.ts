/**
 * The work of one I/O thread: connections, the order of their requests, Produce and Fetch. Everything else goes to the
 * control thread as copied frames and comes back as response frames. It runs on a worker thread (`broker-thread.ts`) or on
 * the broker's only thread (embedded); it cannot tell which.
 *
 * One turn: read events hand in frames -> work goes into the rings; at the end of the turn the rings are published and
 * finished responses leave, one send per connection.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { soon } from '../../base/soon.ts';
import type { LogStore } from '../../native/log-store.ts';
import type { Connection, FrameHandler } from '../../network/connection.ts';
import type { Admission, ListenerContext } from '../../network/listener.ts';
import type { PlainSockets } from '../../network/plain-sockets.ts';
import type { OnDrained } from '../../network/response-sender.ts';
import { type HandshakeLimits, TlsHandshakes } from '../../network/tls-handshakes.ts';
import { TlsResponseSender, TlsSlice } from '../../network/tls-response-sender.ts';
import { Completion, CompletionOp } from '../../partition/work-descriptors.ts';
import { ApiKey } from '../../protocol/api-keys.ts';
import { decodeFrom, Reader } from '../../protocol/codec.ts';
import { fetchRequest } from '../../protocol/messages/01-fetch.ts';
import { ProtocolError } from '../../protocol/protocol-error.ts';
import { parseRequestHeader, type RequestHeader } from '../../protocol/request-header.ts';
import { type PartitionTable, WAITERS_MAX } from '../../ring/partition-table.ts';
import type { SharedArena } from '../../ring/shared-arena.ts';
import type { SharedTally } from '../../ring/shared-tally.ts';
import type { WakeSleeper } from '../../ring/wake-signal.ts';
import { IoCounter, type IoCounters } from '../../telemetry/thread-counters.ts';
import { readClientSoftware } from './client-software.ts';
import { ClientState } from './client-state.ts';
import { type ConnectionBounds, ConnectionLimits } from './connection-limits.ts';
import type { ControlLink, Respond } from './control-frames.ts';
import { ControlQuestions } from './control-questions.ts';
import { FETCH_VERSION_MAX, FETCH_VERSION_MIN, FetchPath } from './fetch-path.ts';
import type { FetchSessionCache } from './fetch-session.ts';
import type { FramePacer } from './frame-pacer.ts';
import { IoListeners } from './io-listeners.ts';
import { type FromIo, type Port, REQUEST_ELEMENTS_MAX, type ToIo } from './io-messages.ts';
import { letClientsGo } from './let-clients-go.ts';
import { PendingControl } from './pending-control.ts';
import { PRODUCE_VERSION_MAX, PRODUCE_VERSION_MIN, ProducePath } from './produce-path.ts';
import { checkPartitionCount } from './produce-request.ts';
import { type ResponseMemory, ResponseOutput } from './response-output.ts';
import { noteProgress, stalledFrames } from './stalled-frames.ts';
import { TopicRoutes } from './topic-routes.ts';
import type { WorkerLink } from './worker-links.ts';

export interface IoHostSettings {
  readonly ioThread: number;
  /** Produce requests of one connection that may be under way together (`millrace.connection.pipeline.requests.max`). */
  readonly pipelineRequestsMax: number;
  /** `millrace.io.pause.max.us` */
  readonly pauseMaxUs: number;
  /** `millrace.io.defer.max.ms` */
  readonly deferMaxMs: number;
  /** `millrace.loopback.reno.enable` */
  readonly loopbackReno: boolean;
  /** `connections.max.idle.ms` */
  readonly idleMs: number;
  readonly fetchResponseBytesMax: number;
  /** At start; `connectionBounds` messages bring others. */
  readonly connections: ConnectionBounds;
  readonly handshakes: HandshakeLimits;
}

export interface IoHostContext {
  readonly settings: IoHostSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: LogStore;
  readonly table: PartitionTable;
  readonly arena: SharedArena;
  readonly links: readonly WorkerLink[];
  readonly sleeper: WakeSleeper;
  /** Of all I/O threads. */
  readonly openConnections: SharedTally;
  readonly sessions: FetchSessionCache;
  readonly port: Port<FromIo, ToIo>;
  readonly control: ControlLink;
  /** Null unless metrics are exposed. */
  readonly counters: IoCounters | null;
  /** Null where the thread has other things to do than this host. */
  readonly pacer: FramePacer | null;
  readonly responseMemory: ResponseMemory;
  growResponseMemory(bytesMin: number): ResponseMemory;
  readonly plainSockets: PlainSockets;
  /** `ListenerContext.unpace` */
  unpace(descriptor: number): void;
}

const SWEEP_MS = 1_000;
/** Completions handled before responses are sent and reads get their turn. */
const DRAIN_MAX = 4_096;
/** API key, version and correlation id: what every request begins with. */
const HEADER_BYTES_MIN = 8;

export class IoHost implements FrameHandler {
  readonly #context: IoHostContext;
  readonly #routes = new TopicRoutes();
  readonly #output: ResponseOutput;
  readonly #produce: ProducePath;
  readonly #fetch: FetchPath;
  readonly #clients = new Map<number, ClientState>();
  readonly #limits: ConnectionLimits;
  readonly #listeners: IoListeners;
  readonly #handshakes: TlsHandshakes;
  readonly #slice = new TlsSlice();
  readonly #questions: ControlQuestions;
  /** Clients with a frame that was refused for want of room (rings or arena). */
  readonly #waitingForRoom = new Set<ClientState>();
  #dirty: ClientState[] = [];
  #turnQueued = false;
  readonly #turn = (): void => this.#endTurn();
  readonly #onResponse: Respond = (connection, frame, muteMs) => this.#respond(connection, frame, muteMs);
  #roomFreed = false;
  /** A connection has closed: another may come in. */
  #placeFreed = false;
  #nextId = 1;
  #nowMs = 0;
  /** Kept when metrics are. */
  #turnStartedMs = 0;
  #sweep: Timer;
  #started = false;
  #stopping = false;

  constructor(context: IoHostContext) {
    this.#context = context;
    const { settings, clock, store, table, arena, links, sessions } = context;
    this.#nowMs = clock.monotonicMs();
    this.#handshakes = new TlsHandshakes(settings.handshakes, clock);
    this.#limits = new ConnectionLimits(settings.connections, context.openConnections);
    this.#output = new ResponseOutput(context.responseMemory, context.growResponseMemory);
    this.#questions = new ControlQuestions(context.port);
    this.#produce = new ProducePath({
      arena,
      routes: this.#routes,
      table,
      links,
      onReady: (client) => this.#markDirty(client),
      onRoom: () => this.#noteRoom(),
      askCoordinator: (question, onAnswer) => this.#questions.verify(question, onAnswer),
    });
    this.#fetch = new FetchPath({
      ioThread: settings.ioThread,
      clock,
      store,
      table,
      routes: this.#routes,
      sessions,
      counters: context.counters,
      responseBytesMax: settings.fetchResponseBytesMax,
      onReady: (client) => this.#markDirty(client),
      readAborted: (question) => this.#questions.readAborted(question),
      readEpochEnd: (row, leaderEpoch) => this.#questions.readEpochEnd(row, leaderEpoch),
    });
    this.#listeners = new IoListeners(this.#listenerContext(), (message) => context.port.post(message));
    context.port.onMessage((message) => this.#receive(message));
    this.#sweep = clock.schedule(SWEEP_MS, () => this.#sweepIdle());
  }

  /** Takes in the completions of all storage workers and the control thread's responses; the thread's doorbell calls it. */
  drain(): void {
    const { links, sleeper, control } = this.#context;
    // The turn ends below.
    this.#turnQueued = true;
    for (;;) {
      let handled = 0;
      for (const link of links) handled += this.#drainLink(link);
      handled += control.take(this.#onResponse);
      if (handled === 0) {
        sleeper.announce();
        if (!this.#hasCompletions() && !control.hasResponses) break;
        sleeper.cancel();
      }
    }
    this.#endTurn();
  }

  #hasCompletions(): boolean {
    for (const { completions } of this.#context.links) if (completions.peek() >= 0) return true;
    return false;
  }

  // --- frames -------------------------------------------------------------------------------------------------------

  onFrame(connection: Connection, bytes: Buffer, start: number, sizeBytes: number, block: number): boolean {
    const client = connection.attachment as ClientState;
    try {
      const taken = this.#take(client, bytes, start, start + sizeBytes, block);
      if (!taken) client.waiting = true;
      return taken;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(client, error.message);
      if (block >= 0) this.#context.arena.free(block);
      return true;
    }
  }

  mayBegin(connection: Connection): boolean {
    const client = connection.attachment as ClientState;
    // Only a Produce request can be allowed beside others, and large ones are nothing else.
    const may =
      !client.muted && client.refusal === null && client.accepts(true, this.#context.settings.pipelineRequestsMax);
    if (!may) client.waiting = true;
    return may;
  }

  onArenaFull(connection: Connection): void {
    const client = connection.attachment as ClientState;
    client.waiting = true;
    this.#waitingForRoom.add(client);
    this.#closeStalledFrames(false);
  }

  onBroken(connection: Connection, reason: string, strange: boolean): void {
    this.#refuse(connection.attachment as ClientState, reason, strange ? 'debug' : 'warn');
  }

  onEnded(connection: Connection): void {
    const client = connection.attachment as ClientState;
    client.ended = true;
    this.#closeEnded(client);
  }

  onClosed(connection: Connection): void {
    const client = connection.attachment as ClientState;
    this.#clients.delete(connection.id);
    this.#waitingForRoom.delete(client);
    this.#limits.closed(connection.clientHost);
    this.#context.counters?.add(IoCounter.connectionsClosed);
    if (client.usesTelemetry) this.#context.port.post({ type: 'telemetryClosed', connection: connection.id });
    client.pending.abandon();
    this.#noteRoom();
    this.#placeFreed = true;
    this.#queueTurn();
  }

  /** True when the frame is taken (and its block with it). */
  #take(client: ClientState, bytes: Buffer, start: number, end: number, block: number): boolean {
    const { settings, arena } = this.#context;
    if (this.#stopping) {
      if (block >= 0) arena.free(block);
      return true;
    }
    if (client.muted || client.refusal !== null) return false;
    if (end - start < HEADER_BYTES_MIN) throw new ProtocolError('malformed', 'frame too short for a header');
    const apiKey = bytes.readInt16BE(start);
    const isProduce = apiKey === ApiKey.Produce;
    if (!client.accepts(isProduce, settings.pipelineRequestsMax)) return false;
    const header = parseRequestHeader(bytes, start, end);
    this.#context.pacer?.frame(end - start, client);
    this.#queueTurn();
    if (isProduce) {
      checkVersion(header, PRODUCE_VERSION_MIN, PRODUCE_VERSION_MAX);
      const started = this.#produce.start(client, header, bytes, header.bodyOffset, end, block);
      if (started) this.#countStart(client, header);
      else this.#waitingForRoom.add(client);
      return started;
    }
    if (apiKey === ApiKey.Fetch) {
      checkVersion(header, FETCH_VERSION_MIN, FETCH_VERSION_MAX);
      const reader = new Reader(bytes, header.bodyOffset, end, REQUEST_ELEMENTS_MAX);
      const body = decodeFrom(fetchRequest, reader, header.apiVersion);
      checkPartitionCount(body.topics.reduce((sum, { partitions }) => sum + partitions.length, 0));
      this.#fetch.start(client, header.correlationId, header.apiVersion, body);
    } else {
      if (apiKey === ApiKey.ApiVersions) client.software = readClientSoftware(header, bytes, end);
      else if (apiKey === ApiKey.GetTelemetrySubscriptions) client.usesTelemetry = true;
      this.#forward(client, apiKey, bytes, start, end);
    }
    this.#countStart(client, header);
    if (block >= 0) {
      arena.free(block);
      this.#noteRoom();
    }
    return true;
  }

  #forward(client: ClientState, apiKey: number, bytes: Buffer, start: number, end: number): void {
    client.pending.push(new PendingControl(apiKey));
    this.#context.control.send(client, bytes, start, end);
  }

  /** Notes the request that was just put at the end of the client's queue. */
  #countStart({ pending }: ClientState, { apiKey, apiVersion }: RequestHeader): void {
    const { counters } = this.#context;
    if (!counters) return;
    counters.requestStarted(apiKey, apiVersion);
    pending.last.startedMs = this.#turnStartedMs;
  }

  // --- the end of a turn --------------------------------------------------------------------------------------------

  #markDirty(client: ClientState): void {
    if (!client.dirty) {
      client.dirty = true;
      this.#dirty.push(client);
    }
    this.#queueTurn();
  }

  #queueTurn(): void {
    if (this.#turnQueued) return;
    this.#turnQueued = true;
    if (this.#context.counters) this.#turnStartedMs = this.#context.clock.monotonicMs();
    // Runs when the read event (or message) at hand has been handled whole.
    soon(this.#turn);
  }

  #endTurn(): void {
    this.#turnQueued = false;
    this.#nowMs = this.#context.clock.monotonicMs();
    for (const link of this.#context.links) link.publish();
    while (this.#dirty.length > 0) {
      const clients = this.#dirty;
      this.#dirty = [];
      for (const client of clients) {
        client.dirty = false;
        if (!client.connection.closed) this.#flush(client);
      }
    }
    if (this.#roomFreed) this.#offerRoom();
    if (this.#placeFreed) this.#offerPlace();
    for (const link of this.#context.links) link.publish();
    this.#context.control.wake();
  }

  /** Writes every response that is ready at the head of the client's queue, then lets the next request in. */
  #flush(client: ClientState): void {
    const { pending, connection } = client;
    let caughtUp = false;
    while (pending.length > 0 && pending.first.ready && client.closeReason === null) {
      const done = pending.shift();
      if (done.isProduce) client.producedMs = this.#nowMs;
      this.#context.counters?.requestFinished(done.apiKey, this.#nowMs - done.startedMs, done.failed);
      done.finish(this.#output, client);
      caughtUp = done.caughtUp && pending.length === 0;
    }
    const queuedBytes = this.#output.flush(connection.sender);
    if (caughtUp && queuedBytes === 0) connection.socket.defer?.();
    if (client.closeReason !== null) this.#closeFor(connection, client.closeReason);
    else if (queuedBytes < 0) connection.close();
    else if (client.refusal !== null) this.#refuse(client, client.refusal);
    else if (client.waiting) this.#resume(client);
    else this.#closeEnded(client);
  }

  /** The client sends no more: what it has sent is done first, and the responses leave. TLS may end while frames wait. */
  #closeEnded({ ended, waiting, pending, connection }: ClientState): void {
    if (!ended || waiting || pending.length > 0 || connection.sender.pendingBytes !== 0) return;
    connection.close();
  }

  #resume(client: ClientState): void {
    if (client.muted || client.connection.closed) return;
    client.waiting = false;
    client.connection.resume();
    this.#closeEnded(client);
  }

  #noteRoom(): void {
    if (this.#waitingForRoom.size === 0) return;
    this.#roomFreed = true;
    this.#queueTurn();
  }

  #offerRoom(): void {
    this.#roomFreed = false;
    const clients = [...this.#waitingForRoom];
    this.#waitingForRoom.clear();
    for (const client of clients) if (!client.connection.closed) this.#resume(client);
  }

  #offerPlace(): void {
    this.#placeFreed = false;
    this.#listeners.admitWaiting();
  }

  // --- storage workers ----------------------------------------------------------------------------------------------

  #drainLink(link: WorkerLink): number {
    const { completions } = link;
    let handled = 0;
    let done = 0;
    for (; handled < DRAIN_MAX; handled++) {
      const at = completions.peek();
      if (at < 0) break;
      if (completions.slots[at + Completion.op] === CompletionOp.rowChanged) {
        this.#fetch.rowChanged(completions.slots[at + Completion.token]);
      } else {
        this.#produce.complete(completions.slots, at);
        done++;
      }
      completions.advance();
    }
    if (handled > 0) completions.release();
    link.underWay -= done;
    if (done > 0) {
      this.#noteRoom();
      this.#produce.retry();
    }
    return handled;
  }

  // --- control thread -----------------------------------------------------------------------------------------------

  #receive(message: ToIo): void {
    this.#context.control.take(this.#onResponse);
    switch (message.type) {
      case 'response':
        this.#respond(message.connection, message.frame, message.muteMs);
        break;
      case 'routes':
        this.#applyRoutes(message.set, message.remove);
        this.#context.port.post({ type: 'applied', id: message.id });
        break;
      case 'verified':
      case 'epochEnd':
      case 'aborted':
        this.#questions.answer(message);
        this.#queueTurn();
        break;
      case 'listen':
        this.#listeners.listen(message);
        break;
      case 'settings': {
        const { connectionBounds, tls } = message.settings;
        this.#limits.bounds = connectionBounds;
        for (const { listenerName, tls: changed } of tls) this.#listeners.changeTls(listenerName, changed);
        this.#context.port.post({ type: 'applied', id: message.id });
        break;
      }
      case 'start':
        this.#started = true;
        for (const { connection } of this.#clients.values()) connection.socket.resume();
        break;
      case 'stop':
        this.#stop();
    }
  }

  #respond(connectionId: number, frame: Uint8Array | null, muteMs: number): void {
    const client = this.#clients.get(connectionId);
    if (!client) return;
    if (frame === null) {
      client.connection.close();
      return;
    }
    if (muteMs > 0) this.#mute(client, muteMs);
    const pending = client.pending.length > 0 ? client.pending.first : undefined;
    if (!(pending instanceof PendingControl)) throw new Error('a response without a request');
    pending.frame = frame;
    this.#markDirty(client);
  }

  /** KIP-219: the response leaves, the next request waits. */
  #mute(client: ClientState, muteMs: number): void {
    client.muted = true;
    this.#context.clock.schedule(muteMs, () => {
      client.muted = false;
      if (client.waiting) this.#resume(client);
    });
  }

  #applyRoutes(set: Extract<ToIo, { type: 'routes' }>['set'], remove: readonly string[]): void {
    const rows = remove.flatMap((name) => [...(this.#routes.byName(name)?.rows ?? [])]);
    for (const row of rows) this.#context.counters?.rowFreed(row);
    for (const name of remove) this.#routes.remove(name);
    for (const route of set) this.#routes.set(route);
    this.#fetch.routesChanged(rows);
  }

  #listenerContext(): ListenerContext {
    return {
      arena: this.#context.arena,
      handler: this,
      // Unique in the broker: each I/O thread has a remainder of its own.
      nextConnectionId: () => this.#nextId++ * WAITERS_MAX + this.#context.settings.ioThread,
      nowMs: () => this.#nowMs,
      admit: (host, mayWait) => this.#admit(host, mayWait),
      onWaiting: (host) => this.#context.logger.warn({ host }, 'connection waits: max.connections is reached'),
      plainSockets: this.#context.plainSockets,
      unpace: this.#context.unpace,
      attachClient: (connection) => this.#attachClient(connection),
      createTlsSender: (onDrained) =>
        new TlsResponseSender(this.#context.store, () => this.#output.memory, this.#slice, onDrained),
      handshakes: this.#handshakes,
      onFailed: ({ clientHost, listenerName }, reason) => {
        this.#context.counters?.add(IoCounter.connectionsRefused);
        this.#context.logger.warn({ client: clientHost, listener: listenerName, reason }, 'connection refused');
      },
      onOpened: (connection) => {
        this.#clients.set(connection.id, connection.attachment as ClientState);
        this.#limits.opened(connection.clientHost);
        this.#context.counters?.add(IoCounter.connectionsOpened);
        return this.#started;
      },
    };
  }

  /** Gives the connection its state; returns what its sender calls. */
  #attachClient(connection: Connection): OnDrained {
    const client = new ClientState(connection);
    client.progressMs = this.#nowMs;
    connection.attachment = client;
    return (failed) => {
      if (failed) connection.close();
      else if (!connection.closed) this.#markDirty(client);
    };
  }

  #admit(host: string, mayWait: boolean): Admission {
    const admission = this.#stopping ? 'no' : this.#limits.admits(host);
    if (admission === 'yes' || (admission === 'later' && mayWait)) return admission;
    this.#context.counters?.add(IoCounter.connectionsRefused);
    this.#context.logger.warn({ host }, 'connection refused: max.connections or max.connections.per.ip is reached');
    return 'no';
  }

  /** Answers to what came before leave first, as in Kafka, which reads a frame only when the one before it is answered. */
  #refuse(client: ClientState, reason: string, level: 'debug' | 'warn' = 'warn'): void {
    const { pending, connection } = client;
    client.refusal = reason;
    if (pending.length === 0 && connection.sender.pendingBytes === 0) this.#closeFor(connection, reason, level);
  }

  #closeFor(connection: Connection, reason: string, level: 'debug' | 'warn' = 'warn'): void {
    const { clientHost, listenerName } = connection;
    this.#context.logger[level]({ client: clientHost, listener: listenerName, reason }, 'connection closed');
    connection.close();
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  #sweepIdle(): void {
    const { clock, settings } = this.#context;
    this.#nowMs = clock.monotonicMs();
    for (const client of this.#clients.values()) {
      const { connection, pending } = client;
      noteProgress(client, this.#nowMs);
      const idle = pending.length === 0 && this.#nowMs - connection.lastReceivedMs > settings.idleMs;
      if (idle && settings.idleMs >= 0) connection.close();
    }
    if (this.#waitingForRoom.size > 0) this.#closeStalledFrames(true);
    // A connection of another I/O thread may have closed.
    this.#offerPlace();
    this.#sweep = clock.schedule(SWEEP_MS, () => this.#sweepIdle());
  }

  /** Memory for requests is short: frames go whose clients send no more, or one that others wait for. */
  #closeStalledFrames(orDeadlocked: boolean): void {
    const { silent, deadlocked } = stalledFrames(this.#clients.values(), this.#nowMs);
    for (const one of silent) this.#closeFor(one, 'a frame stalled while memory for requests was short');
    if (!deadlocked || !orDeadlocked) return;
    this.#closeFor(deadlocked, 'frames under way need more memory than there is for requests');
  }

  /** What comes from now on is read and dropped. */
  #stop(): void {
    this.#stopping = true;
    this.#listeners.close();
    for (const client of this.#clients.values()) this.#resume(client);
    letClientsGo(this.#clients, this.#context.clock, () => {
      this.#sweep.cancel();
      for (const client of [...this.#clients.values()]) client.connection.close();
      this.#context.port.post({ type: 'stopped' });
    });
  }
}

function checkVersion(header: RequestHeader, min: number, max: number): void {
  const { apiKey, apiVersion } = header;
  if (apiVersion < min || apiVersion > max) {
    throw new ProtocolError('unsupported-version', `api ${apiKey} has no version ${apiVersion} here`);
  }
}
