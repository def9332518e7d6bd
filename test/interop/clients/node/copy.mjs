// The copy job on @platformatic/kafka (see ../README.md): copy.mjs BOOTSTRAP INPUT OUTPUT GROUP TRANSACTIONAL_ID
// Whatever goes wrong ends it; its successor begins anew.
import { Consumer, Producer, stringDeserializers } from '@platformatic/kafka';

const TRANSACTION_RECORDS_MAX = 20;
const [bootstrap, input, output, group, transactionalId] = process.argv.slice(2);
const common = { bootstrapBrokers: [bootstrap], retries: 20, retryDelay: 50, connectTimeout: 2000 };
process.stdin.on('end', () => process.exit(0)).resume();

// Unless it is told otherwise, it begins as if it had been producer 0, and is fenced.
const nobody = { producerId: -1n, producerEpoch: -1 };
const producer = new Producer({ ...common, ...nobody, clientId: 'copy', idempotent: true, transactionalId, strict: true });
// The predecessor's transaction, with its offsets, has to end before anything is read.
const first = await producer.beginTransaction();
await first.cancel(); // nothing of it has reached the broker
const consumer = new Consumer({
  ...common, clientId: 'copy', groupId: group, sessionTimeout: 2000, heartbeatInterval: 300, deserializers: stringDeserializers,
});
const stream = await consumer.consume({
  topics: [input], mode: 'committed', fallbackMode: 'earliest', autocommit: false, maxWaitTime: 100, isolationLevel: 1,
});

async function copy(messages) {
  const transaction = await producer.beginTransaction();
  const balance = new Map();
  const last = new Map();
  const copied = messages.map((message) => {
    const number = Number(message.value);
    const amount = (number % 97) + 1;
    balance.set(message.partition, (balance.get(message.partition) ?? 0) + amount);
    last.set(message.partition, message);
    return { topic: output, partition: message.partition, value: Buffer.from(`${number}:${amount}`) };
  });
  const balances = [...balance].map(([partition, amount]) => ({ topic: output, partition, value: Buffer.from(`balance:${-amount}`) }));
  await transaction.send({ messages: [...copied, ...balances], acks: -1 });
  await transaction.addConsumer(consumer);
  for (const message of last.values()) await transaction.addOffset(message);
  if (Math.floor(Math.random() * 8) > 0) return transaction.commit();
  await transaction.abort();
  return copy(messages); // the same again
}

// A stream that was given its partitions anew reads again what it holds already.
consumer.on('consumer:group:rejoin', () => process.exit(1));
const next = new Map();
let messages = [];
for await (const message of stream) {
  if (message.offset < (next.get(message.partition) ?? 0n)) process.exit(1);
  next.set(message.partition, message.offset + 1n);
  messages.push(message);
  if (messages.length < TRANSACTION_RECORDS_MAX && stream.readableLength > 0) continue;
  await copy(messages);
  messages = [];
}
