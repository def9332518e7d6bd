/**
 * Subscriptions by regular expression (KIP-848), in RE2's syntax, matched against whole topic names in linear time
 * whatever a client sends. Control thread.
 */
import { RE2JS } from 're2js';
import { ErrorCode, KafkaError } from '../../../protocol/errors.ts';

/** Longer expressions are refused: compiling takes time in their length. */
const REGEX_LENGTH_MAX = 4096;
/** Compiled expressions that are kept, oldest first to go. */
const COMPILED_MAX = 1000;

const compiled = new Map<string, RE2JS>();

function compile(regex: string): RE2JS {
  const known = compiled.get(regex);
  if (known) return known;
  if (regex.length > REGEX_LENGTH_MAX) {
    throw new KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, `longer than ${REGEX_LENGTH_MAX} characters`);
  }
  try {
    const pattern = RE2JS.compile(regex);
    if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value!);
    compiled.set(regex, pattern);
    return pattern;
  } catch (error) {
    const reason = (error as Error).message;
    throw new KafkaError(
      ErrorCode.INVALID_REGULAR_EXPRESSION,
      `SubscribedTopicRegex "${regex}" is not valid: ${reason}`,
    );
  }
}

/** Throws INVALID_REGULAR_EXPRESSION. */
export function validateRegex(regex: string): void {
  compile(regex);
}

/** The topics whose whole name matches and that the member may see, sorted. */
export function matchingTopics(
  regex: string,
  names: Iterable<string>,
  mayDescribe: (topic: string) => boolean = () => true,
): string[] {
  const pattern = compile(regex);
  const matching: string[] = [];
  for (const name of names) if (pattern.matches(name) && mayDescribe(name)) matching.push(name);
  return matching.sort();
}
