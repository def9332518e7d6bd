/** Millrace from this working tree as a peer of itself: one process, bundled and with its compile cache as `npm start` has it. */
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

let built = false;

/** Bundles the broker when a source is newer; others may run from the bundle that is there. */
function buildBundle(): string {
  if (!built) {
    const build = [join(root, 'scripts/build-dist.mjs'), '--if-stale'];
    const { status, stderr } = spawnSync(process.execPath, build, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`Bundling the broker failed:\n${stderr}`);
    built = true;
  }
  return join(root, 'dist/main.js');
}

/** With `nodeFlags` it runs from its sources, so that profiles name them. */
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
  const program = nodeFlags.length > 0 ? [...nodeFlags, join(root, 'src/main.ts')] : [buildBundle()];
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/millrace');
  return startProcess(process.execPath, [...program, ...overrides], {
    name: 'millrace',
    description: `Millrace ${revision()}, Node ${process.version}`,
    port,
    tlsPort,
    directory: options.directory,
  });
}
