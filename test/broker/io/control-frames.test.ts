import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ClientState } from '../../../src/broker/io/client-state.ts';
import { ControlLink, IoLink } from '../../../src/broker/io/control-frames.ts';
import type { ControlRequest, FromIo, ToIo } from '../../../src/broker/io/io-messages.ts';
import { portPair } from '../../../src/broker/threads/ports.ts';
import type { Connection } from '../../../src/network/connection.ts';
import { allocateFrameRing } from '../../../src/ring/frame-ring.ts';
import { allocateSignal, WakeCaller, WakeSleeper } from '../../../src/ring/wake-signal.ts';

const RING_BYTES = 4_096;

function client(id: number, clientHost = '10.0.0.1'): ClientState {
  return new ClientState({ id, listenerName: 'L', clientHost, clientPort: id, localHost: '::1' } as Connection);
}

interface Seen {
  readonly connection: number;
  readonly clientHost: string;
  readonly software: string | undefined;
  readonly text: string;
}

let control: ControlLink;
let io: IoLink;
let calls: { io: number; control: number };
let seen: Seen[];
/** Kinds of messages that came by the port. */
let posted: string[];
let responses: (readonly [number, string | null, number])[];

const respond = (connection: number, frame: Uint8Array | null, muteMs: number): void => {
  responses.push([connection, frame && Buffer.from(frame).toString(), muteMs]);
};

function note({ connection, origin, frame }: ControlRequest): void {
  const { clientHost, software } = origin;
  seen.push({ connection, clientHost, software: software?.name, text: Buffer.from(frame).toString() });
}

function send(to: ClientState, text: string): void {
  const bytes = Buffer.from(`<<${text}>>`);
  control.send(to, bytes, 2, bytes.length - 2);
  bytes.fill(0);
}

beforeEach(() => {
  const [ioPort, ioHostPort] = portPair<ToIo, FromIo>();
  const memory = { requests: allocateFrameRing(RING_BYTES), responses: allocateFrameRing(RING_BYTES) };
  calls = { io: 0, control: 0 };
  [seen, posted, responses] = [[], [], []];
  control = new ControlLink(memory, new WakeCaller(allocateSignal(), { ring: () => calls.control++ }), ioHostPort);
  const ioSignal = allocateSignal();
  const caller = new WakeCaller(ioSignal, {
    ring: () => {
      calls.io++;
      new WakeSleeper(ioSignal).announce();
    },
  });
  io = new IoLink(memory, caller, ioPort);
  io.onRequest(note);
  ioPort.onMessage((message) => {
    io.take();
    posted.push(message.type);
    if (message.type === 'request') note(message);
  });
  ioHostPort.onMessage((message) => {
    control.take(respond);
    posted.push(message.type);
    if (message.type === 'response') respond(message.connection, message.frame, message.muteMs);
  });
});

describe('frames between an I/O thread and the control thread', () => {
  test('requests come with the origin of their connection, which may change', () => {
    const [first, second] = [client(1), client(2, '10.0.0.2')];
    send(first, 'one');
    send(second, 'two');
    io.take();
    first.software = { name: 'a-client', version: '1' };
    send(first, 'three');
    send(second, 'four');
    io.take();
    assert.deepEqual(seen, [
      { connection: 1, clientHost: '10.0.0.1', software: undefined, text: 'one' },
      { connection: 2, clientHost: '10.0.0.2', software: undefined, text: 'two' },
      { connection: 1, clientHost: '10.0.0.1', software: 'a-client', text: 'three' },
      { connection: 2, clientHost: '10.0.0.2', software: undefined, text: 'four' },
    ]);
    assert.deepEqual(posted, []);
  });

  test('the control thread is called once for what a turn has sent, and not for nothing', () => {
    control.wake();
    assert.equal(calls.control, 0);
    send(client(1), 'one');
    send(client(2), 'two');
    assert.equal(calls.control, 0);
    control.wake();
    control.wake();
    assert.equal(calls.control, 1);
  });

  test('responses come whole, with their pause, or as the word to close', async () => {
    io.respond(1, Buffer.from('one'), 0);
    io.respond(2, Buffer.from('two'), 50);
    io.respond(3, null, 0);
    assert.ok(control.hasResponses);
    assert.equal(control.take(respond), 3);
    assert.ok(!control.hasResponses);
    assert.deepEqual(responses, [
      [1, 'one', 0],
      [2, 'two', 50],
      [3, null, 0],
    ]);
    await Promise.resolve();
    assert.equal(calls.io, 1);
  });

  test('what finds no room goes by the port, behind what was sent before it', async () => {
    const large = 'x'.repeat(RING_BYTES);
    send(client(1), 'before');
    send(client(2), large);
    io.respond(1, Buffer.from('before'), 0);
    io.respond(2, Buffer.from(large), 7);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(posted.sort(), ['request', 'response']);
    assert.deepEqual(
      seen.map(({ connection, text }) => [connection, text]),
      [
        [1, 'before'],
        [2, large],
      ],
    );
    assert.deepEqual(responses, [
      [1, 'before', 0],
      [2, large, 7],
    ]);
  });

  test('a ring that is full loses nothing', async () => {
    const texts = Array.from({ length: 200 }, (_, at) => `request ${at}`);
    for (const [at, text] of texts.entries()) {
      send(client(at), text);
      io.respond(at, Buffer.from(text), 0);
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(posted.includes('request') && posted.includes('response'));
    assert.deepEqual(new Set(seen.map(({ text }) => text)), new Set(texts));
    assert.deepEqual(new Set(responses.map(([, text]) => text)), new Set(texts));
  });
});
