// The JavaScript clients behind one command line (see ../README.md): main.mjs LIBRARY produce|transact|consume ARGS...
// Libraries from the cache folder are named by MILLRACE_INTEROP_NPM; @platformatic/kafka is the project's own dependency.
import { createInterface } from 'node:readline';

const [library, action, ...args] = process.argv.slice(2);
const { produce, transact, consume } = await import(`./${library}.mjs`);

const bytes = (text) => (text === null ? null : Buffer.from(text, 'base64'));
const text = (buffer) => (buffer === null || buffer === undefined ? null : Buffer.from(buffer).toString('base64'));
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (action === 'produce' || action === 'transact') {
  const [bootstrap, topic, codec] = args;
  const records = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const { p, k, v, h, t } = JSON.parse(line);
    const headers = h.map(([name, value]) => [name, bytes(value)]);
    records.push({ partition: p, key: bytes(k), value: bytes(v), headers, timestamp: t });
  }
  // `acknowledged` is called with the index of each record and the offset the broker gave it.
  const send = action === 'produce' ? produce : transact;
  await send({ bootstrap, topic, codec, records, acknowledged: (index, offset) => print({ i: index, o: Number(offset) }) });
} else {
  const [bootstrap, group, ...topics] = args;
  const stop = await consume({
    bootstrap,
    group,
    topics,
    protocol: process.env.GROUP_PROTOCOL ?? 'classic',
    // `partitions` is the whole assignment of this member: ["topic-0", ...].
    assigned: (partitions) => print({ e: 'assigned', partitions }),
    record: ({ topic, partition, offset, key, value, headers, timestamp }) =>
      print({ e: 'record', topic, p: partition, o: Number(offset), k: text(key), v: text(value),
        h: headers.map(([name, header]) => [name, text(header)]), t: Number(timestamp) }),
  });
  process.stdin.resume();
  process.stdin.on('end', async () => {
    await stop();
    process.exit(0);
  });
}
