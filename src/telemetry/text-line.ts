/** A log line for people, made from pino's JSON line. Pure; any thread. */

/** Longest value that is shown whole. */
const VALUE_CHARS_MAX = 1000;

/** `time LEVEL message name=value ...`, always one line: control characters are escaped, so no input can forge a line. */
export function textLine(json: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json;
  }
  const { level, time, msg, ...details } = fields;
  let line = `${time} ${String(level).toUpperCase().padEnd(5)} ${plain(String(msg ?? ''))}`;
  for (const [name, value] of Object.entries(details)) line += ` ${plain(name)}=${shown(value)}`;
  return `${line}\n`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return shorten(/^[\w./:@+,*-]+$/.test(value) ? value : JSON.stringify(value));
  return shorten(isError(value) ? JSON.stringify(errorText(value)) : JSON.stringify(value));
}

/** What pino's serializer makes of an Error. */
function isError(value: unknown): value is { type: string; message: string; stack?: string } {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

function errorText({ type, message, stack }: { type: string; message: string; stack?: string }): string {
  const frame = /\n\s+at ([^\n]+)/.exec(stack ?? '')?.[1];
  return `${type}: ${message}${frame ? ` (at ${frame})` : ''}`;
}

/** JSON escapes what could end a line or move the cursor. */
function plain(text: string): string {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted
    .replaceAll('\\"', '"')
    .replaceAll('\\\\', '\\')
    .replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
}

function shorten(text: string): string {
  const safe = text.replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
  return safe.length <= VALUE_CHARS_MAX ? safe : `${safe.slice(0, VALUE_CHARS_MAX)}...`;
}
