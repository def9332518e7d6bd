/** The schemas against Kafka's own definitions, where those lie beside the repository. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ZERO_UUID } from '../../src/base/uuid.ts';
import { EMPTY_BYTES } from '../../src/protocol/primitives.ts';
import {
  type Field,
  type Fields,
  NO_VERSIONS,
  parseVersions,
  type Schema,
  type Versions,
} from '../../src/protocol/schema.ts';
import { allSchemas } from './all-schemas.ts';

const FOLDER = join(import.meta.dirname, '../../../shared/kafka/messages');
const skip = existsSync(FOLDER) ? false : 'the reference definitions are not beside the repository';

interface ReferenceField {
  name: string;
  type: string;
  versions?: string;
  nullableVersions?: string;
  taggedVersions?: string;
  flexibleVersions?: string;
  tag?: number;
  default?: unknown;
  ignorable?: boolean;
  fields?: ReferenceField[];
}
interface Reference {
  name: string;
  type: string;
  apiKey?: number;
  validVersions: string;
  flexibleVersions?: string;
  latestVersionUnstable?: boolean;
  listeners?: string[];
  fields: ReferenceField[];
  commonStructs?: { name: string; fields: ReferenceField[] }[];
}

/** Belongs to Kafka Streams' own client, not to brokers. */
const NOT_OURS = new Set(['streams']);

function loadReferences(): Map<string, Reference> {
  const references = new Map<string, Reference>();
  for (const entry of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.json') || NOT_OURS.has(entry.split('/')[0])) continue;
    const text = readFileSync(join(FOLDER, entry), 'utf8');
    const reference: Reference = JSON.parse(
      text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*/g, (_, quoted) => quoted ?? ''),
    );
    if (reference.validVersions !== 'none') references.set(reference.name, reference);
  }
  return references;
}

function range(text: string | undefined): Versions {
  return text === undefined || text === 'none' ? NO_VERSIONS : parseVersions(text as never);
}

