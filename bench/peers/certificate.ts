/** A self-signed certificate for TLS runs, made with the machine's openssl. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of certificate, key, and both in one file; undefined without openssl. */
export function makeCertificate(directory: string): { certificatePath: string; keyPath: string } | undefined {
  mkdirSync(directory, { recursive: true });
  const [certificatePath, keyPath] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', keyPath, '-out', certificatePath];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', ...subject, ...files];
  return spawnSync('openssl', args).status === 0 ? { certificatePath, keyPath } : undefined;
}
