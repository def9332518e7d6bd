// Client telemetry (KIP-714): Kafka's own tool makes a subscription, a Java producer and consumer and a librdkafka
// producer push what it asks for, and /metrics shows it. Millrace only: Apache Kafka keeps pushes for plug-ins.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { run, runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';
import { chosenTarget, freePort, Target } from './target.ts';
import { clientsDir, toolchain } from './toolchains.ts';

const TOPIC = 'telemetry';
const TOOLS = 'org.apache.kafka.tools';
/** A client pushes within one and a half intervals. */
const INTERVAL_MS = 500;
const RECORDS = 60;
const RECORDS_PER_SECOND = 10;

let target: Target | undefined;
let metricsPort = 0;

after(async () => {
  await target?.kill();
  target?.remove();
});

/** A broker that serves metrics, with a subscription for all that clients have. */
async function start(): Promise<void> {
  if (target) return;
  metricsPort = await freePort();
  target = await Target.start('millrace', { 'millrace.metrics.listener': `127.0.0.1:${metricsPort}` });
  const about = ['--bootstrap-server', target.bootstrap, '--name', 'all'];
  const alter = ['--alter', '--metrics', '*', '--interval', String(INTERVAL_MS), '--match', 'client_id=.*telemetry'];
  await runTool(`${TOOLS}.ClientMetricsCommand`, [...about, ...alter]);
  const { stdout } = await runTool(`${TOOLS}.ClientMetricsCommand`, [...about, '--describe']);
  assert.match(stdout, /interval\.ms=500\n\s*match=client_id=\.\*telemetry\n\s*metrics=\*/);
}

/** Values of a metric by client id. */
async function metric(name: string): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue;
    values.set(/client_id="([^"]*)"/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return values;
}

leg('java', ['kafka'], async () => {
  if (chosenTarget() === 'kafka') return;
  await start();
  const { bootstrap } = target!;
  const props = [`bootstrap.servers=${bootstrap}`, 'client.id=java-producer-telemetry'];
  const load = ['--num-records', String(RECORDS), '--throughput', String(RECORDS_PER_SECOND), '--record-size', '10'];
  await runTool(`${TOOLS}.ProducerPerformance`, ['--topic', TOPIC, ...load, '--producer-props', ...props]);
  const consumer = ['--bootstrap-server', bootstrap, '--topic', TOPIC, '--from-beginning', '--timeout-ms', '4000'];
  const property = ['--command-property', 'client.id=java-consumer-telemetry'];
  await runTool(`${TOOLS}.consumer.ConsoleConsumer`, [...consumer, ...property], { anyStatus: true });
  // This tool ends without a last push.
  const sent = (await metric('org_apache_kafka_producer_record_send_total')).get('java-producer-telemetry');
  assert.ok(sent! > 0 && sent! <= RECORDS, String(sent));
  const consumed = await metric('org_apache_kafka_consumer_fetch_manager_records_consumed_total');
  assert.equal(consumed.get('java-consumer-telemetry'), RECORDS);
});

leg('librdkafka', ['python', 'kafka'], async () => {
  if (chosenTarget() === 'kafka') return;
  await start();
  const python = await toolchain('python');
  if ('missing' in python) throw new Error(python.missing);
  const program = [`${python.dir}/venv/bin/python`, `${clientsDir}/python/telemetry.py`];
  await run([...program, target!.bootstrap, TOPIC, '3']);
  const latencies = await metric('org_apache_kafka_producer_request_latency_avg');
  assert.ok(latencies.get('librdkafka-telemetry')! > 0, String([...latencies]));
  const information = await metric('kafka_client_info');
  assert.equal(information.get('librdkafka-telemetry'), 1);
});
