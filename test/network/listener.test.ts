// When a listener begins to read a connection that it has accepted, over real sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { loadAddon } from '../../src/native/addon.ts';
import { openSocketInput } from '../../src/native/socket-input.ts';
import { openSocketOutput } from '../../src/native/socket-output.ts';
import type { Connection, FrameHandler } from '../../src/network/connection.ts';
import { Listener, type ListenerContext } from '../../src/network/listener.ts';
import { NodeSockets } from '../../src/network/node-sockets.ts';
import { PolledSockets } from '../../src/network/polled-sockets.ts';
import { TlsHandshakes } from '../../src/network/tls-handshakes.ts';
import { SharedArena } from '../../src/ring/shared-arena.ts';

const SCRATCH = 4096;
const FRAME = Buffer.from([0, 0, 0, 3, 7, 8, 9]);

/** Accepts with a listener; connections whose number is in `held` are not read before somebody says so. */
async function listen(held: ReadonlySet<number>, { anyHost = false, polled = false } = {}) {
  const arena = new SharedArena(SharedArena.allocateMemory(14, SCRATCH), SCRATCH);
  const frames: string[] = [];
  const connections: Connection[] = [];
  const unpaced: number[] = [];
  let nowMs = 0;
  let onFrame = (): void => {};
  const handler: FrameHandler = {
    onFrame: (connection, bytes, start, sizeBytes) => {
      frames.push(`${connection.id}: ${bytes.subarray(start, start + sizeBytes).toString('hex')}`);
      onFrame();
      return true;
    },
    mayBegin: () => true,
    onArenaFull: () => {},
    onBroken: (_, reason) => assert.fail(reason),
    onEnded: () => {},
    onClosed: () => {},
  };
  const context: ListenerContext = {
    arena,
    handler,
    nextConnectionId: () => connections.length + 1,
    nowMs: () => nowMs,
    admit: () => 'yes',
    onWaiting() {},
    plainSockets: polled
      ? new PolledSockets(openSocketOutput()!, openSocketInput(arena.bytes, SCRATCH)!, 0)
      : new NodeSockets(() => ({ pendingBytes: 0, send: () => 0, close: () => {} })),
    unpace: (descriptor) => unpaced.push(descriptor),
    attachClient: () => () => {},
    createTlsSender: () => assert.fail('no TLS here'),
    handshakes: new TlsHandshakes({ underWayMax: 1, timeoutMs: 1000 }, systemClock),
    onFailed: (_, reason) => assert.fail(reason),
    onOpened: (connection) => {
      connections.push(connection);
      return !held.has(connection.id);
    },
  };
  const listener = new Listener(
    {
      listenerName: 'PLAINTEXT',
      host: anyHost ? undefined : '127.0.0.1',
      port: 0,
      reusePort: false,
      backlog: 10,
      frameBytesMax: 1000,
    },
    context,
    null,
  );
  const port = await listener.listen();
  return {
    listener,
    port,
    frames,
    connections,
    unpaced,
    setNow: (ms: number) => (nowMs = ms),
    /** Resolves with the next frame of any connection. */
    nextFrame: () => new Promise<void>((resolve) => (onFrame = resolve)),
  };
}

async function sendFrame(port: number, host = '127.0.0.1') {
  const socket = connect(port, host);
  await once(socket, 'connect');
  await new Promise((resolve) => socket.write(FRAME, resolve));
  return socket;
}

test('a connection that is held back is not read before it is resumed', async () => {
  const { listener, port, frames, connections, nextFrame } = await listen(new Set([1]));
  const first = await sendFrame(port);
  // A later connection is read, so that the earlier one would have been too.
  for (let id = 2; id <= 4; id++) {
    const read = nextFrame();
    const other = await sendFrame(port);
    await read;
    other.destroy();
  }
  assert.deepEqual(frames, ['2: 070809', '3: 070809', '4: 070809']);
  const read = nextFrame();
  connections[0].socket.resume();
  await read;
  assert.equal(frames.at(-1), '1: 070809');
  first.destroy();
  for (const connection of connections) connection.close();
  listener.close();
});

test('a connection that is not held back is read at once', async () => {
  const { listener, port, frames, connections, nextFrame } = await listen(new Set());
  const read = nextFrame();
  const socket = await sendFrame(port);
  await read;
  assert.deepEqual(frames, ['1: 070809']);
  socket.destroy();
  for (const connection of connections) connection.close();
  listener.close();
});

test('a client of IPv4 has its plain address on a listener for both protocols', async () => {
  const { listener, port, connections, nextFrame } = await listen(new Set(), { anyHost: true });
  const read = nextFrame();
  const socket = await sendFrame(port);
  await read;
  assert.deepEqual([connections[0].clientHost, connections[0].localHost], ['127.0.0.1', '127.0.0.1']);
  socket.destroy();
  for (const connection of connections) connection.close();
  listener.close();
});

test('connections from this host are not paced, whichever of its addresses they name', async () => {
  const ofThisHost = Object.values(networkInterfaces())
    .flatMap((all) => all!.filter(({ scopeid }) => !scopeid))
    .map(({ address }) => address);
  // Another one of the loopback network: there the client's address is not the broker's.
  if (process.platform === 'linux') ofThisHost.push('127.0.0.2');
  const { listener, port, connections, nextFrame, unpaced } = await listen(new Set(), { anyHost: true });
  for (const address of ofThisHost) {
    const read = nextFrame();
    const socket = await sendFrame(port, address);
    await read;
    socket.destroy();
  }
  assert.ok(ofThisHost.includes('127.0.0.1'));
  assert.equal(unpaced.length, ofThisHost.length);
  assert.ok(unpaced.every((descriptor) => descriptor > 2));
  for (const connection of connections) connection.close();
  listener.close();
});

for (const polled of [false, true]) {
  const skip = polled && !loadAddon() ? 'the addon is not built' : false;
  test(`a client that sends is not idle, ${polled ? 'read by the engine' : 'read by node'}`, { skip }, async () => {
    const { listener, port, connections, nextFrame, setNow } = await listen(new Set(), { polled });
    let read = nextFrame();
    const socket = await sendFrame(port);
    await read;
    setNow(70);
    read = nextFrame();
    socket.write(FRAME);
    await read;
    assert.equal(connections[0].lastReceivedMs, 70);
    socket.destroy();
    for (const connection of connections) connection.close();
    listener.close();
  });
}
