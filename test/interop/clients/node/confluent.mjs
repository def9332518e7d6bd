import { createRequire } from 'node:module';

const require = createRequire(`${process.env.MILLRACE_INTEROP_NPM}/package.json`);
const rdkafka = require('@confluentinc/kafka-javascript');

// The callback API, not the promise API in KafkaJS's shape: it keeps the order and the repetition of headers.
const common = (bootstrap) => ({ 'bootstrap.servers': bootstrap, 'client.id': 'interop-confluent-js' });
const called = (run) => new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));

export async function produce({ bootstrap, topic, codec, records, acknowledged }) {
  const producer = new rdkafka.Producer({ ...common(bootstrap), 'compression.codec': codec, 'linger.ms': 5, dr_cb: true,
    'enable.idempotence': codec === 'lz4', 'message.max.bytes': 5_000_000 });
  await called((done) => producer.connect({}, done));
  let failed;
  producer.on('delivery-report', (error, report) => {
    if (error) failed = error;
    else acknowledged(report.opaque, report.offset);
  });
  producer.setPollInterval(20);
  for (const [index, { partition, key, value, headers, timestamp }] of records.entries()) {
    producer.produce(topic, partition, value, key, timestamp, index, headers.map(([name, header]) => ({ [name]: header })));
  }
  await called((done) => producer.flush(30_000, done));
  if (failed) throw failed;
  await called((done) => producer.disconnect(done));
}

export async function consume({ bootstrap, group, topics, protocol, assigned, record }) {
  const mine = new Set();
  const consumer = new rdkafka.KafkaConsumer({ ...common(bootstrap), 'group.id': group, 'group.protocol': protocol,
    ...(protocol === 'classic' ? { 'session.timeout.ms': 10_000, 'heartbeat.interval.ms': 300 } : {}),
    rebalance_cb: (error, partitions) => {
      const adding = error.code === rdkafka.CODES.ERRORS.ERR__ASSIGN_PARTITIONS;
      if (consumer.rebalanceProtocol() === 'COOPERATIVE') {
        if (adding) consumer.incrementalAssign(partitions);
        else consumer.incrementalUnassign(partitions);
      } else if (adding) {
        consumer.assign(partitions);
      } else {
        consumer.unassign();
      }
      for (const { topic, partition } of partitions) mine[adding ? 'add' : 'delete'](`${topic}-${partition}`);
      assigned([...mine]);
    },
  }, { 'auto.offset.reset': 'earliest' });
  consumer.on('data', (message) => {
    const headers = (message.headers ?? []).flatMap((header) => Object.entries(header));
    record({ ...message, headers });
  });
  await called((done) => consumer.connect({}, done));
  consumer.subscribe(topics);
  consumer.consume();
  return () => called((done) => consumer.disconnect(done));
}
