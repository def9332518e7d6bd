import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { STORE_FILE_BYTES_MAX } from '../../src/security/store-file.ts';
import { loadTlsSettings } from '../../src/security/tls-settings.ts';
import { createTestAuthority } from '../../src/testing/test-certificates.ts';
import { configOf, StoreFolder } from './certificates.ts';

const folder = new StoreFolder();
after(() => folder.remove());

const authority = createTestAuthority();
const own = authority.issue({ commonName: 'broker', hosts: ['localhost'] });
const other = authority.issue({ commonName: 'other' });
const pem = {
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.key': own.key,
  'ssl.keystore.certificate.chain': own.certificate,
};
const load = (texts: Record<string, string>) => loadTlsSettings(configOf(texts), 'SSL');

const subjects = (chain: string): string[] =>
  chain
    .split(/(?<=-----END CERTIFICATE-----)\n/)
    .filter((text) => text !== '')
    .map((text) => new X509Certificate(text).subject);

describe('keys and certificates in PEM', () => {
  test('inline, in the shapes that properties files give them', () => {
    const plain = load(pem);
    assert.deepEqual(subjects(plain.certificateChain), ['CN=broker']);
    assert.equal(plain.key, own.key);
    for (const [name, shape] of [
      ['escaped line breaks', (text: string) => text.replaceAll('\n', '\\n')],
      ['spaces for line breaks', (text: string) => text.replaceAll('\n', ' ')],
      ['windows', (text: string) => text.replaceAll('\n', '\r\n')],
      ['talk before it', (text: string) => `Bag Attributes\n    friendlyName: x\n${text}`],
    ] as const) {
      const shaped = {
        ...pem,
        'ssl.keystore.key': shape(own.key),
        'ssl.keystore.certificate.chain': shape(own.certificate),
      };
      assert.equal(load(shaped).certificateChain, plain.certificateChain, name);
      assert.equal(load(shaped).key, own.key, name);
    }
  });

  test('one file with all, the key encrypted, the chain in any order', () => {
    const encrypted = createPrivateKey(own.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    });
    const path = folder.write('all.pem', `${authority.certificate}${own.certificate}${encrypted}`);
    const texts = { 'ssl.keystore.type': 'pem', 'ssl.keystore.location': path };
    const { certificateChain, key } = load({ ...texts, 'ssl.key.password': 'secret' });
    assert.deepEqual(subjects(certificateChain), ['CN=broker', 'CN=Test authority']);
    assert.equal(key, own.key);
    assert.throws(
      () => load({ ...texts, 'ssl.key.password': 'wrong' }),
      /private key .* cannot be read[\s\S]*ssl.key.password/,
    );
    assert.throws(() => load(texts), /private key .* cannot be read[\s\S]*ssl.key.password/);
  });

  test('a key encrypted the old way keeps its headers', () => {
    const encrypted = createPrivateKey(own.key).export({
      type: 'sec1',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: 'secret',
    });
    assert.equal(load({ ...pem, 'ssl.keystore.key': encrypted as string, 'ssl.key.password': 'secret' }).key, own.key);
  });

  const path = folder.write('own.pem', `${own.key}${own.certificate}`);
  const file = { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': path };
  const wrong: [string, Record<string, string>, RegExp][] = [
    ['nothing', {}, /no key and no certificate for listener SSL[\s\S]*ssl.keystore.location/],
    [
      'only a key',
      { 'ssl.keystore.type': 'PEM', 'ssl.keystore.key': own.key },
      /no ssl.keystore.certificate.chain for/,
    ],
    ['PEM, but type JKS', { ...pem, 'ssl.keystore.type': 'JKS' }, /store's type is JKS[\s\S]*ssl.keystore.type=PEM/],
    ['both', { ...pem, 'ssl.keystore.location': path }, /Both ssl.keystore.location/],
    [
      'another’s certificate',
      { ...pem, 'ssl.keystore.certificate.chain': other.certificate },
      /No certificate .* belongs/,
    ],
    ['no certificate', { ...pem, 'ssl.keystore.certificate.chain': 'x' }, /no certificate for/],
    ['no key', { ...pem, 'ssl.keystore.key': 'x' }, /no private key for/],
    ['a damaged key', { ...pem, 'ssl.keystore.key': own.key.replace(/M../, 'AAA') }, /private key .* cannot be read/],
    [
      'a damaged certificate',
      { ...pem, 'ssl.keystore.certificate.chain': own.certificate.replace(/M../, 'AAA') },
      /certificate .* cannot be read/,
    ],
    ['no file', { ...file, 'ssl.keystore.location': '/does/not/exist' }, /cannot be read \(ENOENT\)/],
    ['a folder', { ...file, 'ssl.keystore.location': folder.path }, /cannot be read \(EISDIR\)/],
    ['a password of a PEM file', { ...file, 'ssl.keystore.password': 'x' }, /no password of its own/],
    ['a type that is none', { ...file, 'ssl.keystore.type': 'BKS' }, /BKS is no type of store/],
    ['a PEM file called PKCS12', { ...file, 'ssl.keystore.type': 'PKCS12' }, /it is in PEM/],
    ['an old version', { ...pem, 'ssl.enabled.protocols': 'TLSv1.1,TLSv1.2' }, /TLSv1.1 is not a version/],
    ['a suite that is none', { ...pem, 'ssl.cipher.suites': 'TLS_NULL_WITH_NULL' }, /not a cipher suite/],
    ['clients’ certificates without trust', { ...pem, 'ssl.client.auth': 'required' }, /whose it may trust/],
    [
      'trust in nobody',
      { ...pem, 'ssl.truststore.type': 'PEM', 'ssl.truststore.certificates': 'x' },
      /holds no certificate/,
    ],
    ['trust of two kinds', { ...pem, 'ssl.truststore.certificates': authority.certificate }, /store's type is JKS/],
  ];
  for (const [name, texts, message] of wrong) {
    test(`refused: ${name}`, () => assert.throws(() => load(texts), { name: 'ConfigError', message }));
  }

  test('a file that cannot be a store is not read', () => {
    const large = folder.write('large', Buffer.alloc(STORE_FILE_BYTES_MAX + 1));
    assert.throws(() => load({ ...file, 'ssl.keystore.location': large }), /is larger than/);
  });
});

describe('TLS settings of a listener', () => {
  test('its own go before the general ones, and messages name the ones that were given', () => {
    const config = configOf({
      ...pem,
      'listener.name.out.ssl.keystore.key': other.key,
      'listener.name.out.ssl.keystore.certificate.chain': other.certificate,
      'listener.name.bad.ssl.enabled.protocols': 'SSLv3',
    });
    assert.deepEqual(subjects(loadTlsSettings(config, 'OUT').certificateChain), ['CN=other']);
    assert.deepEqual(subjects(loadTlsSettings(config, 'IN').certificateChain), ['CN=broker']);
    assert.throws(() => loadTlsSettings(config, 'BAD'), /check: listener.name.bad.ssl.enabled.protocols/);
  });

  test('versions', () => {
    const range = (text: string) => {
      const { minVersion, maxVersion } = load({ ...pem, 'ssl.enabled.protocols': text });
      return [minVersion, maxVersion];
    };
    assert.deepEqual(range('TLSv1.2,TLSv1.3'), ['TLSv1.2', 'TLSv1.3']);
    assert.deepEqual(range('TLSv1.3, TLSv1.2'), ['TLSv1.2', 'TLSv1.3']);
    assert.deepEqual(range('TLSv1.3'), ['TLSv1.3', 'TLSv1.3']);
    assert.equal(load(pem).minVersion, 'TLSv1.2');
  });

  test("cipher suites by IANA's names and by OpenSSL's", () => {
    const suites = [
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
      'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_RSA_WITH_AES_128_CBC_SHA',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
    ];
    assert.equal(
      load({ ...pem, 'ssl.cipher.suites': suites.join(',') }).ciphers,
      [
        'TLS_AES_256_GCM_SHA384',
        'TLS_CHACHA20_POLY1305_SHA256',
        'ECDHE-RSA-AES128-GCM-SHA256',
        'ECDHE-ECDSA-AES256-SHA384',
        'DHE-RSA-CHACHA20-POLY1305',
        'AES128-SHA',
        'ECDHE-RSA-AES256-GCM-SHA384',
      ].join(':'),
    );
  });

  test('trust in PEM, inline and in a file', () => {
    const both = `${authority.certificate}${createTestAuthority('Second').certificate}`;
    const inline = { ...pem, 'ssl.truststore.type': 'PEM', 'ssl.truststore.certificates': both };
    assert.equal(load(inline).trusted.length, 2);
    const location = folder.write('trust.pem', both);
    const file = { ...pem, 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': location };
    assert.deepEqual(load(file).trusted, load(inline).trusted);
    assert.throws(() => load({ ...file, 'ssl.truststore.password': 'x' }), /no password/);
    assert.deepEqual(load(pem).trusted, []);
  });
});
