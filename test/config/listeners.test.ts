import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerConfig } from '../../src/config/broker-config.ts';
import { type BrokerListeners, brokerListeners, parseEndpoint } from '../../src/config/listeners.ts';

const listen = (texts: Record<string, string>): BrokerListeners =>
  brokerListeners(new BrokerConfig(new Map(Object.entries(texts))));

test('without settings there is one plain listener on every interface', () => {
  assert.deepEqual(listen({}), {
    listeners: [{ name: 'PLAINTEXT', host: '', port: 9092, securityProtocol: 'PLAINTEXT' }],
    controllerListeners: [],
    advertised: [{ name: 'PLAINTEXT', host: '', port: 9092 }],
    interBrokerListenerName: 'PLAINTEXT',
  });
});

test('endpoints: IPv6, upper case, port 0', () => {
  assert.deepEqual(parseEndpoint('listeners', 'plain://[::1]:0'), { name: 'PLAIN', host: '::1', port: 0 });
  for (const text of ['PLAINTEXT:9092', 'PLAINTEXT://h', 'PLAINTEXT://h:65536', 'PLAINTEXT://a:b:1', '://h:1', '']) {
    assert.throws(() => parseEndpoint('listeners', text), /not a listener/, text);
  }
});

test("a controller's listener is kept apart", () => {
  const found = listen({
    listeners: 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
    'controller.listener.names': 'CONTROLLER',
    'advertised.listeners': 'PLAINTEXT://example.org:1234,CONTROLLER://example.org:9093',
  });
  assert.deepEqual(
    found.listeners.map(({ name }) => name),
    ['PLAINTEXT'],
  );
  assert.deepEqual(
    found.controllerListeners.map(({ name }) => name),
    ['CONTROLLER'],
  );
  assert.deepEqual(found.advertised, [{ name: 'PLAINTEXT', host: 'example.org', port: 1234 }]);
});

test('names of ones own need a protocol', () => {
  assert.throws(() => listen({ listeners: 'EXTERNAL://:9092' }), /EXTERNAL has no security protocol[\s\S]*fix:/);
  const found = listen({
    listeners: 'EXTERNAL://:9092,INTERNAL://:9093',
    'listener.security.protocol.map': 'EXTERNAL:SASL_SSL, internal:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
  });
  assert.deepEqual(
    found.listeners.map(({ securityProtocol }) => securityProtocol),
    ['SASL_SSL', 'PLAINTEXT'],
  );
  assert.equal(found.interBrokerListenerName, 'INTERNAL');
});

test('duplicates are refused, except port 0 and the two families of addresses', () => {
  const map = { 'listener.security.protocol.map': 'A:PLAINTEXT,B:PLAINTEXT' };
  assert.throws(() => listen({ ...map, listeners: 'A://:9092,B://:9092' }), /the port 9092 twice/);
  assert.throws(() => listen({ ...map, listeners: 'A://:9092,a://:9093' }), /the name A twice/);
  assert.equal(listen({ ...map, listeners: 'A://:0,B://:0' }).listeners.length, 2);
  assert.equal(listen({ ...map, listeners: 'A://127.0.0.1:9092,B://[::1]:9092' }).listeners.length, 2);
});

test('what cannot be reached is not advertised', () => {
  assert.throws(() => listen({ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }), /no client can connect/);
  assert.throws(() => listen({ 'advertised.listeners': 'SSL://host:9092' }), /SSL, which is not in listeners/);
  assert.deepEqual(listen({ listeners: 'PLAINTEXT://0.0.0.0:9092' }).advertised[0].host, '');
});

test('a map that is wrong is refused', () => {
  assert.throws(
    () => listen({ 'listener.security.protocol.map': 'PLAINTEXT:TLS' }),
    /not a pair of listener and protocol/,
  );
  assert.throws(() => listen({ 'listener.security.protocol.map': 'A:SSL,A:SSL' }), /twice/);
});

test('at least one listener must be left for clients', () => {
  assert.throws(() => listen({ listeners: 'CONTROLLER://:9093' }), /No listener is left for clients/);
});
