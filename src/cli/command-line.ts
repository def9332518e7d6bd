/**
 * The command `millrace`: its sub-commands and their options. `run` never throws and never ends the process; it returns
 * the exit code, so that tests and other programs can call it.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CliError, explain } from './cli-error.ts';
import { type CliIo, ExitCode } from './cli-io.ts';
import { bootstrapOf, type ConnectionFlags, DEFAULT_BOOTSTRAP } from './cluster-client.ts';
import { DEFAULT_FORMAT } from './record-format.ts';
import { VERSION } from './version.ts';

const BOOTSTRAP_FLAG = '-b, --bootstrap-server <addresses>';
const BOOTSTRAP_HELP = `brokers to ask first (MILLRACE_BOOTSTRAP; default ${DEFAULT_BOOTSTRAP})`;

export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  // The broker reads its own command line, which is Kafka's.
  if (argv[0] === 'broker' || argv[0] === 'start') {
    return (await import('./broker-command.ts')).brokerCommand(argv.slice(1), io);
  }
  if (argv[0] === 'bench') return (await import('./bench-command.ts')).benchCommand(argv.slice(1), io);
  let exitCode: ExitCode = ExitCode.ok;
  const program = createProgram(io, (failed) => {
    exitCode = failed;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return report(error, DEFAULT_BOOTSTRAP, io);
  }
}

function report(error: unknown, bootstrap: string, io: CliIo): ExitCode {
  const explained = explain(error, bootstrap);
  io.err(`millrace: ${explained.message}; ${explained.fix}`);
  if (io.env.MILLRACE_DEBUG && !(error instanceof CliError) && error instanceof Error) io.err(error.stack ?? '');
  return explained.exitCode;
}

function createProgram(io: CliIo, failed: (exitCode: ExitCode) => void): Command {
  const program = new Command('millrace')
    .description('An event-streaming platform compatible with Apache Kafka.')
    .version(VERSION, '-V, --version')
    .option(BOOTSTRAP_FLAG, BOOTSTRAP_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out(text),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(`millrace: ${text.replace(/^error: /, '')}`),
    })
    .showHelpAfterError('see millrace --help');
  program.command('broker').description('start a broker (its own options: millrace broker --help)').alias('start');
  program.command('bench').description('measure brokers, from a clone (its own commands: millrace bench --help)');
  /** Turns what a command throws into a line and an exit code. */
  const action =
    <F extends ConnectionFlags, A extends unknown[]>(load: () => Promise<Work<F, A>>) =>
    async (...given: unknown[]): Promise<void> => {
      // commander gives the arguments, then the options, then the command.
      const command = given.at(-1) as Command;
      const flags = command.optsWithGlobals() as F;
      try {
        const work = await load();
        await work(io, flags, ...(given.slice(0, -2) as A));
      } catch (error) {
        failed(report(error, bootstrapForReport(flags, io), io));
      }
    };
  const topic = program.command('topic').description('topics and their records');
  addTopicCommands(topic, action);
  addProduce(topic, action);
  addConsume(topic, action);
  addProduce(program, action);
  addConsume(program, action);
  program
    .command('settings [text]')
    .description('what can be set, with defaults; text is a part of the name')
    .addOption(
      new Option('--of <owner>', 'whose settings')
        .choices(['broker', 'topic', 'group', 'client-metrics'])
        .default('broker'),
    )
    .option('--json', 'as JSON')
    .action(action(async () => (await import('./settings-command.ts')).listSettings));
  addGroupCommands(program.command('group').description('groups of consumers'), action);
  return program;
}

function bootstrapForReport(flags: ConnectionFlags, io: CliIo): string {
  try {
    return bootstrapOf(flags, io.env);
  } catch {
    return DEFAULT_BOOTSTRAP;
  }
}

type Work<F, A extends unknown[]> = (io: CliIo, flags: F, ...rest: A) => Promise<void>;
type Action = <F extends ConnectionFlags, A extends unknown[]>(
  load: () => Promise<Work<F, A>>,
) => (...given: unknown[]) => Promise<void>;

// Commands are loaded when they are called: the client library behind them takes longer to load than help to print.
const topics = (): Promise<typeof import('./topic-commands.ts')> => import('./topic-commands.ts');
const groups = (): Promise<typeof import('./group-commands.ts')> => import('./group-commands.ts');

