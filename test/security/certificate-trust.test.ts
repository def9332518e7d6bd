import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isTrusted } from '../../src/security/certificate-trust.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { hasOpenssl, StoreFolder } from './certificates.ts';

const NOW_MS = Date.now();
const DAY_MS = 86_400_000;

describe('whom a trust store vouches for', () => {
  test('its own certificates, and those that they have issued', () => {
    const [authority, other] = [createTestAuthority(), createTestAuthority('Another authority')];
    const { certificate } = authority.issue({ commonName: 'x' });
    assert.equal(isTrusted(certificate, [other.certificate, authority.certificate], NOW_MS), true);
    assert.equal(isTrusted(certificate, [certificate], NOW_MS), true);
    assert.equal(isTrusted(certificate, [other.certificate], NOW_MS), false);
    assert.equal(isTrusted(certificate, [], NOW_MS), false);
    // What the chain itself brings is nobody's word.
    assert.equal(isTrusted(`${certificate}${authority.certificate}`, [other.certificate], NOW_MS), false);
  });

  test('an issuer of the same name has not issued it', () => {
    const [one, namesake] = [createTestAuthority(), createTestAuthority()];
    assert.equal(isTrusted(one.issue({ commonName: 'x' }).certificate, [namesake.certificate], NOW_MS), false);
  });

  test('not before a certificate begins, and not after it ends', () => {
    const authority = createTestAuthority();
    const dates = { notBefore: new Date(NOW_MS - DAY_MS), notAfter: new Date(NOW_MS + DAY_MS) };
    const { certificate } = authority.issue({ commonName: 'x', ...dates });
    const trustedAt = (ms: number) => isTrusted(certificate, [authority.certificate], ms);
    assert.deepEqual(
      [-2, 0, 2].map((days) => trustedAt(NOW_MS + days * DAY_MS)),
      [false, true, false],
    );
  });

  describe('over an issuer between', { skip: !hasOpenssl && 'no openssl' }, () => {
    const folder = new StoreFolder();
    after(() => folder.remove());
    const read = (name: string) => readFileSync(join(folder.path, name), 'latin1');
    const key = ['-newkey', 'rsa:2048', '-nodes'];
    const issue = (name: string, issuer: string, extensions: string) => {
      folder.run('openssl', ['req', ...key, '-keyout', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`]);
      const signer = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
      const extfile = ['-extfile', folder.write(`${name}.ext`, extensions)];
      folder.run('openssl', ['x509', '-req', '-in', `${name}.csr`, ...signer, ...extfile, '-out', `${name}.pem`]);
    };

    test('when the chain brings it, or the store holds it', () => {
      folder.run('openssl', ['req', '-x509', ...key, '-keyout', 'root.key', '-subj', '/CN=root', '-out', 'root.pem']);
      issue('between', 'root', 'basicConstraints=critical,CA:TRUE');
      issue('own', 'between', 'basicConstraints=CA:FALSE');
      const [root, between, own] = ['root.pem', 'between.pem', 'own.pem'].map(read);
      const nowMs = NOW_MS + DAY_MS;
      assert.equal(isTrusted(`${own}${between}`, [root], nowMs), true);
      assert.equal(isTrusted(own, [root], nowMs), false);
      assert.equal(isTrusted(own, [between], nowMs), true);
    });
  });
});
