import { createRequire } from 'node:module';

const require = createRequire(`${process.env.MILLRACE_INTEROP_NPM}/package.json`);
const rdkafka = require('@confluentinc/kafka-javascript');

// The callback API, not the promise API in KafkaJS's shape: it keeps the order and the repetition of headers.
const common = (bootstrap) => ({ 'bootstrap.servers': bootstrap, 'client.id': 'interop-confluent-js' });
const called = (run) => new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));

async function producerOf(bootstrap, codec, more) {
  const producer = new rdkafka.Producer({ ...common(bootstrap), 'compression.codec': codec, 'linger.ms': 5, dr_cb: true,
    'message.max.bytes': 5_000_000, ...more });
  await called((done) => producer.connect({}, done));
  producer.setPollInterval(20);
  return producer;
}

async function send(producer, topic, records, first, acknowledged) {
  const reported = new Promise((resolve, reject) => {
    let open = records.length;
    producer.removeAllListeners('delivery-report').on('delivery-report', (error, report) => {
      if (error) reject(error);
      else acknowledged(report.opaque, report.offset);
      if (--open === 0) resolve();
    });
  });
  for (const [index, { partition, key, value, headers, timestamp }] of records.entries()) {
    const list = headers.map(([name, header]) => ({ [name]: header }));
    producer.produce(topic, partition, value, key, timestamp, first + index, list);
  }
  await called((done) => producer.flush(30_000, done));
  await reported;
}

export async function produce({ bootstrap, topic, codec, records, acknowledged }) {
  const producer = await producerOf(bootstrap, codec, { 'enable.idempotence': codec === 'lz4' });
  await send(producer, topic, records, 0, acknowledged);
  await called((done) => producer.disconnect(done));
}

// Three transactions, of which the second one is aborted.
export async function transact({ bootstrap, topic, codec, records, acknowledged }) {
  const producer = await producerOf(bootstrap, codec, { 'transactional.id': 'interop-confluent-js' });
  await called((done) => producer.initTransactions(30_000, done));
  const part = Math.ceil(records.length / 3);
  for (let first = 0; first < records.length; first += part) {
    const abort = first === part;
    await called((done) => producer.beginTransaction(done));
    await send(producer, topic, records.slice(first, first + part), first, abort ? () => {} : acknowledged);
    await called((done) => (abort ? producer.abortTransaction(30_000, done) : producer.commitTransaction(30_000, done)));
  }
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
