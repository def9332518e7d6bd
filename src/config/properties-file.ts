/** Java's .properties format, as server.properties is written in. Pure; any thread. */

/** Largest file that is read; Kafka's own example has 7 KB. */
export const PROPERTIES_CHARS_MAX = 1_048_576;

/** Name and value pairs; of a name that stands twice the last counts, as in Java. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const keyEnd = keyLength(line);
    const value = line.slice(keyEnd).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
    properties.set(unescaped(line.slice(0, keyEnd)), unescaped(value));
  }
  return properties;
}

/** Lines without comments and blank ones; a line that ends in an odd number of backslashes goes on in the next. */
function* logicalLines(text: string): Iterable<string> {
  let held: string | undefined;
  for (const natural of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (held === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole: string = (held ?? '') + line;
    held = continues(line) ? whole.slice(0, -1) : undefined;
    if (held === undefined) yield whole;
  }
  if (held) yield held;
}

function continues(line: string): boolean {
  let backslashes = 0;
  while (line[line.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** A key ends at the first white space, "=" or ":" that no backslash precedes. */
function keyLength(line: string): number {
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (/[ \t\f=:]/.test(line[i])) return i;
  }
  return line.length;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, escaped: string) =>
    escaped.length === 5 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (ESCAPES[escaped] ?? escaped),
  );
}
