/**
 * The broker's own command line: `millrace broker` and `npm start --` take the same. Pure; control thread, at start.
 *
 *     [server.properties] [--config FILE] [--override NAME=VALUE]... [NAME=VALUE]... [--port N] [--data DIR]
 *
 *     parseBrokerFlags(argv): { propertiesFile, overrides, help }       throws a ConfigError; feed it to loadBrokerConfig
 */
import { ConfigError } from './config-error.ts';

export interface BrokerFlags {
  readonly propertiesFile?: string;
  /** `name=value` each, in the order in which they were given. */
  readonly overrides: readonly string[];
  readonly help: boolean;
}

export const BROKER_USAGE = `Usage: millrace broker [options] [server.properties] [name=value...]

Starts a broker. Without any settings it stands alone, listens on port 9092 and keeps its data in ./data.

Options:
  --config FILE          settings as in Kafka's server.properties
  --override NAME=VALUE  one setting; may be repeated; wins over file and environment
  --port N               the same as --override listeners=PLAINTEXT://:N
  --data DIR             the same as --override log.dirs=DIR
  -h, --help             this text

Environment: KAFKA_LOG_DIRS is log.dirs, KAFKA_NUM_PARTITIONS is num.partitions and so on, as in Kafka's container image;
MILLRACE_IO_THREADS is millrace.io.threads and so on.
`;

/** Options that stand for a setting. */
const SHORTHANDS: Readonly<Record<string, (value: string) => string>> = {
  '--override': (value) => value,
  '--port': (value) => `listeners=PLAINTEXT://:${value}`,
  '--data': (value) => `log.dirs=${value}`,
};

export function parseBrokerFlags(argv: readonly string[]): BrokerFlags {
  let propertiesFile: string | undefined;
  let help = false;
  const overrides: string[] = [];
  const setFile = (path: string): void => {
    if (propertiesFile !== undefined) throw usage(`two properties files: ${propertiesFile} and ${path}`);
    propertiesFile = path;
  };
  for (let i = 0; i < argv.length; i++) {
    const [option, inline] = splitOption(argv[i]);
    const value = (): string => {
      const given = inline ?? argv[++i];
      if (given === undefined || given === '') throw usage(`${option} needs a value`);
      return given;
    };
    if (option === '-h' || option === '--help') help = true;
    else if (option === '--config') setFile(value());
    else if (Object.hasOwn(SHORTHANDS, option)) overrides.push(SHORTHANDS[option](value()));
    else if (option.startsWith('-')) throw usage(`unknown option ${option}`);
    else if (/^[\w.-]+=/.test(argv[i])) overrides.push(argv[i]);
    else setFile(argv[i]);
  }
  return { propertiesFile, overrides, help };
}

/** `--name=value` is an option with its value; anything else stands as it is. */
function splitOption(argument: string): [option: string, value: string | undefined] {
  const at = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function usage(cause: string): ConfigError {
  return new ConfigError(cause, 'the command line', 'see millrace broker --help');
}
