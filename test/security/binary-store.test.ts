// Stores as keytool and openssl write them; without those tools there is nothing to read.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { loadTlsSettings } from '../../src/security/tls-settings.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { configOf, hasKeytool, hasOpenssl, StoreFolder } from './certificates.ts';

const load = (texts: Record<string, string>) => loadTlsSettings(configOf(texts), 'SSL');
const subject = (pem: string): string => new X509Certificate(pem).subject;

const authority = createTestAuthority();
const own = authority.issue({ commonName: 'broker', hosts: ['localhost'] });

describe('PKCS12 by openssl', { skip: !hasOpenssl && 'no openssl' }, () => {
  const folder = new StoreFolder();
  const PASSWORD = 'störe';
  const export12 = (name: string, ...more: string[]): string => {
    const args = ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'own.pem', '-certfile', 'ca.pem'];
    folder.run('openssl', [...args, '-out', name, '-passout', `pass:${PASSWORD}`, ...more]);
    return `${folder.path}/${name}`;
  };
  const keyStore = (location: string, more: Record<string, string> = {}) =>
    load({
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': location,
      'ssl.keystore.password': PASSWORD,
      ...more,
    });

  before(() => {
    folder.write('key.pem', own.key);
    folder.write('own.pem', own.certificate);
    folder.write('ca.pem', authority.certificate);
  });
  after(() => folder.remove());

  for (const [name, args] of [
    ['as it is by default', []],
    ['SHA-512, many rounds', ['-macalg', 'sha512', '-iter', '100000']],
    ['AES-128', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC']],
    ['triple DES, SHA-1', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['certificates in the clear', ['-certpbe', 'NONE']],
    ['without a seal', ['-nomac']],
  ] as const) {
    test(name, () => {
      const { key, certificateChain } = keyStore(export12('store.p12', ...args));
      assert.equal(key, own.key);
      const chain = certificateChain.split(/(?<=-----END CERTIFICATE-----)\n/).filter((text) => text !== '');
      assert.deepEqual(chain.map(subject), ['CN=broker', 'CN=Test authority']);
    });
  }

  test('a store that is called JKS is read as what it is', () => {
    assert.equal(keyStore(export12('other.jks'), { 'ssl.keystore.type': 'JKS' }).key, own.key);
  });

  test('a wrong password, and what the tool has given up', () => {
    const path = export12('again.p12');
    assert.throws(
      () => keyStore(path, { 'ssl.keystore.password': 'no' }),
      /password is wrong[\s\S]*ssl.keystore.password/,
    );
    const unsealed = export12('unsealed.p12', '-nomac');
    assert.throws(() => keyStore(unsealed, { 'ssl.keystore.password': 'no' }), /cannot be used/);
    let old: string;
    try {
      old = export12('old.p12', '-legacy');
    } catch {
      return; // an OpenSSL without its legacy part
    }
    assert.throws(() => keyStore(old), /RC2[\s\S]*keytool -importkeystore/);
  });

  test('certificates alone are a trust store; a key store trusts its holder only', () => {
    folder.run('openssl', [
      ...['pkcs12', '-export', '-nokeys', '-in', 'ca.pem', '-out', 'trust.p12', '-passout', `pass:${PASSWORD}`],
    ]);
    const keys = {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': own.key,
      'ssl.keystore.certificate.chain': own.certificate,
      'ssl.truststore.type': 'PKCS12',
      'ssl.truststore.password': PASSWORD,
    };
    const trustIn = (path: string) => load({ ...keys, 'ssl.truststore.location': path }).trusted.map(subject);
    assert.deepEqual(trustIn(`${folder.path}/trust.p12`), ['CN=Test authority']);
    assert.deepEqual(trustIn(export12('keys.p12')), ['CN=broker']);
  });

  test('damage is told of, wherever it is', () => {
    const bytes = readFileSync(export12('whole.p12', '-nomac', '-iter', '1', '-certpbe', 'NONE'));
    for (let at = 0; at < bytes.length; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= 1 << (at % 8);
      for (const store of [damaged, bytes.subarray(0, at)]) {
        const path = folder.write('damaged.p12', store);
        try {
          keyStore(path);
        } catch (error) {
          assert.equal((error as Error).name, 'ConfigError', `${at}: ${(error as Error).stack}`);
        }
      }
    }
  });
});

describe('stores by keytool', { skip: !hasKeytool && 'no keytool' }, () => {
  const folder = new StoreFolder();
  after(() => folder.remove());
  const make = (name: string, type: string, keyPassword: string): string => {
    const store = ['-keystore', name, '-storetype', type, '-storepass', 'storepass'];
    const key = ['-alias', 'broker', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=by keytool'];
    folder.run('keytool', ['-genkeypair', ...store, ...key, '-keypass', keyPassword]);
    folder.write('ca.pem', authority.certificate);
    const trust = ['-keystore', `trust-${name}`, '-storetype', type, '-storepass', 'storepass'];
    folder.run('keytool', ['-importcert', '-noprompt', '-alias', 'ca', '-file', 'ca.pem', ...trust]);
    return `${folder.path}/${name}`;
  };

  for (const [type, keyPassword] of [
    ['PKCS12', 'storepass'],
    ['JKS', 'another'],
  ]) {
    test(type, () => {
      const path = make(`${type}.store`, type, keyPassword);
      const texts = {
        // What Kafka takes for granted when nothing is said.
        'ssl.keystore.type': 'JKS',
        'ssl.keystore.location': path,
        'ssl.keystore.password': 'storepass',
        'ssl.key.password': keyPassword,
        'ssl.truststore.location': `${folder.path}/trust-${type}.store`,
        'ssl.truststore.password': 'storepass',
        'ssl.client.auth': 'required',
      };
      const { certificateChain, trusted } = load(texts);
      assert.equal(subject(certificateChain), 'CN=by keytool');
      assert.deepEqual(trusted.map(subject), ['CN=Test authority']);
      assert.throws(
        () => load({ ...texts, 'ssl.keystore.password': 'x' }),
        /password is wrong[\s\S]*ssl.keystore.password/,
      );
      assert.throws(() => load({ ...texts, 'ssl.truststore.password': 'x' }), /ssl.truststore.password/);
      assert.throws(() => load({ ...texts, 'ssl.key.password': 'x' }), /ssl.key.password/);
      const { 'ssl.truststore.password': _, ...withoutPassword } = texts;
      if (type === 'JKS') assert.equal(load(withoutPassword).trusted.length, 1);
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at += 5) {
        const cut = folder.write('cut', bytes.subarray(0, at));
        assert.throws(() => load({ ...texts, 'ssl.keystore.location': cut }), { name: 'ConfigError' });
      }
    });
  }
});
