/** One listener's settings and the names under which they were given, for messages that say where to look. Pure. */
import type { BrokerConfig } from '../config/broker-config.ts';

export class ListenerTexts {
  readonly listenerName: string;
  readonly #config: BrokerConfig;

  constructor(config: BrokerConfig, listenerName: string) {
    this.#config = config;
    this.listenerName = listenerName;
  }

  /** The text in effect, the listener's own before the general one; null when there is none. */
  get(key: string): string | null {
    return this.#config.listenerText(this.listenerName, key);
  }

  /** The text if it says anything. */
  given(key: string): string | null {
    const text = this.get(key);
    return text === null || text.trim() === '' ? null : text;
  }

  /** The name under which the setting was given, or the general one. */
  name(key: string): string {
    const own = `listener.name.${this.listenerName.toLowerCase()}.${key}`;
    return this.#config.text(own) === undefined ? key : own;
  }
}
