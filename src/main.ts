/** `npm start`: a broker in the foreground. The command line is the CLI's (`millrace broker`). */
import { startEarly } from './broker/threads/broker-workers.ts';

startEarly();
const { runBroker } = await import('./broker/run-broker.ts');
process.exitCode = await runBroker(process.argv.slice(2), process.env);
