/** One listener's settings and the names under which they were given, for messages that say where to look. Pure. */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { TlsTexts } from './tls-texts.ts';

export class ListenerTexts implements TlsTexts {
  readonly owner: string;
  readonly #listenerName: string;
  readonly #config: BrokerConfig;

  constructor(config: BrokerConfig, listenerName: string) {
    this.#config = config;
    this.#listenerName = listenerName;
    this.owner = `listener ${listenerName}`;
  }

  /** The text in effect, the listener's own before the general one; null when there is none. */
  get(key: string): string | null {
    return this.#config.listenerText(this.#listenerName, key);
  }

  name(key: string): string {
    const own = `listener.name.${this.#listenerName.toLowerCase()}.${key}`;
    return this.#config.text(own) === undefined ? key : own;
  }
}
