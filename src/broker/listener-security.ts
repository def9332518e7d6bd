/**
 * How the broker's listeners protect themselves: TLS settings by listener, read before anything is opened, and read
 * again when dynamic settings change. Control thread.
 */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { BrokerListeners } from '../config/listeners.ts';
import { loadTlsSettings, type TlsSettings } from '../security/tls-settings.ts';

export class ListenerSecurity {
  readonly #settings = new Map<string, TlsSettings>();

  /** Throws a ConfigError. */
  constructor(config: BrokerConfig, { listeners }: BrokerListeners) {
    for (const { name, securityProtocol } of listeners) {
      if (securityProtocol.endsWith('SSL')) this.#settings.set(name, loadTlsSettings(config, name));
    }
  }

  /** Null for a listener without TLS. */
  tlsOf(listenerName: string): TlsSettings | null {
    return this.#settings.get(listenerName) ?? null;
  }
}
