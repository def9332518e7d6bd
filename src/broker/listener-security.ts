/**
 * How the broker's listeners protect themselves: TLS settings by listener, read before anything is opened, and read
 * again when settings of the broker change, since the files behind the same settings may have. Control thread.
 */
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../base/logger.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { BrokerListeners } from '../config/listeners.ts';
import { isTrusted } from '../security/certificate-trust.ts';
import type { TlsSettings } from '../security/tls-endpoint.ts';
import { loadTlsSettings } from '../security/tls-settings.ts';
import type { IoSettings } from './io/io-messages.ts';

/** A certificate that ends sooner is worth a warning at start. */
const EXPIRY_WARNING_MS = 14 * 86_400_000;
const TLS_SETTING = /(^|\.)ssl\./;

export class ListenerSecurity {
  readonly #settings = new Map<string, TlsSettings>();
  readonly #interBrokerListenerName: string;

  /** Throws a ConfigError. */
  constructor(config: BrokerConfig, { listeners, interBrokerListenerName }: BrokerListeners) {
    this.#interBrokerListenerName = interBrokerListenerName;
    for (const { name, securityProtocol } of listeners) {
      if (securityProtocol.endsWith('SSL')) this.#settings.set(name, loadTlsSettings(config, name));
    }
  }

  /** Null for a listener without TLS. */
  tlsOf(listenerName: string): TlsSettings | null {
    return this.#settings.get(listenerName) ?? null;
  }

  /** Clients refuse a certificate that has expired; the broker starts all the same, as Kafka does. */
  warnOfExpiry(logger: Logger, nowMs: number): void {
    for (const [name, { certificateChain }] of this.#settings) {
      const { validTo } = new X509Certificate(certificateChain);
      const leftMs = Date.parse(validTo) - nowMs;
      if (leftMs > EXPIRY_WARNING_MS) continue;
      const message = leftMs > 0 ? 'the certificate expires soon' : 'the certificate has expired';
      logger.warn({ listener: name, validTo }, message);
    }
  }

  /** Why listeners could not go on with these settings; null when they can. `changed` names what would be new. */
  faultOf(config: BrokerConfig, changed: readonly string[], nowMs: number): string | null {
    if (!changed.some((name) => TLS_SETTING.test(name))) return null;
    try {
      for (const [name, before] of this.#settings) {
        const after = loadTlsSettings(config, name);
        const isInterBroker = name === this.#interBrokerListenerName;
        const fault =
          identityChange(config, name, before, after) ?? (isInterBroker ? trustLoss(name, before, after, nowMs) : null);
        if (fault !== null) return fault;
      }
      return null;
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  }

  /** Reads everything again, and returns what is new. What cannot be used is logged, and the listener stays as it was. */
  apply(config: BrokerConfig, logger: Logger): IoSettings['tls'] {
    const changed: { listenerName: string; tls: TlsSettings }[] = [];
    for (const [name, before] of this.#settings) {
      try {
        const after = loadTlsSettings(config, name);
        // Keys of sessions are drawn anew each time: by themselves they are no change.
        if (isDeepStrictEqual({ ...after, ticketKeys: null }, { ...before, ticketKeys: null })) continue;
        this.#settings.set(name, after);
        changed.push({ listenerName: name, tls: after });
        logger.info({ listener: name }, 'TLS settings changed');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        logger.error({ listener: name, error: error.message }, 'TLS settings stay as they were');
      }
    }
    return changed;
  }
}

/** As in Kafka, a new certificate speaks for the same holder and for all names of the old one, unless that is allowed. */
function identityChange(config: BrokerConfig, name: string, before: TlsSettings, after: TlsSettings): string | null {
  const [from, to] = [before, after].map(({ certificateChain }) => new X509Certificate(certificateChain));
  if (config.listenerText(name, 'ssl.allow.dn.changes') !== 'true' && from.subject !== to.subject) {
    const subjects = `from ${oneLine(from.subject)} to ${oneLine(to.subject)}`;
    return `The subject of listener ${name}'s certificate would change ${subjects}; ssl.allow.dn.changes allows it`;
  }
  const names = namesOf(to);
  const lost = namesOf(from).filter((one) => !names.includes(one));
  if (lost.length === 0 || config.listenerText(name, 'ssl.allow.san.changes') === 'true') return null;
  return `Listener ${name}'s certificate would lose the names ${lost.join(', ')}; ssl.allow.san.changes allows it`;
}

/**
 * Brokers do not change at the same moment, so what one has before a change and what another has after it must go
 * together, as in Kafka. One whose own certificate was not trusted before shows that the store is for clients alone.
 */
function trustLoss(name: string, before: TlsSettings, after: TlsSettings, nowMs: number): string | null {
  if (!isTrusted(before.certificateChain, before.trusted, nowMs)) return null;
  if (!isTrusted(after.certificateChain, before.trusted, nowMs)) {
    return `Brokers would not trust listener ${name}'s new certificate: give its issuer to ssl.truststore first`;
  }
  if (isTrusted(before.certificateChain, after.trusted, nowMs)) return null;
  return `Brokers would no longer trust listener ${name}'s certificate: keep its issuer in ssl.truststore`;
}

function namesOf({ subjectAltName }: X509Certificate): string[] {
  return subjectAltName?.split(', ') ?? [];
}

function oneLine(subject: string): string {
  return subject.replaceAll('\n', ', ');
}
