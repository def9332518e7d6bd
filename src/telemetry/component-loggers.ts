/**
 * A logger for each part of the broker, with levels that can be changed while it runs (the BROKER_LOGGER settings). Any
 * thread; the control thread's levels are the ones that count, other threads are told of them.
 *
 *     const loggers = new ComponentLoggers(sink, 'INFO');      sink takes lines of every level
 *     loggers.of('groups').info(...)                           dropped, or passed on with component=groups
 *     loggers.setLevel('groups', 'DEBUG')                      from the next line on; null: as `root` says again
 *
 * As in Kafka, levels that were set are forgotten when the broker stops.
 */
import type { Logger } from '../base/logger.ts';

/** Every logger there is, by the part of the broker that speaks; `root` stands for all that have no level of their own. */
export const LOGGER_NAMES = [
  'root',
  'broker',
  'cleaner',
  'connections',
  'controller',
  'groups',
  'requests',
  'shares',
  'storage',
  'telemetry',
  'transactions',
] as const;
export type LoggerName = (typeof LOGGER_NAMES)[number];

/** Least severe first. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LoggerLevel = (typeof LOG_LEVELS)[number];

/** Levels that were set, by logger; structured-cloned to other threads. */
export type AssignedLevels = Readonly<Partial<Record<LoggerName, LoggerLevel>>>;

export const ROOT_LOGGER = 'root';

export function isLoggerName(name: string): name is LoggerName {
  return (LOGGER_NAMES as readonly string[]).includes(name);
}

export function isLoggerLevel(level: string): level is LoggerLevel {
  return (LOG_LEVELS as readonly string[]).includes(level);
}

interface Component {
  readonly logger: Logger;
  /** Index into LOG_LEVELS from which on lines pass. */
  threshold: number;
}

const DEBUG = LOG_LEVELS.indexOf('DEBUG');
const INFO = LOG_LEVELS.indexOf('INFO');
const WARN = LOG_LEVELS.indexOf('WARN');
const ERROR = LOG_LEVELS.indexOf('ERROR');

export class ComponentLoggers {
  readonly #components = new Map<LoggerName, Component>();
  #assigned: Partial<Record<LoggerName, LoggerLevel>>;

  constructor(sink: Logger, rootLevel: LoggerLevel) {
    this.#assigned = { root: rootLevel };
    for (const name of LOGGER_NAMES) this.#components.set(name, component(sink, name));
    this.#applyThresholds();
  }

  of(name: LoggerName): Logger {
    return this.#components.get(name)!.logger;
  }

  /** The level in effect. */
  levelOf(name: LoggerName): LoggerLevel {
    return this.#assigned[name] ?? this.#assigned.root!;
  }

  /** What to tell other threads. */
  get assigned(): AssignedLevels {
    return { ...this.#assigned };
  }

  /** Null takes the logger's own level away; `root` always has one, so it stays as it is. */
  setLevel(name: LoggerName, level: LoggerLevel | null): void {
    if (level !== null) this.#assigned[name] = level;
    else if (name !== ROOT_LOGGER) delete this.#assigned[name];
    this.#applyThresholds();
  }

  /** Takes over all levels from another thread. */
  assign(levels: AssignedLevels): void {
    this.#assigned = { ...levels, root: levels.root ?? this.#assigned.root };
    this.#applyThresholds();
  }

  #applyThresholds(): void {
    for (const [name, own] of this.#components) own.threshold = LOG_LEVELS.indexOf(this.levelOf(name));
  }
}

function component(sink: Logger, name: LoggerName): Component {
  const own: Component = {
    threshold: INFO,
    logger: {
      debug: (details, message) => own.threshold <= DEBUG && sink.debug({ component: name, ...details }, message),
      info: (details, message) => own.threshold <= INFO && sink.info({ component: name, ...details }, message),
      warn: (details, message) => own.threshold <= WARN && sink.warn({ component: name, ...details }, message),
      error: (details, message) => own.threshold <= ERROR && sink.error({ component: name, ...details }, message),
    },
  };
  return own;
}
