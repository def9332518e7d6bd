/** A listener's TLS settings, and OpenSSL's view of them. Each I/O thread makes its own: a context cannot leave its thread. */
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion } from 'node:tls';

export type TlsClientAuth = 'none' | 'requested' | 'required';

export interface TlsSettings {
  /** PEM, not encrypted. */
  readonly key: string;
  /** PEM, the broker's own certificate first. */
  readonly certificateChain: string;
  /** PEM certificates that clients may have, and whose holders may issue certificates of clients. */
  readonly trusted: readonly string[];
  readonly clientAuth: TlsClientAuth;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** In OpenSSL's words; null leaves it to OpenSSL. */
  readonly ciphers: string | null;
  readonly sessionIdContext: string;
  /** Shared by the I/O threads, so that a session goes on wherever the client's next connection lands. */
  readonly ticketKeys: Uint8Array;
}

/** Throws OpenSSL's error; settings that were checked by `loadTlsSettings` give none. */
export function openTlsEndpoint(settings: TlsSettings): { secureContext: SecureContext; clientAuth: TlsClientAuth } {
  const { key, certificateChain, trusted, clientAuth, minVersion, maxVersion, ciphers } = settings;
  const secureContext = createSecureContext({
    key,
    cert: certificateChain,
    // Without an own list node would trust every authority that browsers trust.
    ca: [...trusted],
    // As in Java: what the store holds is trusted itself, whoever issued it.
    allowPartialTrustChain: true,
    minVersion,
    maxVersion,
    ...(ciphers === null ? {} : { ciphers }),
    honorCipherOrder: true,
    // As in Kafka; a client could make the broker work for nothing.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: settings.sessionIdContext,
    ticketKeys: Buffer.from(settings.ticketKeys),
  });
  return { secureContext, clientAuth };
}
