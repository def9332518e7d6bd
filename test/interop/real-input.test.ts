// Real text in, the same bytes out (see real-input.ts). MILLRACE_INTEROP_REAL_MB is how much.
import assert from 'node:assert/strict';
import { leg } from './legs.ts';
import { streamRealInput } from './real-input.ts';
import { Target } from './target.ts';

const BYTES = Number(process.env.MILLRACE_INTEROP_REAL_MB ?? 100) * 1_000_000;

leg('real input', ['kafka', 'java', 'python', 'go', 'kcat'], async () => {
  const target = await Target.start();
  try {
    const { bytes, lines, sha256, shares } = await streamRealInput(target.bootstrap, target.dir, BYTES);
    console.error(`interop: ${bytes} bytes in ${lines} lines, sha256 ${sha256}, read by ${JSON.stringify(shares)}`);
    for (const [name, share] of Object.entries(shares)) assert.ok(share > 0, `${name} read nothing`);
    assert.equal(await target.stop(), 0);
  } finally {
    await target.kill();
    target.remove();
  }
});