function intersect(a: Versions, b: Versions): Versions {
  const both = { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
  return both.min <= both.max ? both : NO_VERSIONS;
}

const SCALAR_DEFAULTS: Record<string, unknown> = {
  bool: false,
  string: '',
  bytes: EMPTY_BYTES,
  records: null,
  uuid: ZERO_UUID,
};

/** undefined stands for an empty array or a struct of defaults. */
function referenceDefault(field: ReferenceField): unknown {
  const given = field.default;
  if (given === null || given === 'null') return null;
  const compound = /^(\[\]|[A-Z])/.test(field.type);
  if (given === undefined)
    return compound ? undefined : field.type in SCALAR_DEFAULTS ? SCALAR_DEFAULTS[field.type] : 0;
  if (field.type === 'bool') return String(given) === 'true';
  return field.type === 'string' ? given : Number(given);
}

/** What must agree, with all ranges cut to the versions in which the parent exists. */
interface Facts {
  path: string;
  type: string;
  versions: Versions;
  nullable: Versions;
  tagged: Versions;
  tag: number;
  ignorable: boolean;
  defaultValue: unknown;
  compact: boolean;
}

function referenceFacts(reference: Reference): Facts[] {
  const common = new Map(reference.commonStructs?.map(({ name, fields }) => [name, fields]));
  const facts: Facts[] = [];
  const walk = (fields: ReferenceField[], parent: Versions, path: string): void => {
    for (const field of fields) {
      const versions = intersect(range(field.versions ?? field.taggedVersions), parent);
      if (versions === NO_VERSIONS) continue;
      const name = field.name[0].toLowerCase() + field.name.slice(1);
      const elementType = field.type.replace('[]', '');
      const inner = field.fields ?? common.get(elementType);
      const tagged = field.tag === undefined ? NO_VERSIONS : intersect(range(field.taggedVersions), versions);
      facts.push({
        path: `${path}.${name}`,
        type: field.type.replace(/[A-Z]\w*/, 'struct'),
        versions,
        nullable: intersect(range(field.nullableVersions), versions),
        tagged,
        tag: field.tag ?? -1,
        ignorable: String(field.ignorable) === 'true',
        defaultValue: referenceDefault(field),
        compact: field.flexibleVersions !== 'none',
      });
      if (inner !== undefined) walk(inner, versions, `${path}.${name}`);
    }
  };
  walk(reference.fields, range(reference.validVersions), '');
  return facts;
}

function schemaFacts(schema: Schema): Facts[] {
  const facts: Facts[] = [];
  const walk = (fields: Fields, parent: Versions, path: string): void => {
    for (const [name, field] of Object.entries(fields)) {
      const versions = intersect(field.versions, parent);
      const inner = (field.element ?? field).fields;
      facts.push({
        path: `${path}.${name}`,
        type: typeOf(field),
        versions,
        nullable: intersect(field.nullableVersions, versions),
        tagged: intersect(field.taggedVersions, versions),
        tag: field.tag,
        ignorable: field.ignorable,
        defaultValue: typeof field.defaultValue === 'bigint' ? Number(field.defaultValue) : field.defaultValue,
        compact: field.compact,
      });
      if (inner !== undefined) walk(inner, versions, `${path}.${name}`);
    }
  };
  walk(schema.fields, schema.versions, '');
  return facts;
}

function typeOf(field: Field): string {
  if (field.kind === 'array') return `[]${typeOf(field.element!)}`;
  return field.kind === 'bigint64' ? 'int64' : field.kind;
}

function explicitNulls(fields: Fields, path = ''): string[] {
  return Object.entries(fields).flatMap(([name, field]) => [
    ...(field.explicitNull ? [`${path}.${name}`] : []),
    ...explicitNulls((field.element ?? field).fields ?? {}, `${path}.${name}`),
  ]);
}

function referenceExplicitNulls(fields: ReferenceField[], path = ''): string[] {
  return fields.flatMap((field) => {
    const at = `${path}.${field.name[0].toLowerCase()}${field.name.slice(1)}`;
    return [...(field.default === null ? [at] : []), ...referenceExplicitNulls(field.fields ?? [], at)];
  });
}

describe('schemas against the reference definitions', { skip }, () => {
  const references = skip ? new Map<string, Reference>() : loadReferences();

  test('the same messages exist', () => {
    assert.deepEqual(allSchemas.map(({ name }) => name).sort(), [...references.keys()].sort());
  });

  for (const schema of allSchemas) {
    test(schema.name, () => {
      const reference = references.get(schema.name)!;
      const valid = range(reference.validVersions);
      assert.equal(schema.kind, reference.type);
      assert.equal(schema.apiKey, reference.apiKey ?? -1);
      assert.deepEqual(schema.versions, valid);
      assert.deepEqual(intersect(schema.flexibleVersions, valid), intersect(range(reference.flexibleVersions), valid));
      assert.deepEqual(schema.listeners, reference.listeners ?? []);
      assert.equal(schema.latestVersionUnstable, reference.latestVersionUnstable ?? false);
      assert.deepEqual(schemaFacts(schema), referenceFacts(reference));
    });
  }

  test('a default that is null in JSON, which Kafka does not take for null, is written out', () => {
    const ours = allSchemas.flatMap((schema) => explicitNulls(schema.fields, schema.name));
    const theirs = [...references.values()].flatMap((reference) => {
      const structs = reference.commonStructs ?? [];
      // In common structs the path differs by where they are used; only their last name is compared.
      return [
        ...referenceExplicitNulls(reference.fields),
        ...structs.flatMap(({ fields }) => referenceExplicitNulls(fields)),
      ];
    });
    const lastNames = (paths: string[]) => [...new Set(paths.map((path) => path.split('.').at(-1)))].sort();
    assert.deepEqual(lastNames(ours), lastNames(theirs));
    assert.ok(ours.length >= 4);
  });
});