/** A sub-command with the options of every command that talks to a cluster. */
function clusterCommand(parent: Command, nameAndArguments: string, description: string): Command {
  return parent
    .command(nameAndArguments)
    .description(description)
    .option(BOOTSTRAP_FLAG, BOOTSTRAP_HELP)
    .option('--client-config <file>', 'properties of a Kafka client: security.protocol, sasl.jaas.config, ...')
    .option('--tls', 'connect with TLS')
    .option('--tls-ca <file>', 'certificates to trust, in PEM')
    .option('--sasl <mechanism>', 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER')
    .option('--user <name>', 'user for SASL')
    .option('--password <secret>', 'password or token for SASL (better: MILLRACE_PASSWORD)');
}

function addTopicCommands(topic: Command, action: Action): void {
  clusterCommand(topic, 'list', 'names of topics')
    .alias('ls')
    .option('--internal', 'also those that the broker keeps for itself')
    .option('--json', 'as JSON')
    .action(action(async () => (await topics()).listTopics));
  clusterCommand(topic, 'create <names...>', 'create topics')
    .option('-p, --partitions <count>', 'number of partitions (default: num.partitions of the broker)', wholeNumber(1))
    .option(
      '-r, --replicas <count>',
      'replication factor (default: default.replication.factor of the broker)',
      wholeNumber(1),
    )
    .addOption(repeated('-c, --config <name=value>', 'a setting of the topic'))
    .option('--if-not-exists', 'do not mind topics that are there already')
    .option('--json', 'as JSON')
    .action(action(async () => (await topics()).createTopics));
  clusterCommand(topic, 'describe <names...>', 'partitions, offsets and settings of topics')
    .option('--all-configs', 'also the settings that have their defaults')
    .option('--json', 'as JSON')
    .action(action(async () => (await topics()).describeTopics));
  clusterCommand(topic, 'alter <name>', 'add partitions, change settings')
    .option('-p, --partitions <count>', 'the new number of partitions', wholeNumber(1))
    .addOption(repeated('-c, --config <name=value>', 'a setting of the topic'))
    .addOption(repeated('--unset <name>', 'a setting to give up'))
    .action(action(async () => (await topics()).alterTopic));
  clusterCommand(topic, 'delete <names...>', 'delete topics with all their records')
    .alias('rm')
    .action(action(async () => (await topics()).deleteTopics));
}

function addProduce(parent: Command, action: Action): void {
  clusterCommand(parent, 'produce <topic>', 'send the lines of the standard input, one record each')
    .option('-f, --file <path>', 'read the lines from a file')
    .option('-k, --key-separator <text>', 'what stands between key and value, such as : or \\t')
    .addOption(repeated('-H, --header <name=value>', 'a header of every record'))
    .option('-p, --partition <number>', 'send to this partition only', wholeNumber(0))
    .addOption(
      new Option('-z, --compression <codec>').choices(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('none'),
    )
    .addOption(
      new Option('-a, --acks <acks>', 'who must have stored the records').choices(['all', '1', '0']).default('all'),
    )
    .option('-Z, --empty-is-null', 'an empty value is a tombstone')
    .option('--json', 'lines are JSON objects as consume --json writes them')
    .option('-q, --quiet', 'say nothing at the end')
    .action(action(async () => (await import('./produce-command.ts')).produce));
}

function addConsume(parent: Command, action: Action): void {
  clusterCommand(parent, 'consume <topic>', 'write the records of a topic to the standard output')
    .option('--from-beginning', 'start at the first record; the same as -o beginning')
    .option('-o, --offset <offset>', 'beginning, end, a number, -N for the last N, @MS for a time (default: end)')
    .option('-p, --partition <number>', 'this partition only', wholeNumber(0))
    .option('-g, --group <id>', 'as a member of this group, which remembers how far it got')
    .option('-n, --max-messages <count>', 'stop after so many records', wholeNumber(1))
    .option('-e, --exit-eof', 'stop at what is the end now')
    .addOption(
      new Option(
        '-f, --format <format>',
        '%t topic, %p partition, %o offset, %T time, %k key, %s value, %h headers, %K and %S lengths',
      ).default(DEFAULT_FORMAT, DEFAULT_FORMAT),
    )
    .addOption(
      new Option('--isolation <level>', 'whether records of open and aborted transactions are shown')
        .choices(['read_uncommitted', 'read_committed'])
        .default('read_uncommitted'),
    )
    .option('--json', 'one JSON object a line')
    .action(action(async () => (await import('./consume-command.ts')).consume));
}

function addGroupCommands(group: Command, action: Action): void {
  clusterCommand(group, 'list', 'groups with type and state')
    .alias('ls')
    .option('--json', 'as JSON')
    .action(action(async () => (await groups()).listGroups));
  clusterCommand(group, 'describe <ids...>', 'members, committed offsets and lag of groups')
    .option('--json', 'as JSON')
    .action(action(async () => (await groups()).describeGroups));
  clusterCommand(group, 'delete <ids...>', 'delete groups without members, with their offsets')
    .alias('rm')
    .action(action(async () => (await groups()).deleteGroups));
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number >= least && number < 2 ** 31) return number;
    throw new InvalidArgumentError(`give a whole number of at least ${least}.`);
  };
}

/** An option that may be given several times; its value is the list of what was given. */
function repeated(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser((text, before: readonly string[]) => [...before, text])
    .default([], 'none');
}
