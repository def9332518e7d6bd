import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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
import { RawClient } from '../raw-client.ts';

const MUTE_MS = 5_000;
const VERSION = 4;

let clock: ManualClock;
let hosts: Hosts;
let port: number;
/** Requests as the control thread sees them, by client id. */
let seen: string[];

before(async () => {
  clock = new ManualClock();
  seen = [];
  hosts = startInlineHosts({
    store: new SegmentedLogStore(new MemoryFileSpace(() => clock.wallMs())),
    clock,
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
      pipelineRequestsMax: 64,
      idleMs: -1,
      fetchResponseBytesMax: 1 << 20,
      connections: { connectionsMax: 100, perAddressMax: 100, overrides: new Map() },
      handshakes: { underWayMax: 1, timeoutMs: 1_000 },
    },
    storage: storageSettings(new BrokerConfig(new Map())),
  });
  const [link] = hosts.ioLinks;
  const { port: io } = link;
  link.onRequest(respond);
  port = await new Promise((resolve) => {
    io.onMessage((message: FromIo) => {
      if (message.type === 'listening') resolve(message.port);
    });
    const listener = {
      listenerName: 'L',
      host: '127.0.0.1',
      port: 0,
      reusePort: false,
      backlog: 10,
      frameBytesMax: 1_000,
    };
    io.post({ type: 'listen', id: 1, listener, tls: null });
    io.post({ type: 'start' });
  });
});

after(async () => {
  const [{ port: io }] = hosts.ioLinks;
  io.post({ type: 'stop' });
  await hosts.close();
});

/** Mutes those who call themselves so. */
function respond({ connection, frame }: ControlRequest): void {
  const header = parseRequestHeader(frame);
  seen.push(header.clientId!);
  const bytes = encodeBehind(findCoordinatorResponse, {}, VERSION, (writer) => {
    writer.int32(0);
    writeResponseHeader(writer, header.apiKey, VERSION, header.correlationId);
  });
  bytes.writeInt32BE(bytes.length - 4, 0);
  const muteMs = header.clientId === 'muted' ? MUTE_MS : 0;
  hosts.ioLinks[0].respond(connection, bytes, muteMs);
}

const ask = (client: RawClient, name: string) =>
  client.ask(findCoordinatorRequest, findCoordinatorResponse, VERSION, { keyType: 0, coordinatorKeys: [] }, name);

describe('a muted connection', () => {
  test('gets its response at once; its next request waits, also one that comes later', async () => {
    const muted = await RawClient.connect(port);
    const other = await RawClient.connect(port);
    for (let round = 1; round <= 2; round++) {
      const first = ask(muted, 'muted');
      const early = round === 1 ? ask(muted, 'next') : null;
      await first;
      // In the second round it comes when the response is long gone.
      await ask(other, 'other');
      const next = early ?? ask(muted, 'next');
      for (let turn = 0; turn < 20; turn++) await ask(other, 'other');
      assert.equal(seen.filter((name) => name === 'next').length, round - 1);
      clock.advance(MUTE_MS - 1);
      await ask(other, 'other');
      assert.equal(seen.filter((name) => name === 'next').length, round - 1);
      clock.advance(1);
      await next;
      assert.equal(seen.filter((name) => name === 'next').length, round);
    }
    muted.close();
    other.close();
  });
});
