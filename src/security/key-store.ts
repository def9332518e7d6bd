/**
 * A listener's key and certificate chain from what `ssl.keystore.*` and `ssl.key.password` say: PEM in a file or in the
 * settings themselves, PKCS12, or JKS. The rules on what may be given together are Kafka's. Control thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError } from '../config/config-error.ts';
import { openBinaryStore } from './binary-store.ts';
import { pemBlocks, pemOf } from './pem.ts';
import { readStoreFile } from './store-file.ts';
import { given, type TlsTexts } from './tls-texts.ts';

export interface KeyMaterial {
  /** PEM, not encrypted. */
  readonly key: string;
  /** PEM, the holder's own certificate first. */
  readonly certificateChain: string;
}

const STORE_TYPES = ['PEM', 'PKCS12', 'JKS'];
const PEM_FIX =
  'give ssl.keystore.location, or ssl.keystore.certificate.chain and ssl.keystore.key with ssl.keystore.type=PEM';

/** Throws a ConfigError. */
export function loadKeyStore(texts: TlsTexts): KeyMaterial {
  const type = storeType(texts, 'ssl.keystore.type');
  const location = given(texts, 'ssl.keystore.location');
  const inlineKey = given(texts, 'ssl.keystore.key');
  const inlineChain = given(texts, 'ssl.keystore.certificate.chain');
  const keyPassword = given(texts, 'ssl.key.password');
  if (inlineKey !== null || inlineChain !== null) {
    refuseMixture(texts, type, location);
    if (inlineKey === null || inlineChain === null) {
      const missing = inlineKey === null ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain';
      throw new ConfigError(
        `There is no ${missing} for ${texts.owner}`,
        missing,
        'give key and certificate chain together',
      );
    }
    return checked(texts, 'ssl.keystore.key', keyOf(texts, inlineKey, keyPassword), certificatesOf(inlineChain));
  }
  if (location === null) {
    throw new ConfigError(
      `There is no key and no certificate for ${texts.owner}, which is to speak TLS`,
      'ssl.keystore.location',
      PEM_FIX,
    );
  }
  const setting = texts.name('ssl.keystore.location');
  const bytes = readStoreFile(location, setting);
  if (type !== 'PEM') {
    const password = given(texts, 'ssl.keystore.password');
    const store = openBinaryStore(bytes, { texts, location, setting, password, passwordKey: 'ssl.keystore.password' });
    const entry = store.key(keyPassword ?? password);
    return checked(texts, 'ssl.keystore.location', entry.key, entry.chain);
  }
  if (given(texts, 'ssl.keystore.password') !== null) {
    throw new ConfigError(
      'A key store in PEM has no password of its own',
      texts.name('ssl.keystore.password'),
      'leave it out; the password of the key is ssl.key.password',
    );
  }
  const text = bytes.toString('latin1');
  return checked(texts, 'ssl.keystore.location', keyOf(texts, text, keyPassword), certificatesOf(text));
}

export function storeType(texts: TlsTexts, key: 'ssl.keystore.type' | 'ssl.truststore.type'): string {
  const type = (texts.get(key) ?? '').trim().toUpperCase();
  if (STORE_TYPES.includes(type)) return type;
  throw new ConfigError(`${type || '(nothing)'} is no type of store`, texts.name(key), `use ${STORE_TYPES.join(', ')}`);
}

/** The certificates of a PEM text. */
export function certificatesOf(text: string): string[] {
  return pemBlocks(text)
    .filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE')
    .map((block) => block.text);
}

function refuseMixture(texts: TlsTexts, type: string, location: string | null): void {
  if (type !== 'PEM') {
    throw new ConfigError(
      `ssl.keystore.key and ssl.keystore.certificate.chain are PEM, but the store's type is ${type}`,
      texts.name('ssl.keystore.type'),
      'set ssl.keystore.type=PEM',
    );
  }
  if (location !== null) {
    throw new ConfigError(
      'Both ssl.keystore.location and ssl.keystore.key or ssl.keystore.certificate.chain are given',
      texts.name('ssl.keystore.location'),
      'leave one of them out',
    );
  }
}

function keyOf(texts: TlsTexts, text: string, password: string | null): KeyObject {
  const block = pemBlocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (!block) {
    throw new ConfigError(
      `There is no private key for ${texts.owner}: nothing begins with -----BEGIN PRIVATE KEY-----`,
      given(texts, 'ssl.keystore.key') === null ? texts.name('ssl.keystore.location') : texts.name('ssl.keystore.key'),
      'put the key in PEM there, PKCS#8 best: openssl pkcs8 -topk8 -in key.pem',
    );
  }
  try {
    return createPrivateKey({ key: block.text, ...(password === null ? {} : { passphrase: password }) });
  } catch (error) {
    throw new ConfigError(
      `The private key of ${texts.owner} cannot be read: ${(error as Error).message}`,
      texts.name('ssl.key.password'),
      'give the password that the key was encrypted with, and none for a key in the clear',
    );
  }
}

/** The chain with the key's own certificate first; throws when there is none. */
function checked(texts: TlsTexts, at: string, key: KeyObject, certificates: readonly string[]): KeyMaterial {
  const parsed = certificates.map((text) => {
    try {
      return new X509Certificate(text);
    } catch (error) {
      throw new ConfigError(
        `A certificate of ${texts.owner} cannot be read: ${(error as Error).message}`,
        texts.name(at),
        'give certificates in PEM (-----BEGIN CERTIFICATE-----) as they were issued',
      );
    }
  });
  const own = parsed.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (own < 0) {
    throw new ConfigError(
      parsed.length === 0
        ? `There is no certificate for ${texts.owner}: nothing begins with -----BEGIN CERTIFICATE-----`
        : `No certificate of ${texts.owner} belongs to its private key`,
      texts.name(at),
      "give the certificate chain that was issued for this key, the holder's own certificate first",
    );
  }
  const ordered = [parsed[own], ...parsed.filter((_, index) => index !== own)];
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificateChain: ordered.map(({ raw }) => pemOf('CERTIFICATE', raw)).join(''),
  };
}
