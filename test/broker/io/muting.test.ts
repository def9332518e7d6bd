import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RawClient } from '../raw-client.ts';
import { ask, IoHostFixture } from './io-host-fixture.ts';

const MUTE_MS = 5_000;

/** Mutes those who call themselves so. */
const host = new IoHostFixture({ muteMs: (clientId) => (clientId === 'muted' ? MUTE_MS : 0) });
const { clock, seen } = host;

before(async () => {
  await host.listen();
  host.start();
});

after(() => host.close());

describe('a muted connection', () => {
  test('gets its response at once; its next request waits, also one that comes later', async () => {
    const muted = await RawClient.connect(host.port);
    const other = await RawClient.connect(host.port);
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
