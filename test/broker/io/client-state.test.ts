import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientState, type PendingRequest } from '../../../src/broker/io/client-state.ts';
import type { Connection } from '../../../src/network/connection.ts';

const PIPELINE_MAX = 3;
const produce = { isProduce: true } as PendingRequest;
const other = { isProduce: false } as PendingRequest;

function clientWith(...pending: PendingRequest[]): { client: ClientState; sender: { pendingBytes: number } } {
  const sender = { pendingBytes: 0 };
  const client = new ClientState({ sender } as Connection);
  for (const request of pending) client.pending.push(request);
  return { client, sender };
}

/** Whether a Produce request, and any other, may start. */
const mayStart = (client: ClientState): boolean[] => [true, false].map((is) => client.accepts(is, PIPELINE_MAX));

test('Produce requests run beside each other, as many as millrace.connection.pipeline.requests.max', () => {
  assert.deepEqual(mayStart(clientWith().client), [true, true]);
  assert.deepEqual(mayStart(clientWith(produce).client), [true, false]);
  assert.deepEqual(mayStart(clientWith(produce, produce).client), [true, false]);
  assert.deepEqual(mayStart(clientWith(produce, produce, produce).client), [false, false]);
});

test('any other request has the connection to itself', () => {
  assert.deepEqual(mayStart(clientWith(other).client), [false, false]);
  const { client, sender } = clientWith();
  sender.pendingBytes = 1;
  assert.deepEqual(mayStart(client), [true, false], 'a response is on its way');
});

test('nothing starts behind batches that wait for their coordinator, until all is answered', () => {
  const { client } = clientWith(produce);
  client.verifying = true;
  assert.deepEqual(mayStart(client), [false, false]);
  client.pending.shift();
  assert.deepEqual(mayStart(client), [true, true]);
  client.pending.push(produce);
  assert.deepEqual(mayStart(client), [true, false]);
});
