import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicRoutes } from '../../../src/broker/io/topic-routes.ts';

test('a route is found by name and id, and keeps no more memory than its bytes', () => {
  const routes = new TopicRoutes();
  const id = 'zzzzzzzzzzzzzzzzzzzzzA';
  routes.set({ name: 'orders', id, internal: false, rows: Int32Array.of(3) });
  const route = routes.byName('orders')!;
  assert.equal(routes.byId(id), route);
  assert.equal(routes.byNameBytes(Buffer.from('orders'), 0, 6), route);
  assert.equal(routes.byIdBytes(Buffer.from(id, 'base64url'), 0), route);
  for (const bytes of [route.nameBytes, route.idBytes]) assert.equal(bytes.buffer.byteLength, bytes.length);
  routes.remove('orders');
  assert.equal(routes.byId(id), undefined);
});
