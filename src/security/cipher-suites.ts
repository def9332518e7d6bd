/**
 * Cipher suites by the names that Kafka's settings use (IANA's, as Java does) in the names that OpenSSL uses. Pure.
 *
 *     TLS_AES_256_GCM_SHA384                      the same (TLS 1.3)
 *     TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256       ECDHE-RSA-AES128-GCM-SHA256
 *     TLS_RSA_WITH_AES_128_CBC_SHA                AES128-SHA
 */
import { getCiphers } from 'node:tls';

/** Says that renegotiation is understood; it names no cipher and OpenSSL sends it by itself. */
const SIGNAL = 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV';

/** The suite's name for OpenSSL; '' when it can be left out; undefined when this OpenSSL does not have it. */
export function opensslCipher(suite: string): string | undefined {
  const name = suite.trim();
  if (name.toUpperCase() === SIGNAL) return '';
  const candidate = opensslName(name);
  return getCiphers().includes(candidate.toLowerCase()) ? candidate : undefined;
}

function opensslName(name: string): string {
  const match = /^(?:TLS|SSL)_([A-Z0-9_]+)_WITH_([A-Z0-9_]+)$/i.exec(name);
  // TLS 1.3, or OpenSSL's own name.
  if (!match) return name.startsWith('TLS_') ? name.toUpperCase() : name;
  const exchange = match[1].toUpperCase() === 'RSA' ? '' : `${match[1].toUpperCase().replaceAll('_', '-')}-`;
  const cipher = match[2]
    .toUpperCase()
    .replace(/^(AES|CAMELLIA|ARIA)_(\d+)/, '$1$2')
    .replace('_CBC_SHA', '_SHA')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replace(/_CCM(_8)?$/, (_, eight?: string) => `_CCM${eight ? '8' : ''}`);
  return exchange + cipher.replaceAll('_', '-');
}
