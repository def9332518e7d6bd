import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseOutput } from '../../../src/broker/io/response-output.ts';
import { OUTPUT_PART_STRIDE, OutputPartKind, OutputPartSlot } from '../../../src/native/socket-output.ts';

test('memory that grows behind file ranges takes what was written before along', () => {
  let id = 1;
  const output = new ResponseOutput({ bytes: Buffer.alloc(8), id }, (bytesMin) => ({
    bytes: Buffer.alloc(bytesMin),
    id: ++id,
  }));
  const write = (text: string): void => {
    output.ensure(text.length);
    output.at += output.memory.write(text, output.at);
  };
  write('head');
  output.file(7, 100, 1_000, true);
  write('a piece that is too long for it');
  output.file(8, 0, 10, false);
  write('end');
  const sent: (string | number[])[] = [];
  const queued = output.flush({
    pendingBytes: 0,
    send: (parts, count, totalBytes) => {
      for (let part = 0; part < count; part++) {
        const at = part * OUTPUT_PART_STRIDE;
        const [source, position, sizeBytes] = [
          OutputPartSlot.source,
          OutputPartSlot.position,
          OutputPartSlot.sizeBytes,
        ].map((slot) => parts[at + slot]);
        if (parts[at] === OutputPartKind.file) sent.push([source, position, sizeBytes]);
        else sent.push(`${source}: ${output.memory.toString('latin1', position, position + sizeBytes)}`);
      }
      return totalBytes;
    },
    close: () => {},
  });
  assert.deepEqual(sent, [
    `${id}: head`,
    [7, 100, 1_000],
    `${id}: a piece that is too long for it`,
    [8, 0, 10],
    `${id}: end`,
  ]);
  assert.equal(queued, 4 + 1_000 + 31 + 10 + 3);
});
