/**
 * `millrace bench`: the benchmark suite, which lies beside the sources in a clone and is no part of the package. It is
 * loaded by its path when it is there; nothing of it is imported otherwise.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../base/package-root.ts';
import type { CliIo } from './cli-io.ts';
import { ExitCode } from './cli-io.ts';

/** What this command needs of bench/cli.ts. */
interface BenchSuite {
  runBench(argv: readonly string[]): Promise<number>;
}

/** Resolves with the exit code; with one line and a code where this installation has no benchmarks. */
export async function benchCommand(argv: readonly string[], io: CliIo, root: string = packageRoot): Promise<number> {
  const suite = join(root, 'bench', 'cli.ts');
  if (!existsSync(suite)) {
    io.err(
      'millrace: the benchmarks are not in the installed package; get the source repository and run bin/millrace bench there',
    );
    return ExitCode.failed;
  }
  const { runBench } = (await import(pathToFileURL(suite).href)) as BenchSuite;
  return runBench(argv);
}
