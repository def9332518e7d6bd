import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConnectionLimits, connectionBounds } from '../../../src/broker/io/connection-limits.ts';
import { BrokerConfig } from '../../../src/config/broker-config.ts';
import { loadAddon } from '../../../src/native/addon.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../../../src/protocol/messages/18-api-versions.ts';
import { allocateTally, SharedTally } from '../../../src/ring/shared-tally.ts';
import { startTestBroker } from '../../../src/testing/test-broker.ts';
import { RawClient } from '../raw-client.ts';

const bounds = (settings: Record<string, string>) =>
  connectionBounds(new BrokerConfig(new Map(Object.entries(settings))));

describe('limits of connections', () => {
  test('count over all I/O threads, in all and by address', () => {
    const memory = allocateTally();
    const limits = bounds({
      'max.connections': '4',
      'max.connections.per.ip': '2',
      'max.connections.per.ip.overrides': 'c:1',
    });
    const [one, other] = [1, 2].map(() => new ConnectionLimits(limits, new SharedTally(memory)));
    one.opened('a');
    other.opened('a');
    assert.deepEqual([one.admits('a'), other.admits('a'), one.admits('b')], ['no', 'no', 'yes']);
    other.opened('c');
    assert.deepEqual([one.admits('c'), one.admits('b')], ['no', 'yes']);
    other.opened('b');
    assert.deepEqual([one.admits('b'), other.admits('d')], ['later', 'later']);
    one.closed('a');
    assert.deepEqual([one.admits('a'), other.admits('b')], ['yes', 'yes']);
  });

  test('an address for which the shared count has no place is counted by each thread', () => {
    const memory = allocateTally();
    // Every place is another name's.
    new Int32Array(memory).fill(1);
    const limits = bounds({ 'max.connections.per.ip': '2' });
    const [one, other] = [1, 2].map(() => new ConnectionLimits(limits, new SharedTally(memory)));
    one.opened('a');
    assert.equal(one.admits('a'), 'yes');
    one.opened('a');
    assert.deepEqual([one.admits('a'), other.admits('a')], ['no', 'yes']);
    one.closed('a');
    assert.equal(one.admits('a'), 'yes');
  });

  test('a broker of several I/O threads takes as many as it may, and whoever comes then waits', {
    skip: !loadAddon(),
  }, async () => {
    const configs = { 'millrace.io.threads': 3, 'max.connections': 10 };
    const folder = mkdtempSync(join(tmpdir(), 'millrace-limits-'));
    const broker = await startTestBroker({ engine: 'native', folder, configs });
    const connect = () => RawClient.connect(broker.port);
    const ask = (client: RawClient) => client.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    const first: RawClient[] = [];
    for (let at = 0; at < 10; at++) {
      first.push(await connect());
      await ask(first[at]);
    }
    let served = 0;
    const waiting = await Promise.all(Array.from({ length: 20 }, connect));
    const answers = waiting.map(async (client) => {
      await ask(client);
      served++;
      client.close();
    });
    for (let i = 0; i < 20; i++) await Promise.all(first.map(ask));
    assert.equal(served, 0);
    for (const client of first) client.close();
    await Promise.all(answers);
    await broker.stop();
    rmSync(folder, { recursive: true });
  });

  test('no more wait than the backlog of the listener, and none after a stop', async () => {
    const broker = await startTestBroker({ configs: { 'max.connections': 1, 'socket.listen.backlog.size': 2 } });
    const one = await RawClient.connect(broker.port);
    await one.ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    const others: RawClient[] = [];
    for (let at = 0; at < 3; at++) others.push(await RawClient.connect(broker.port));
    await others[2].closed;
    assert.deepEqual([others[0].isClosed, others[1].isClosed], [false, false]);
    // One that leaves takes no place.
    others[0].close();
    one.close();
    await others[1].ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    const last = await RawClient.connect(broker.port);
    await others[1].ask(apiVersionsRequest, apiVersionsResponse, 0, {});
    await broker.stop();
    await last.closed;
  });
});
