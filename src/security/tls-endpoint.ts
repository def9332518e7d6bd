/** OpenSSL's view of a listener's TLS settings. Each I/O thread makes its own: a context cannot leave its thread. */
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsClientAuth, TlsSettings } from './tls-settings.ts';

/** Throws OpenSSL's error; settings that were checked by `loadTlsSettings` give none. */
export function openTlsEndpoint(settings: TlsSettings): { secureContext: SecureContext; clientAuth: TlsClientAuth } {
  const { key, certificateChain, trusted, clientAuth, minVersion, maxVersion, ciphers } = settings;
  const secureContext = createSecureContext({
    key,
    cert: certificateChain,
    // Without an own list node would trust every authority that browsers trust.
    ca: [...trusted],
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
