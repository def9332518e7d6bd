/**
 * Key and trust stores that are no text. Which format a file has is seen from its bytes, as Java does it: what is called
 * JKS in settings has been PKCS12 since Java 9. Control thread.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.ts';
import { isJks, readJks } from './jks-store.ts';
import { pemOf } from './pem.ts';
import { readPkcs12 } from './pkcs12-store.ts';
import { type StoredKey, StoreFault, type StoreParts } from './store-parts.ts';
import type { TlsTexts } from './tls-texts.ts';

export interface StoreSource {
  readonly texts: TlsTexts;
  readonly location: string;
  /** The setting that named the file. */
  readonly setting: string;
  readonly password: string | null;
  readonly passwordKey: 'ssl.keystore.password' | 'ssl.truststore.password';
}

export interface KeyEntry {
  readonly key: KeyObject;
  /** PEM. */
  readonly chain: readonly string[];
}

export interface BinaryStore {
  /** The first key of the store with its certificates. Throws a ConfigError. */
  key(password: string | null): KeyEntry;
  /** PEM of what Java would trust: certificates held as trusted, and the holders of keys. */
  trusted(): string[];
}

/** Throws a ConfigError. */
export function openBinaryStore(bytes: Buffer, source: StoreSource): BinaryStore {
  const parts = explained(source, source.texts.name(source.passwordKey), () => readParts(bytes, source.password));
  return {
    key: (password) => explained(source, source.texts.name('ssl.key.password'), () => openKey(parts.keys[0], password)),
    trusted: () => {
      const holders = parts.keys.flatMap(({ chain }) => chain.slice(0, 1));
      return [...parts.trusted, ...holders].map((der) => pemOf('CERTIFICATE', der));
    },
  };
}

function readParts(bytes: Buffer, password: string | null): StoreParts {
  if (isJks(bytes)) return readJks(bytes, password);
  if (bytes.includes('-----BEGIN')) throw new StoreFault('it is in PEM; set its type to PEM');
  return readPkcs12(bytes, password);
}

function openKey(stored: StoredKey | undefined, password: string | null): KeyEntry {
  if (!stored) throw new StoreFault('it holds no private key');
  const der = stored.pkcs8(password);
  const pem = pemOf(stored.encrypted ? 'ENCRYPTED PRIVATE KEY' : 'PRIVATE KEY', der);
  const chain = stored.chain.map((certificate) => pemOf('CERTIFICATE', certificate));
  try {
    return { key: createPrivateKey({ key: pem, passphrase: password ?? '' }), chain };
  } catch (error) {
    throw new StoreFault(`its key cannot be opened: ${(error as Error).message}`, stored.encrypted);
  }
}

/** Runs, and turns what goes wrong into words for the operator. */
function explained<T>({ location, setting }: StoreSource, passwordName: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    // Whatever the parsers stumble over, the file is at fault.
    const problem = `it is neither PKCS12 nor JKS, or it is damaged (${(error as Error).message})`;
    const fault = error instanceof StoreFault ? error : new StoreFault(problem);
    throw new ConfigError(
      `The store ${location} cannot be used: ${fault.message}`,
      fault.wrongPassword ? passwordName : setting,
      fault.wrongPassword
        ? 'give the password that the store was made with'
        : `convert it: keytool -importkeystore -srckeystore ${location} -destkeystore new.p12 -deststoretype PKCS12`,
    );
  }
}
