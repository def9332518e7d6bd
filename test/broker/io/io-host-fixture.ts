/** An I/O host with a clock to turn; it listens on a real socket, and the fixture answers in place of the control thread. */
import { silentLogger } from '../../../src/base/logger.ts';
import { ManualClock } from '../../../src/base/manual-clock.ts';
import type { ControlRequest, FromIo } from '../../../src/broker/io/io-messages.ts';
import { storageSettings } from '../../../src/broker/storage-settings.ts';
import type { Hosts } from '../../../src/broker/threads/hosts.ts';
import { startInlineHosts } from '../../../src/broker/threads/inline-hosts.ts';
import { BrokerConfig } from '../../../src/config/broker-config.ts';
import { MemoryFileSpace } from '../../../src/native/memory-file-space.ts';
import { SegmentedLogStore } from '../../../src/native/segmented-log-store.ts';
import { encodeBehind } from '../../../src/protocol/codec.ts';
import { findCoordinatorRequest, findCoordinatorResponse } from '../../../src/protocol/messages/10-find-coordinator.ts';
import { parseRequestHeader, writeResponseHeader } from '../../../src/protocol/request-header.ts';
import { ComponentLoggers } from '../../../src/telemetry/component-loggers.ts';
import type { RawClient } from '../raw-client.ts';

const VERSION = 4;

export class IoHostFixture {
  readonly clock = new ManualClock();
  /** Requests as the control thread sees them, by client id. */
  readonly seen: string[] = [];
  port = 0;
  readonly #hosts: Hosts;
  readonly #muteMs: (clientId: string) => number;

  /** `muteMs` says how long a client is muted with each response. */
  constructor({ idleMs = -1, muteMs = (_: string): number => 0 } = {}) {
    this.#muteMs = muteMs;
    this.#hosts = startInlineHosts({
      store: new SegmentedLogStore(new MemoryFileSpace(() => this.clock.wallMs())),
      clock: this.clock,
      loggers: new ComponentLoggers(silentLogger, 'ERROR'),
      logFormat: 'text',
      ioThreads: 1,
      storageWorkers: 1,
      colocated: true,
      arenaBytes: 1 << 20,
      frameBytesMax: 1 << 20,
      fetchSessionSlots: 10,
      counters: false,
      io: {
        pauseMaxUs: 0,
        deferMaxMs: 0,
        loopbackReno: false,
        pipelineRequestsMax: 64,
        idleMs,
        fetchResponseBytesMax: 1 << 20,
        connections: { connectionsMax: 100, perAddressMax: 100, overrides: new Map() },
        handshakes: { underWayMax: 1, timeoutMs: 1_000 },
      },
      storage: storageSettings(new BrokerConfig(new Map())),
    });
    this.#hosts.ioLinks[0].onRequest((request) => this.#respond(request));
  }

  /** Resolves when it listens; connections are not read before `start`. */
  async listen(): Promise<void> {
    const [{ port: io }] = this.#hosts.ioLinks;
    this.port = await new Promise((resolve) => {
      io.onMessage((message: FromIo) => {
        if (message.type === 'listening') resolve(message.port);
      });
      const listener = { listenerName: 'L', host: '127.0.0.1', port: 0, reusePort: false, backlog: 10 };
      io.post({ type: 'listen', id: 1, listener: { ...listener, frameBytesMax: 1_000 }, tls: null });
    });
  }

  start(): void {
    this.#hosts.ioLinks[0].port.post({ type: 'start' });
  }

  async close(): Promise<void> {
    this.#hosts.ioLinks[0].port.post({ type: 'stop' });
    await this.#hosts.close();
  }

  #respond({ connection, frame }: ControlRequest): void {
    const { apiKey, correlationId, clientId } = parseRequestHeader(frame);
    this.seen.push(clientId!);
    const bytes = encodeBehind(findCoordinatorResponse, {}, VERSION, (writer) => {
      writer.int32(0);
      writeResponseHeader(writer, apiKey, VERSION, correlationId);
    });
    bytes.writeInt32BE(bytes.length - 4, 0);
    this.#hosts.ioLinks[0].respond(connection, bytes, this.#muteMs(clientId!));
  }
}

/** Some request that the control thread answers. */
export const ask = (client: RawClient, name: string) =>
  client.ask(findCoordinatorRequest, findCoordinatorResponse, VERSION, { keyType: 0, coordinatorKeys: [] }, name);
