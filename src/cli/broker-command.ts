/** `millrace broker`: the broker reads its own command line, which is Kafka's with a few shorthands. */
import type { CliIo } from './cli-io.ts';

/** Resolves with the exit code when the broker has stopped. */
export async function brokerCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const { runBroker } = await import('../broker/run-broker.ts');
  return runBroker(argv, io.env);
}
