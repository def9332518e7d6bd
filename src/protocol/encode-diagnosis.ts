/**
 * Finds the field that made an encoding fail, after it has failed: generated codecs carry no names, so that encoding
 * costs nothing for them. Any thread.
 */
import { Writer } from './primitives.ts';
import { ProtocolError } from './protocol-error.ts';
import { containsVersion, type Field, type Fields } from './schema.ts';

/** Path of the first field whose value does not fit, like `topics[2].name`; undefined when all fit. */
export function unencodableField(fields: Fields, value: unknown, version: number, path = ''): string | undefined {
  if (typeof value !== 'object' || value === null) return path || 'message';
  for (const [name, field] of Object.entries(fields)) {
    const inner = (value as Record<string, unknown>)[name];
    if (inner === undefined || !containsVersion(field.versions, version)) continue;
    const found = unencodableValue(field, inner, version, path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unencodableValue(field: Field, value: unknown, version: number, path: string): string | undefined {
  if (value === null && containsVersion(field.nullableVersions, version)) return undefined;
  if (field.kind === 'struct') return unencodableField(field.fields!, value, version, path);
  if (field.kind !== 'array') return fits(field, value) ? undefined : path;
  if (!Array.isArray(value)) return path;
  for (const [index, item] of value.entries()) {
    const found = unencodableValue(field.element!, item, version, `${path}[${index}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fits(field: Field, value: unknown): boolean {
  const method = field.kind === 'bytes' || field.kind === 'records' ? 'byteString' : field.kind;
  const writer = new Writer() as unknown as Record<string, (value: unknown) => void>;
  try {
    writer[method](value);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
