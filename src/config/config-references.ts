/**
 * Values that stand elsewhere: `${provider:path:key}` in a setting, where config.providers names the provider. Of
 * Kafka's providers the three that come with it are known: file, directory and environment. Control thread, at start.
 */
import { ConfigError } from './config-error.ts';
import { splitList } from './config-value.ts';
import { parseProperties } from './properties-file.ts';

export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readText: (path: string) => string;
}

type Provider = (path: string, key: string) => string | undefined;

const REFERENCE = /\$\{([^}:]+):(?:([^}:]*):)?([^}:]+)\}/g;
const PACKAGE = 'org.apache.kafka.common.config.provider.';

/** The texts with every reference replaced. Unchanged when config.providers is not set. */
export function resolveReferences(texts: ReadonlyMap<string, string>, sources: ReferenceSources): Map<string, string> {
  const names = splitList(texts.get('config.providers') ?? '');
  if (names.length === 0) return new Map(texts);
  const providers = new Map(names.map((name) => [name, providerOf(name, texts, sources)]));
  const resolved = new Map<string, string>();
  for (const [name, text] of texts) {
    resolved.set(
      name,
      text.replace(REFERENCE, (reference, provider: string, path: string | undefined, key: string) => {
        const read = providers.get(provider);
        if (!read) return reference;
        const value = read(path ?? '', key);
        if (value !== undefined) return value;
        throw new ConfigError(
          `${name} refers to ${reference}, which has no value`,
          `what provider ${provider} finds under ${path ? `${path}, key ` : ''}${key}`,
          'set the value there, or write it into the setting',
        );
      }),
    );
  }
  return resolved;
}

function providerOf(name: string, texts: ReadonlyMap<string, string>, { env, readText }: ReferenceSources): Provider {
  const className = texts.get(`config.providers.${name}.class`)?.trim();
  switch (className?.replace(PACKAGE, '')) {
    case 'EnvVarConfigProvider': {
      const allowed = texts.get(`config.providers.${name}.param.allowlist.pattern`);
      const pattern = allowed === undefined ? undefined : new RegExp(`^(?:${allowed})$`);
      return (_, key) => (pattern && !pattern.test(key) ? undefined : env[key]);
    }
    case 'FileConfigProvider':
      return (path, key) => parseProperties(readText(path)).get(key);
    case 'DirectoryConfigProvider':
      return (path, key) => (/^\.*$|[/\\]/.test(key) ? undefined : readText(`${path}/${key}`));
    default:
      throw new ConfigError(
        `config.providers names ${name}, but its class ${className ?? '(none)'} is not known`,
        `config.providers.${name}.class`,
        `use ${PACKAGE}EnvVarConfigProvider, FileConfigProvider or DirectoryConfigProvider`,
      );
  }
}
