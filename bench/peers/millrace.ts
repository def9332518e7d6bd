/** Millrace from this working tree as a peer of itself: one process, as `npm start` runs it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type RunningBroker, type StartOptions, startProcess } from './running-broker.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function revision(): string {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown revision';
}

/** The flags of the broker for these options; `nodeFlags` stand before the program, for profiles. */
export async function startMillrace(options: StartOptions, nodeFlags: readonly string[] = []): Promise<RunningBroker> {
  const port = options.port ?? (await freePort());
  const tlsPort = options.tls ? await freePort() : 0;
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, ...(options.tls ? [`SSL://127.0.0.1:${tlsPort}`] : [])];
  const configs: Record<string, string> = {
    listeners: listeners.join(','),
    'log.dirs': join(options.directory, 'data'),
    ...(options.tls && {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.certificate.chain': readFileSync(options.tls.certificatePath, 'utf8'),
      'ssl.keystore.key': readFileSync(options.tls.keyPath, 'utf8'),
    }),
    ...options.configs,
  };
  const overrides = Object.entries(configs).flatMap(([name, value]) => ['--override', `${name}=${value}`]);
  return startProcess(process.execPath, [...nodeFlags, join(root, 'src/main.ts'), ...overrides], {
    name: 'millrace',
    description: `Millrace ${revision()}, Node ${process.version}`,
    port,
    tlsPort,
    directory: options.directory,
  });
}
