// connections.max.idle.ms, and connections that come before the broker is ready.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient } from '../raw-client.ts';
import { ask, IoHostFixture } from './io-host-fixture.ts';

const IDLE_MS = 60_000;

test('a connection that has been silent for too long is closed, one that asks now and then stays', async (t) => {
  const host = new IoHostFixture({ idleMs: IDLE_MS });
  t.after(() => host.close());
  await host.listen();
  host.start();
  const silent = await RawClient.connect(host.port);
  const busy = await RawClient.connect(host.port);
  await ask(silent, 'silent');
  for (let passedMs = 0; passedMs <= IDLE_MS; passedMs += IDLE_MS / 4) {
    await ask(busy, 'busy');
    assert.equal(silent.isClosed, false, `after ${passedMs} ms`);
    host.clock.advance(IDLE_MS / 4);
  }
  await silent.closed;
  await ask(busy, 'busy');
  busy.close();
});

test('with -1 no connection is too silent', async (t) => {
  const host = new IoHostFixture({ idleMs: -1 });
  t.after(() => host.close());
  await host.listen();
  host.start();
  const silent = await RawClient.connect(host.port);
  await ask(silent, 'before');
  host.clock.advance(IDLE_MS * 1_000);
  await ask(silent, 'after');
  silent.close();
});

test('what is asked before the broker is ready is read when it is', async (t) => {
  const host = new IoHostFixture();
  t.after(() => host.close());
  await host.listen();
  const early = await RawClient.connect(host.port);
  const answered = ask(early, 'early');
  // Each connection takes a turn of the thread, in which the earlier one would be read.
  for (let turn = 0; turn < 20; turn++) (await RawClient.connect(host.port)).close();
  assert.deepEqual(host.seen, []);
  host.start();
  await answered;
  assert.deepEqual(host.seen, ['early']);
  early.close();
});
