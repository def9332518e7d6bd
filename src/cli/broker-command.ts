/** `millrace broker`: reads the broker's command line, which is Kafka's with a few shorthands, and becomes the broker. */
import { BROKER_USAGE, parseBrokerFlags } from '../config/broker-flags.ts';
import { ConfigError } from '../config/config-error.ts';
import { type CliIo, ExitCode } from './cli-io.ts';

/** Resolves with the exit code when the broker has stopped. */
export async function brokerCommand(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const flags = parseBrokerFlags(argv);
    if (flags.help) {
      await io.out(BROKER_USAGE);
      return ExitCode.ok;
    }
    const spelledOut = flags.overrides.flatMap((override) => ['--override', override]);
    if (flags.propertiesFile !== undefined) spelledOut.unshift('--config', flags.propertiesFile);
    const { runBroker } = await import('../broker/run-broker.ts');
    return await runBroker(spelledOut, io.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.err(`millrace: ${error.message}`);
    return ExitCode.usage;
  }
}
