/**
 * A listener's TLS settings, read and checked: `ssl.*`, or `listener.name.<listener>.ssl.*` before them. What comes out is
 * plain data that may go to other threads. Control thread; reads the files that the settings name.
 *
 *     loadTlsSettings(config, listenerName): TlsSettings          throws a ConfigError
 */
import { randomBytes } from 'node:crypto';
import type { SecureVersion } from 'node:tls';
import type { BrokerConfig } from '../config/broker-config.ts';
import { ConfigError } from '../config/config-error.ts';
import { splitList } from '../config/config-value.ts';
import { opensslCipher } from './cipher-suites.ts';
import { loadKeyStore } from './key-store.ts';
import { ListenerTexts } from './listener-texts.ts';
import { openTlsEndpoint, type TlsClientAuth, type TlsSettings } from './tls-endpoint.ts';
import { loadTrustStore } from './trust-store.ts';

const TICKET_KEY_BYTES = 48;
const VERSIONS: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];

export function loadTlsSettings(config: BrokerConfig, listenerName: string): TlsSettings {
  const texts = new ListenerTexts(config, listenerName);
  const clientAuth = texts.get('ssl.client.auth') as TlsClientAuth;
  const { key, certificateChain } = loadKeyStore(texts);
  const trusted = loadTrustStore(texts);
  if (clientAuth !== 'none' && trusted.length === 0) {
    throw new ConfigError(
      `Listener ${listenerName} wants certificates of clients, but nothing says whose it may trust`,
      texts.name('ssl.truststore.location'),
      'give ssl.truststore.location, or ssl.truststore.certificates with ssl.truststore.type=PEM',
    );
  }
  const settings: TlsSettings = {
    key,
    certificateChain,
    trusted,
    clientAuth,
    ...versions(texts),
    ciphers: ciphers(texts),
    sessionIdContext: sessionIdContext(listenerName),
    ticketKeys: new Uint8Array(randomBytes(TICKET_KEY_BYTES)),
  };
  try {
    openTlsEndpoint(settings);
  } catch (error) {
    throw new ConfigError(
      `Listener ${listenerName} cannot speak TLS with these settings: ${(error as Error).message}`,
      `${texts.name('ssl.keystore.location')}, ${texts.name('ssl.cipher.suites')}`,
      'see the cause; openssl x509 -text shows what a certificate holds',
    );
  }
  return settings;
}

function versions(texts: ListenerTexts): Pick<TlsSettings, 'minVersion' | 'maxVersion'> {
  const wanted = splitList(texts.get('ssl.enabled.protocols') ?? '');
  const unknown = wanted.find((version) => !VERSIONS.includes(version as SecureVersion));
  if (unknown !== undefined || wanted.length === 0) {
    throw new ConfigError(
      `${unknown ?? '(nothing)'} is not a version of TLS that is offered here`,
      texts.name('ssl.enabled.protocols'),
      `use ${VERSIONS.join(', ')} or one of them`,
    );
  }
  const enabled = VERSIONS.filter((version) => wanted.includes(version));
  return { minVersion: enabled[0], maxVersion: enabled[enabled.length - 1] };
}

function ciphers(texts: ListenerTexts): string | null {
  const suites = splitList(texts.get('ssl.cipher.suites') ?? '');
  if (suites.length === 0) return null;
  const names = suites.map((suite) => {
    const name = opensslCipher(suite);
    if (name !== undefined) return name;
    throw new ConfigError(
      `${suite} is not a cipher suite that OpenSSL offers here`,
      texts.name('ssl.cipher.suites'),
      "write IANA's names, as TLS_AES_256_GCM_SHA384 or TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    );
  });
  return names.filter((name) => name !== '').join(':');
}

/** At most 32 bytes, as OpenSSL wants it: sessions of one listener are worth nothing at another. */
function sessionIdContext(listenerName: string): string {
  return `mr-${listenerName}`.slice(0, 32);
}
