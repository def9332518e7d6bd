// Format, lint and types. Exits non-zero on the first that fails.
import { spawnSync } from 'node:child_process';

for (const [command, ...args] of [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc', '--noEmit'],
]) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
