import { Consumer, Producer } from '@platformatic/kafka';

async function send(producer, topic, compression, records, first, acknowledged) {
  const chunkSize = 64;
  for (let at = 0; at < records.length; at += chunkSize) {
    const chunk = records.slice(at, at + chunkSize);
    const messages = chunk.map(({ partition, key, value, headers, timestamp }) => ({
      topic, partition, key, value, timestamp: BigInt(timestamp),
      headers: new Map(headers.map(([name, header]) => [Buffer.from(name), header])),
    }));
    const { offsets } = await producer.send({ messages, compression, acks: -1 });
    const next = new Map(offsets.map((result) => [result.partition, Number(result.offset)]));
    for (const [index, record] of chunk.entries()) {
      const offset = next.get(record.partition);
      acknowledged(first + at + index, offset);
      next.set(record.partition, offset + 1);
    }
  }
}

const producerOf = (bootstrap, more) =>
  new Producer({ clientId: 'interop-platformatic', bootstrapBrokers: [bootstrap], ...more });

export async function produce({ bootstrap, topic, codec, records, acknowledged }) {
  const producer = producerOf(bootstrap, { idempotent: codec === 'lz4' });
  await send(producer, topic, codec, records, 0, acknowledged);
  await producer.close();
}

// Three transactions, of which the second one is aborted.
export async function transact({ bootstrap, topic, codec, records, acknowledged }) {
  const producer = producerOf(bootstrap, { idempotent: true, transactionalId: `interop-platformatic-${process.pid}` });
  const part = Math.ceil(records.length / 3);
  for (let first = 0; first < records.length; first += part) {
    const abort = first === part;
    const transaction = await producer.beginTransaction();
    await send(transaction, topic, codec, records.slice(first, first + part), first, abort ? () => {} : acknowledged);
    if (abort) await transaction.abort();
    else await transaction.commit();
  }
  await producer.close();
}

export async function consume({ bootstrap, group, topics, protocol, assigned, record }) {
  const consumer = new Consumer({
    clientId: 'interop-platformatic', bootstrapBrokers: [bootstrap], groupId: group,
    groupProtocol: protocol, ...(protocol === 'classic' ? { sessionTimeout: 10_000, heartbeatInterval: 300 } : {}),
  });
  // No event tells of an assignment in the consumer protocol, so it is looked at.
  let told = '';
  const tell = () => {
    const mine = (consumer.assignments ?? []).flatMap(({ topic, partitions }) => partitions.map((p) => `${topic}-${p}`));
    if (mine.join() !== told) assigned(mine);
    told = mine.join();
  };
  const stream = await consumer.consume({ topics, mode: 'committed', fallbackMode: 'earliest', autocommit: true, maxWaitTime: 200, isolationLevel: 1 });
  const looking = setInterval(tell, 50);
  stream.on('data', (message) => {
    tell();
    const headers = [...message.headers].map(([name, value]) => [name.toString(), value]);
    record({ ...message, headers });
  });
  return async () => {
    clearInterval(looking);
    await consumer.close(true);
  };
}
