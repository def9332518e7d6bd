import type { ConfigDefinition } from './config-definition.ts';

/** A configuration that cannot be used. Thrown at start only, before anything is opened. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problem: string;
  readonly fix: string;

  /** `problem`: what is wrong, `check`: where to look, `fix`: what to write instead. */
  constructor(problem: string, check: string, fix: string) {
    super(`${problem}\n  check: ${check}\n  fix:   ${fix}`);
    this.problem = problem;
    this.fix = fix;
  }
}

/** A value that does not parse; `origin` says where it was given. */
export function unusableValue(
  definition: ConfigDefinition,
  problem: string,
  name: string,
  origin: string,
): ConfigError {
  return new ConfigError(problem, `${name} in ${origin}`, `${expectation(definition)} (${definition.documentation})`);
}

function expectation({ oneOf, min, max, type, defaultValue }: ConfigDefinition): string {
  const kind = oneOf
    ? `one of ${oneOf.join(', ')}`
    : `${/^[AEIOU]/i.test(type) ? 'an' : 'a'} ${type}${min === undefined ? '' : ` from ${min}`}${max === undefined ? '' : ` to ${max}`}`;
  const fallback = defaultValue === null || String(defaultValue) === '' ? '' : `, or leave it out for ${defaultValue}`;
  return `give ${kind}${fallback}`;
}
