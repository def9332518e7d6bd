/**
 * `millrace bench ...`: the commands of the benchmark suite. The command line of the product calls `runBench()` where it
 * finds this file, `bench/main.ts` runs it alone. What a command needs is loaded when it runs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { addLoadOptions, type LoadOptions, parseCount, parseLength, parseNumber, toSettings } from './load/options.ts';
import { parseThreshold, type Threshold } from './report/threshold.ts';

const KEEP_HELP = 'settle memory first: leave so many GiB to everything else (0: do not)';
const progress = (text: string) => process.stderr.write(`${text}\n`);

function runCommand(): Command {
  const command = new Command('run').description('put load on a broker and write a report');
  return addLoadOptions(command)
    .option('--name <name>', 'of the run, in reports and comparisons', 'run')
    .option('--target <name>', 'what the broker is called in the report', 'broker')
    .option('-o, --out <dir>', 'folder for the report')
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 0)
    .option('--no-limits', "without the machine's limits (measured once a day), of which reports show the part reached")
    .action(
      async (
        options: LoadOptions & { name: string; target: string; out?: string; keepGib: number; limits: boolean },
      ) => {
        const { runOnce } = await import('./run.ts');
        await runOnce(toSettings(options), options, progress);
      },
    );
}

function compareCommand(): Command {
  return new Command('compare')
    .description('compare two reports: ratios, overlaid curves, thresholds')
    .argument('<a>', 'report folder or report.json: the old one')
    .argument('<b>', 'the new one')
    .option(
      '--fail-if <threshold>',
      "exit with 1 when broken, such as 'p99>+10%' or 'throughput<-5%'; can be repeated",
      (text, before: Threshold[] = []) => [...before, parseThreshold(text)],
    )
    .option('-o, --out <file>', 'write the page with both curves here')
    .action(async (a: string, b: string, options: { failIf?: Threshold[]; out?: string }) => {
      const { brokenThresholds, comparePage, compareReports, differentLoads, namesOfOneOnly, ratioTable } =
        await import('./report/compare.ts');
      const { readReport } = await import('./report/report.ts');
      const { formatTable } = await import('./report/table.ts');
      const { renderData } = await import('./report/page.ts');
      const [old, fresh] = [readReport(a), readReport(b)];
      const rows = compareReports(old, fresh);
      if (rows.length === 0) throw new Error('The reports have no run of the same name.');
      console.log(formatTable(ratioTable(rows)));
      for (const sentence of differentLoads(old, fresh)) progress(sentence);
      const alone = namesOfOneOnly(old, fresh);
      if (alone.length > 0) progress(`Not compared, because only one report has them: ${alone.join(', ')}.`);
      if (options.out !== undefined) {
        mkdirSync(dirname(options.out), { recursive: true });
        writeFileSync(options.out, renderData(comparePage(old, fresh, rows)));
        progress(`Page: ${options.out}`);
      }
      const broken = brokenThresholds(rows, options.failIf ?? []);
      for (const sentence of broken) console.error(`Broken: ${sentence}`);
      if (broken.length > 0) process.exitCode = 1;
    });
}

function limitCommand(): Command {
  return new Command('limit')
    .description("measure this machine's physical limits")
    .option('--dir <dir>', 'where to write', tmpdir())
    .option('--seconds <time>', 'for each figure', parseLength, 2)
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 6)
    .option('--json', 'print JSON')
    .action(async (options: { dir: string; seconds: number; keepGib: number; json?: boolean }) => {
      const { settleMemory } = await import('./measure/memory.ts');
      const { formatLimits, measureLimits } = await import('./limit/limit.ts');
      const memory = await settleMemory(options.keepGib, options.dir);
      progress(memory.note);
      try {
        const limits = await measureLimits(options.dir, memory, options.seconds);
        console.log(options.json ? JSON.stringify(limits) : formatLimits(limits).join('\n'));
      } finally {
        memory.release();
      }
    });
}

function matrixCommand(): Command {
  return new Command('matrix')
    .description('the same work on Millrace and on Apache Kafka, in turns: table and report')
    .option('--full', 'the whole matrix instead of the five-minute form')
    .option('--only <names>', 'only works whose name contains one of these (commas)')
    .option('--targets <names>', 'millrace, kafka, or NAME=HOST:PORT[,PID] (spaces between)', 'millrace kafka')
    .option('--rounds <n>', 'times each work runs on each broker', parseCount(1))
    .option('--seconds <time>', 'of each run', parseLength)
    .option('--minutes <n>', 'begin no work later than this (default 5, with --full 30)', parseNumber())
    .option('--resume <folder>', 'go on with an interrupted run: its report folder')
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 6)
    .option('--dir <dir>', "folder for the brokers' data", tmpdir())
    .option('-o, --out <dir>', 'folder for the report')
    .option('--list', 'print the names of the works')
    .action(async (options: import('./peers/run-matrix.ts').MatrixOptions) => {
      const { runMatrix } = await import('./peers/run-matrix.ts');
      await runMatrix(options, progress);
    });
}

function latencyCommand(): Command {
  return new Command('latency')
    .description('latency beside Apache Kafka at fixed rates, both synced and warm, in turns: ratios of p99 and p99.9')
    .option('--only <names>', 'fixed, half, endToEnd (commas)')
    .option('--targets <names>', 'as for matrix', 'millrace kafka')
    .option('--rounds <n>', 'times each work runs on each broker', parseCount(1), 3)
    .option('--seconds <time>', 'of each run', parseLength, 12)
    .option('--warm-up <time>', 'of the same load on each broker, before', parseLength, 25)
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 6)
    .option('--dir <dir>', "folder for the brokers' data", tmpdir())
    .option('-o, --out <dir>', 'folder for the report')
    .action(async (options: import('./peers/run-latency.ts').LatencyOptions) => {
      const { runLatency } = await import('./peers/run-latency.ts');
      await runLatency(options, progress);
    });
}

function clientsCommand(): Command {
  return new Command('clients')
    .description("works of librdkafka's load program and Kafka's own tools, against the goals of the project")
    .option('--only <names>', 'only these works (commas)')
    .option('--targets <names>', 'millrace, kafka', 'millrace kafka')
    .option('--rounds <n>', 'times each work runs on each broker', parseCount(1), 3)
    .option('--minutes <n>', 'after so long, one round only of what is left', parseNumber())
    .option('--warm-too', 'everything a second time, when each broker has had all works')
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 6)
    .option('--dir <dir>', "folder for the brokers' data", tmpdir())
    .option('-o, --out <dir>', 'folder for the report')
    .action(async (options: import('./peers/run-clients.ts').ClientsOptions) => {
      const { runClients } = await import('./peers/run-clients.ts');
      await runClients(options, progress);
    });
}

function scaleCommand(): Command {
  return new Command('scale')
    .description(
      'unusual loads: 10,000 partitions, 10,000 connections, many producers, more than the page cache, thread counts',
    )
    .argument(
      '[names...]',
      'partitions, connections, fan-in, larger-than-cache, compaction, threads; all without a name',
    )
    .option('--targets <names>', 'millrace, kafka', 'millrace kafka')
    .option('--scale <factor>', 'multiplies counts', parseNumber(), 1)
    .option('--minutes <n>', 'what one run may take on one broker (default 3; 10,000 partitions 6)', parseNumber())
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 4)
    .option('--dir <dir>', "folder for the brokers' data", tmpdir())
    .option('-o, --out <dir>', 'folder for the report')
    .action(async (names: string[], options: import('./scale/run-scale.ts').ScaleCommandOptions) => {
      const { runScale } = await import('./scale/run-scale.ts');
      await runScale(names, options, progress);
    });
}

function microCommand(): Command {
  return new Command('micro')
    .description('micro-benchmarks of codec, storage, ring and response writer, against the committed baseline')
    .option('--only <text>', 'only cases whose name contains this')
    .option('--passes <n>', 'run all so many times and take the best of each', parseCount(1), 1)
    .option('--save', 'make the results the new baseline')
    .option('--fail-above <percent>', 'exit with 1 when a case is slower by more', parseNumber())
    .action(async (options: import('./micro/run-micro.ts').MicroOptions) => {
      const { runMicro } = await import('./micro/run-micro.ts');
      await runMicro(options, progress);
    });
}

function profileCommand(): Command {
  return new Command('profile')
    .description('flame graphs of every thread of a Millrace broker under load')
    .option('--only <text>', 'only phases whose name contains this')
    .option('--seconds <time>', 'of each phase', parseLength, 5)
    .option('--cpu-prof', "with V8's profiler even where perf works")
    .option('-o, --out <dir>', 'folder for the graphs')
    .action(async (options: import('./profile/run-profile.ts').ProfileOptions) => {
      const { runProfile } = await import('./profile/run-profile.ts');
      await runProfile(options, progress);
    });
}

function allocationCommand(): Command {
  return new Command('allocation')
    .description('bytes of garbage that a produce or fetch request leaves in a Millrace broker')
    .action(async () => {
      const { runAllocation } = await import('./profile/allocation.ts');
      await runAllocation(progress);
    });
}

function publishCommand(): Command {
  return new Command('publish')
    .description(
      'all that the README shows, in about forty-five minutes on a quiet machine: measure, then write tables and picture',
    )
    .option(
      '--only <parts>',
      'clients, latency, matrix, scale, allocation, micro (commas): the others stay as they were',
    )
    .option('--minutes <n>', 'begin no scale run later than this', parseNumber(), 50)
    .option('--keep-gib <n>', KEEP_HELP, parseNumber(), 6)
    .option('--scale <factor>', 'multiplies lengths and counts; below 1 only for trying it out', parseNumber(), 1)
    .option('--dir <dir>', "folder for the brokers' data", tmpdir())
    .option('-o, --out <dir>', "folder of the parts' reports (default bench/results/publish)")
    .action(async (options: import('./publish.ts').PublishOptions) => {
      const { runPublish } = await import('./publish.ts');
      await runPublish(options, progress);
    });
}

function readmeCommand(): Command {
  return new Command('readme')
    .description(
      "write the README's performance section, docs/performance.md and the picture from what publish measured",
    )
    .option('--from <dir>', "folder of the parts' reports (default bench/results/publish)")
    .action(async (options: { from?: string }) => {
      const { writePublished } = await import('./publish.ts');
      const { resultsDir } = await import('./report/report.ts');
      writePublished(options.from ?? join(resultsDir, 'publish'), progress);
    });
}

function pictureCommand(): Command {
  return new Command('picture')
    .description('draw an SVG from reports of clients and latency, or make a PNG of a report page with a browser')
    .argument('<out>', 'file to write: .svg, or .png')
    .argument('<reports...>', 'report folders; for .png one')
    .action(async (out: string, folders: string[]) => {
      const { screenshot } = await import('./report/screenshot.ts');
      if (out.endsWith('.png')) {
        const reason = screenshot(join(folders[0]!, 'report.html'), out);
        if (reason !== undefined) throw new Error(`No picture: ${reason}.`);
        return;
      }
      const { drawPicture } = await import('./report/picture.ts');
      const { sortReports } = await import('./report/readme.ts');
      const { readReport } = await import('./report/report.ts');
      writeFileSync(out, drawPicture(sortReports(folders.map(readReport))));
    });
}

/** The `bench` command with its subcommands. A command that found something wrong sets `process.exitCode`. */
export function benchCommand(): Command {
  return new Command('millrace bench')
    .description('measure brokers: load, comparison with Apache Kafka, limits of the machine')
    .addCommand(runCommand())
    .addCommand(compareCommand())
    .addCommand(limitCommand())
    .addCommand(matrixCommand())
    .addCommand(latencyCommand())
    .addCommand(clientsCommand())
    .addCommand(scaleCommand())
    .addCommand(microCommand())
    .addCommand(profileCommand())
    .addCommand(allocationCommand())
    .addCommand(publishCommand())
    .addCommand(readmeCommand())
    .addCommand(pictureCommand());
}

const USAGE_ERROR = 2;

/** Runs one command line and returns its exit code: 1 when a threshold was broken or it failed, 2 for a wrong usage. */
export async function runBench(argv: readonly string[]): Promise<number> {
  const program = benchCommand();
  for (const command of [program, ...program.commands]) command.exitOverride();
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Those that commander throws it has printed; options that make no sense together are found later.
    if (error instanceof InvalidArgumentError) console.error(`error: ${error.message}`);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    process.exitCode = before;
  }
}
