/** Runs the benchmark commands alone: `node bench/main.ts run --help`. */
import { runBench } from './cli.ts';

process.exitCode = await runBench(process.argv.slice(2));
