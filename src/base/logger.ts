/** What code below the composition root may say; pino implements it (`src/telemetry`). */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

const drop = (): void => {};

export const silentLogger: Logger = { debug: drop, info: drop, warn: drop, error: drop };
