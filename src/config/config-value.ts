/**
 * Text to value and back, by a setting's type and range, as Kafka's ConfigDef does: text is trimmed, numbers are Java's,
 * booleans are true or false in any case, lists are split at commas. Pure; any thread.
 */
import { type ConfigDefinition, type ConfigValue, LONG_MAX } from './config-definition.ts';

/** What is wrong with a setting. */
export interface ConfigProblem {
  readonly name: string;
  /** Name of the protocol's error code with which Kafka answers. */
  readonly code: 'INVALID_CONFIG' | 'INVALID_REQUEST';
  readonly problem: string;
}

export const badConfig = (name: string, problem: string): ConfigProblem => ({ name, code: 'INVALID_CONFIG', problem });
export const badRequest = (name: string, problem: string): ConfigProblem => ({
  name,
  code: 'INVALID_REQUEST',
  problem,
});

export interface ParsedConfig {
  readonly value: ConfigValue;
  /** The canonical text, as DescribeConfigs shows it. */
  readonly text: string;
}

const INTEGER_RANGE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  SHORT: [-(2n ** 15n), 2n ** 15n - 1n],
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
};
/** Longest text of a number that is looked at; bounds the cost of a hostile value. */
const NUMBER_CHARS_MAX = 400;

/** The value and its canonical text, or what is wrong, in a sentence that names value and setting. */
export function parseConfigValue(definition: ConfigDefinition, text: string): ParsedConfig | ConfigProblem {
  const parsed = parseType(definition, text.trim());
  const fault = 'fault' in parsed ? parsed.fault : rangeFault(definition, parsed.value);
  if (fault === undefined) return parsed as ParsedConfig;
  const shown = definition.type === 'PASSWORD' ? '[hidden]' : shorten(text);
  return badConfig(definition.name, `Invalid value ${shown} for configuration ${definition.name}: ${fault}`);
}

export const isProblem = (result: object): result is ConfigProblem => 'problem' in result;

/** The text that DescribeConfigs shows for a value, null for null. */
export function canonicalText(definition: ConfigDefinition, value: ConfigValue): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(definition, value);
  return value.join(',');
}

/** Splits a LIST's text: trimmed elements, none for an empty text. */
export function splitList(text: string): string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(',').map((element) => element.trim());
}

function parseType(definition: ConfigDefinition, text: string): ParsedConfig | { fault: string } {
  switch (definition.type) {
    case 'BOOLEAN': {
      const lower = text.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return { fault: 'Expected value to be either true or false' };
      return { value: lower === 'true', text: lower };
    }
    case 'INT':
    case 'SHORT':
    case 'LONG':
      return parseInteger(definition.type, text);
    case 'DOUBLE':
      return parseDouble(text);
    case 'LIST': {
      const all = splitList(text);
      // What stands there twice counts once (KIP-1161); where each element has a form of its own, Kafka leaves them.
      const elements = definition.elements ? all : [...new Set(all)];
      return { value: elements, text: elements.join(',') };
    }
    default:
      return { value: text, text };
  }
}

function parseInteger(type: string, text: string): ParsedConfig | { fault: string } {
  if (!/^[+-]?\d+$/.test(text) || text.length > NUMBER_CHARS_MAX) return { fault: `Not a number of type ${type}` };
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text);
  const [least, greatest] = INTEGER_RANGE[type];
  if (exact < least || exact > greatest) return { fault: `Not a number of type ${type}` };
  return { value: Number(exact), text: exact.toString() };
}

function parseDouble(text: string): ParsedConfig | { fault: string } {
  const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(text) && text.length <= NUMBER_CHARS_MAX;
  const special = /^[+-]?(NaN|Infinity)$/.test(text);
  if (!decimal && !special) return { fault: 'Not a number of type DOUBLE' };
  const value = Number(decimal ? text.replace(/[dDfF]$/, '') : text);
  return { value, text: javaDoubleText(value) };
}

/** Why a value of the right type is not allowed; undefined when it is. */
function rangeFault(definition: ConfigDefinition, value: ConfigValue): string | undefined {
  if (typeof value === 'number') return numberFault(definition, value);
  if (Array.isArray(value)) return listFault(definition, value);
  if (typeof value !== 'string') return undefined;
  if (definition.nonEmpty && value === '') return 'Value must not be empty';
  if (definition.oneOf && !isOneOf(definition, value)) return `Value must be one of: ${definition.oneOf.join(', ')}`;
  if (definition.pattern && !definition.pattern.matches.test(value))
    return `Value must be ${definition.pattern.mustBe}`;
  return undefined;
}

function numberFault({ min, max, also }: ConfigDefinition, value: number): string | undefined {
  if (value === also) return undefined;
  const or = also === undefined ? '' : `, or ${also}`;
  // Written so that NaN is refused as soon as there is a range.
  if (min !== undefined && !(value >= min)) return `Value must be at least ${min}${or}`;
  if (max !== undefined && !(value <= max)) return `Value must be no more than ${max}${or}`;
  return undefined;
}

function listFault(definition: ConfigDefinition, elements: readonly string[]): string | undefined {
  if (elements.length === 0) return definition.nonEmpty ? 'The list must not be empty' : undefined;
  if (elements.includes('')) return 'The list must not have empty elements';
  const foreign = definition.oneOf && elements.find((element) => !isOneOf(definition, element));
  if (foreign !== undefined) return `${foreign} is not one of: ${definition.oneOf!.join(', ')}`;
  const rule = definition.elements;
  if (rule && !elements.every((element) => rule.matches.test(element))) return `Value must be ${rule.mustBe}`;
  return undefined;
}

function isOneOf({ oneOf, anyCase }: ConfigDefinition, text: string): boolean {
  if (!anyCase) return oneOf!.includes(text);
  return oneOf!.some((allowed) => allowed.toLowerCase() === text.toLowerCase());
}

function numberText(definition: ConfigDefinition, value: number): string {
  if (definition.type === 'DOUBLE') return javaDoubleText(value);
  return value >= LONG_MAX ? '9223372036854775807' : BigInt(value).toString();
}

/** Java's Double.toString: plain between 0.001 and 10^7, else with an exponent. */
function javaDoubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (magnitude >= 1e-3 && magnitude < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}...`;
}
