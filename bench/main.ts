/** Runs the benchmark commands alone: `node bench/main.ts run --help`. */
import { benchCommand } from './cli.ts';

try {
  await benchCommand().name('bench').parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
