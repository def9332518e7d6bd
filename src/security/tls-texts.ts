/** Settings of TLS (`ssl.*`) as a listener or a client has them. Pure. */
export interface TlsTexts {
  /** Whose settings they are, for messages: `listener SSL`. */
  readonly owner: string;
  /** The text in effect, be it a default; null when there is none. */
  get(key: string): string | null;
  /** The name under which the setting was given. */
  name(key: string): string;
}

/** The text if it says anything. */
export function given(texts: TlsTexts, key: string): string | null {
  const text = texts.get(key);
  return text === null || text.trim() === '' ? null : text;
}
