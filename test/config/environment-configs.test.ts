import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentConfigs } from '../../src/config/environment-configs.ts';

const names = (env: Record<string, string>): string[] => environmentConfigs(env).map(({ name }) => name);

test('underscores are dots, underscores and dashes by their number', () => {
  assert.deepEqual(names({ KAFKA_LOG_DIRS: '/data', KAFKA_A__B___C_D: 'x', MILLRACE_IO_THREADS: '2' }), [
    'log.dirs',
    'a_b-c.d',
    'millrace.io.threads',
  ]);
});

test('the cluster id has a variable without a prefix', () => {
  assert.deepEqual(environmentConfigs({ CLUSTER_ID: 'x' }), [
    { variable: 'CLUSTER_ID', name: 'millrace.cluster.id', text: 'x' },
  ]);
});

test("variables of the image, of service links and of others are not the broker's", () => {
  const foreign = {
    KAFKA_HEAP_OPTS: '-Xmx1G',
    KAFKA_OPTS: '',
    KAFKA_LOG4J_ROOT_LOGLEVEL: 'INFO',
    KAFKA_VERSION: '4.3.1',
    KAFKA_PORT: 'tcp://10.0.0.1:9092',
    KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
    KAFKA_SERVICE_HOST: '10.0.0.1',
    MILLRACE_BOOTSTRAP: 'localhost:9092',
    PATH: '/bin',
  };
  assert.deepEqual(names(foreign), []);
});
