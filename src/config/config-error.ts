/** A configuration that cannot be used. Thrown at start only, before anything is opened. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** `cause`: what is wrong, `check`: where to look, `fix`: what to write instead. */
  constructor(cause: string, check: string, fix: string) {
    super(`${cause}\n  check: ${check}\n  fix:   ${fix}`);
  }
}
