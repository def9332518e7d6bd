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
    assert.deepEqual([one.admits('a'), other.admits('a'), one.admits('b')], [false, false, true]);
    other.opened('c');
    assert.deepEqual([one.admits('c'), one.admits('b')], [false, true]);
    other.opened('b');
    assert.deepEqual([one.admits('b'), other.admits('d')], [false, false]);
    one.closed('a');
    assert.deepEqual([one.admits('a'), other.admits('b')], [true, true]);
  });

  test('a broker of several I/O threads takes as many as it may, and again when some have gone', {
    skip: !loadAddon(),
  }, async () => {
    const configs = { 'millrace.io.threads': 3, 'max.connections': 10 };
    const folder = mkdtempSync(join(tmpdir(), 'millrace-limits-'));
    const broker = await startTestBroker({ engine: 'native', folder, configs });
    const software = { clientSoftwareName: 'a', clientSoftwareVersion: '1' };
    /** How many of so many new connections are served; the others are closed. */
    const open = async (count: number): Promise<RawClient[]> => {
      const served: RawClient[] = [];
      for (let at = 0; at < count; at++) {
        const client = await RawClient.connect(broker.port);
        const answer = client.ask(apiVersionsRequest, apiVersionsResponse, 3, software);
        await answer.then(() => served.push(client)).catch(() => {});
      }
      return served;
    };
    const first = await open(30);
    assert.equal(first.length, 10);
    for (const client of first) client.close();
    // The broker learns of it in its own time.
    let again: RawClient[] = [];
    while (again.length === 0) again = await open(1);
    for (const client of again) client.close();
    await broker.stop();
    rmSync(folder, { recursive: true });
  });
});
