/** Stores made by the tools that people make them with. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerConfig } from '../../src/config/broker-config.ts';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
export const hasKeytool = spawnSync('keytool', ['-help']).status === 0;

export class StoreFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-stores-'));

  /** The path of a new file. */
  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  /** Runs a tool in the folder; throws with what it said when it fails. */
  run(command: string, args: readonly string[]): void {
    const { status, stderr, stdout } = spawnSync(command, args, { cwd: this.path, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

export const configOf = (texts: Record<string, string>): BrokerConfig =>
  new BrokerConfig(new Map(Object.entries(texts)));
