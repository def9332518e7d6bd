/**
 * PEM text taken apart. Settings bring it in many shapes: a file, one long line in a properties file, lines joined by
 * spaces; what comes out is what OpenSSL reads. Pure.
 */

export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`, ... */
  readonly label: string;
  /** The whole block with its first and last line, wrapped as usual. */
  readonly text: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
/** Headers of a key that is encrypted the old way; they end at an empty line. */
const HEADERS = /^\s*((?:[A-Za-z0-9-]+: [^\r\n]*\r?\n)+)\r?\n/;
const LINE_CHARS = 64;

/** The blocks in their order; text between them is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  // Properties files write line breaks as \n, which some writers escape once more.
  return [...text.replaceAll('\\n', '\n').matchAll(BLOCK)].map(([, label, content]) => {
    const headers = HEADERS.exec(content)?.[1] ?? '';
    const base64 = content.slice(HEADERS.exec(content)?.[0].length ?? 0).replace(/\s+/g, '');
    return { label, text: wrapped(label, headers === '' ? '' : `${headers}\n`, base64) };
  });
}

/** A PEM block of these bytes. */
export function pemOf(label: string, der: Uint8Array): string {
  return wrapped(label, '', Buffer.from(der).toString('base64'));
}

function wrapped(label: string, headers: string, base64: string): string {
  const lines = base64.match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${headers}${lines.join('\n')}\n-----END ${label}-----\n`;
}
