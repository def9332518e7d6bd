/**
 * The certificates that a listener trusts to have issued those of its clients, from `ssl.truststore.*`. Control thread.
 */
import { X509Certificate } from 'node:crypto';
import { ConfigError } from '../config/config-error.ts';
import { openBinaryStore } from './binary-store.ts';
import { certificatesOf, storeType } from './key-store.ts';
import { readStoreFile } from './store-file.ts';
import { given, type TlsTexts } from './tls-texts.ts';

/** PEM certificates; none when no trust store is given. Throws a ConfigError. */
export function loadTrustStore(texts: TlsTexts): string[] {
  const type = storeType(texts, 'ssl.truststore.type');
  const location = given(texts, 'ssl.truststore.location');
  const inline = given(texts, 'ssl.truststore.certificates');
  if (inline !== null && (type !== 'PEM' || location !== null)) {
    throw new ConfigError(
      type === 'PEM'
        ? 'Both ssl.truststore.location and ssl.truststore.certificates are given'
        : `ssl.truststore.certificates is PEM, but the store's type is ${type}`,
      texts.name(type === 'PEM' ? 'ssl.truststore.location' : 'ssl.truststore.type'),
      type === 'PEM' ? 'leave one of them out' : 'set ssl.truststore.type=PEM',
    );
  }
  if (inline !== null) return checked(texts, 'ssl.truststore.certificates', certificatesOf(inline));
  if (location === null) return [];
  const setting = texts.name('ssl.truststore.location');
  const bytes = readStoreFile(location, setting);
  const password = given(texts, 'ssl.truststore.password');
  if (type === 'PEM') {
    if (password === null) return checked(texts, 'ssl.truststore.location', certificatesOf(bytes.toString('latin1')));
    throw new ConfigError(
      'A trust store in PEM has no password',
      texts.name('ssl.truststore.password'),
      'leave ssl.truststore.password out',
    );
  }
  const store = openBinaryStore(bytes, { texts, location, setting, password, passwordKey: 'ssl.truststore.password' });
  return checked(texts, 'ssl.truststore.location', store.trusted());
}

function checked(texts: TlsTexts, at: string, certificates: string[]): string[] {
  if (certificates.length === 0) {
    throw new ConfigError(
      `The trust store of ${texts.owner} holds no certificate`,
      texts.name(at),
      'put the certificates of the issuers there',
    );
  }
  for (const text of certificates) {
    try {
      new X509Certificate(text);
    } catch (error) {
      throw new ConfigError(
        `A trusted certificate of ${texts.owner} cannot be read: ${(error as Error).message}`,
        texts.name(at),
        'give certificates as they were issued',
      );
    }
  }
  return certificates;
}
