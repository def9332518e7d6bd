// Apache Kafka's kafka-dump-log reads a log that was compacted: emptied batches, delete horizons, joined segments, rebuilt
// indexes of offsets, times and aborted transactions.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactedLog } from '../storage/cleaner/cleaner-fixture.ts';
import { runTool } from './kafka-tool.ts';
import { leg } from './legs.ts';

const DUMP = 'org.apache.kafka.tools.DumpLogSegments';
const COMPLAINTS = /isvalid: false|Mismatches in|Found |invalid|Exception|[Ee]rror|Could not|does not match/;

/** Writes what the log left in memory to a folder of the machine. */
function writeOut(log: CompactedLog, folder: string): string[] {
  mkdirSync(folder);
  const names = log.names().filter((name) => /^\d{20}\.\w+$/.test(name));
  for (const name of names) writeFileSync(join(folder, name), log.file(name));
  return names.map((name) => join(folder, name));
}

function history(): CompactedLog {
  const log = new CompactedLog({ segmentBytes: 6_000, indexIntervalBytes: 200 });
  const producer = { producerId: 5, producerEpoch: 1, attributes: 0x10 };
  let sequence = 0;
  for (let round = 0; round < 40; round++) {
    const codec = round % 5;
    log.put(
      Array.from({ length: 5 }, (_, key) => [`k${(round * 3 + key) % 50}`, `${round}`.repeat(20)] as const),
      { codec },
    );
    log.put([[`gone${round}`, null]]);
    log.put([[`k${round}`, 'maybe']], { ...producer, baseSequence: sequence++ });
    log.end(5, 1, round % 3 > 0);
    log.clock.advance(10);
  }
  log.put([['p', '1']], { producerId: 6, producerEpoch: 0, baseSequence: 0 });
  log.put([['p', '2']]);
  log.log.roll();
  log.put([['last', 'x']]);
  return log;
}

leg('compaction', ['kafka', 'java'], async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-compaction-'));
  try {
    const log = history();
    const bytesBefore = log.log.sizeBytes;
    for (let pass = 0; pass < 4; pass++) {
      await log.clean();
      // After the first cleaning, tombstones and aborted transactions are there with their marks; then they go.
      const files = writeOut(log, join(scratch, `t-${pass}`));
      const ending = (suffix: string): string[] => files.filter((file) => file.endsWith(suffix));
      const { stdout } = await runTool(DUMP, ['--deep-iteration', '--files', ending('.log').join(',')]);
      const complaints = stdout.split('\n').filter((line) => COMPLAINTS.test(line));
      assert.deepEqual(complaints, []);
      const recordCount = stdout.match(/^\| offset: /gm)?.length;
      assert.equal(
        recordCount,
        log.read(0).reduce((count, batch) => count + batch.recordsCount, 0),
      );
      if (pass === 0) assert.match(stdout, /deleteHorizonMs: OptionalLong\[\d+\]/);
      assert.match(stdout, /count: 0 .*producerId: 6 /);
      const indexes = [...ending('.index'), ...ending('.timeindex')];
      for (const check of ['--index-sanity-check', '--verify-index-only']) {
        const result = await runTool(DUMP, [check, '--files', indexes.join(',')]);
        assert.doesNotMatch(result.stdout + result.stderr, COMPLAINTS);
      }
      const transactions = ending('.txnindex');
      if (pass === 0) assert.ok(transactions.length > 0);
      if (transactions.length > 0) await runTool(DUMP, ['--files', transactions.join(',')]);
      log.clock.advance(1_000);
    }
    assert.ok(log.log.sizeBytes < bytesBefore / 2);
    assert.ok(!log.data().some(({ value }) => value === null));
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
