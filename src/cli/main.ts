#!/usr/bin/env node
/** The process behind `millrace`: connects the command line to the terminal and turns its result into an exit code. */
import { once } from 'node:events';
import type { CliIo } from './cli-io.ts';
import { run } from './command-line.ts';

const stopping = new AbortController();

// A reader that goes away (`| head`) ends the work; it is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stopping.abort();
  process.exit(0);
});

const io: CliIo = {
  stdin: process.stdin,
  out: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  err: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
  stop: stopping.signal,
};

const argv = process.argv.slice(2);
// The broker and the benchmarks have their own ways to stop.
if (!['broker', 'start', 'bench'].includes(argv[0] ?? '')) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopping.abort();
      process.stdin.destroy();
    });
  }
}
process.exitCode = await run(argv, io);
