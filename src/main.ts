/** `npm start`: a broker in the foreground. The command line is the CLI's (`millrace broker`). */
import { runBroker } from './broker/run-broker.ts';

process.exitCode = await runBroker(process.argv.slice(2), process.env);
