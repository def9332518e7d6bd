import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ManualClock } from '../../src/base/manual-clock.ts';
import type { Connection } from '../../src/network/connection.ts';
import { Listener, type ListenerContext } from '../../src/network/listener.ts';
import { NodeSockets } from '../../src/network/node-sockets.ts';
import { TlsHandshakes } from '../../src/network/tls-handshakes.ts';
import { SharedArena } from '../../src/ring/shared-arena.ts';

test('a connection that cannot be set up is closed, and the next one is served', async () => {
  const failed: string[] = [];
  const opened: Connection[] = [];
  let closed = 0;
  let sendersLeft = 0;
  const context = {
    arena: new SharedArena(SharedArena.allocateMemory(14, 512), 512),
    handler: { onEnded: (connection: Connection) => connection.close(), onClosed: () => closed++ },
    handshakes: new TlsHandshakes({ underWayMax: 1, timeoutMs: 1 }, new ManualClock()),
    nextConnectionId: () => 1,
    nowMs: () => 0,
    admit: () => 'yes',
    onWaiting() {},
    plainSockets: new NodeSockets(() => {
      if (sendersLeft-- <= 0) throw new Error('cannot send on descriptor 7: errno 24');
      return { pendingBytes: 0, send: () => 0, close: () => {} };
    }),
    unpace() {},
    attachClient: () => () => {},
    onFailed: (_connection: Connection, reason: string) => failed.push(reason),
    onOpened: (connection: Connection) => opened.push(connection) > 0,
  } as unknown as ListenerContext;
  const options = { listenerName: 'PLAINTEXT', host: '127.0.0.1', port: 0, reusePort: false, backlog: 5 };
  const listener = new Listener({ ...options, frameBytesMax: 1000 }, context, null);
  const port = await listener.listen();
  const refused = connect(port, '127.0.0.1').resume();
  await once(refused, 'close');
  assert.deepEqual([failed, opened.length, closed], [['cannot send on descriptor 7: errno 24'], 0, 0]);
  sendersLeft = 1;
  const served = connect(port, '127.0.0.1').resume();
  served.end();
  await once(served, 'close');
  assert.deepEqual([failed.length, opened.length, closed], [1, 1, 1]);
  listener.close();
});
