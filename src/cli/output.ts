/** How results are shown: tables for people, JSON for programs. Pure. */

/** Columns of equal width; numbers to the right. Ends with a line end; empty without rows. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number | bigint)[])[]): string {
  const texts = rows.map((row) => row.map(String));
  const widths = headings.map((heading, at) => Math.max(heading.length, ...texts.map((row) => row[at].length)));
  const numeric = headings.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] !== 'string'));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (numeric[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd();
  return [line(headings), ...texts.map(line)].map((text) => `${text}\n`).join('');
}

/** One line of JSON. Offsets are numbers while they are exact, else texts. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'bigint') return member;
    const number = Number(member);
    return Number.isSafeInteger(number) ? number : member.toString();
  })}\n`;
}
