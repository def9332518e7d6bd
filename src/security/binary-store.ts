/** Key and trust stores that are no text: PKCS12 and Java's own JKS. Control thread. */
import type { KeyObject } from 'node:crypto';
import { ConfigError } from '../config/config-error.ts';
import type { ListenerTexts } from './listener-texts.ts';

export interface StoreSource {
  readonly texts: ListenerTexts;
  readonly location: string;
  /** The setting that named the file. */
  readonly setting: string;
  readonly password: string | null;
  readonly passwordKey: string;
}

export interface KeyEntry {
  readonly key: KeyObject;
  /** PEM. */
  readonly chain: readonly string[];
}

export interface BinaryStore {
  /** The first key of the store with its certificates. */
  key(password: string | null): KeyEntry;
  /** PEM. */
  trusted(): string[];
}

export function openBinaryStore(_bytes: Buffer, source: StoreSource): BinaryStore {
  throw new ConfigError(
    `${source.location}: only PEM stores can be read`,
    source.setting,
    'convert it and set the type to PEM',
  );
}
