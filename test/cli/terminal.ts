import { Readable } from 'node:stream';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { run } from '../../src/cli/command-line.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in this process, with texts in place of a terminal. `parts` are used instead of those made here. */
export async function millrace(
  argv: string[],
  env: Record<string, string> = {},
  input = '',
  parts: Partial<CliIo> = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const io: CliIo = {
    stdin: Readable.from([Buffer.from(input)]),
    out: async (text) => {
      out += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    },
    err: (line) => {
      err += `${line}\n`;
    },
    env,
    stop: new AbortController().signal,
    ...parts,
  };
  return { code: await run(argv, io), out, err };
}
