// A reporter for long suites: failures in full, with what a file that failed as a whole said last, and the counts at the end.
import { inspect } from 'node:util';

const SAID_CHARS_MAX = 4096;

export default async function* report(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** The end of what files wrote to the standard error, by the name under which they pass or fail as a whole. */
  const said = new Map();
  for await (const { type, data } of source) {
    if (type === 'test:stderr')
      said.set(data.file, `${said.get(data.file) ?? ''}${data.message}`.slice(-SAID_CHARS_MAX));
    const isSuite = data?.details?.type === 'suite' || data?.details?.type === 'file';
    if (type === 'test:fail') {
      const { error } = data.details;
      const own = error?.failureType !== 'subtestsFailed';
      if (!isSuite) counts.failed++;
      if (own)
        yield `\nFAILED ${data.name}\n  ${data.file ?? ''}:${data.line ?? ''}\n${inspect(error?.cause ?? error, { depth: 6 })}\n${said.get(data.name) ?? ''}`;
    } else if (type === 'test:pass' && !isSuite) {
      if (data.skip !== undefined || data.todo !== undefined) {
        counts.skipped++;
        yield `skipped: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
      } else counts.passed++;
    }
  }
  yield `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
