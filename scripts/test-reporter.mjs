// A reporter for long suites: failures in full, one line per failed file, and the counts at the end.
import { inspect } from 'node:util';

export default async function* report(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    const isSuite = data?.details?.type === 'suite' || data?.details?.type === 'file';
    if (type === 'test:fail') {
      const { error } = data.details;
      const own = error?.failureType !== 'subtestsFailed';
      if (!isSuite) counts.failed++;
      if (own)
        yield `\nFAILED ${data.name}\n  ${data.file ?? ''}:${data.line ?? ''}\n${inspect(error?.cause ?? error, { depth: 6 })}\n`;
    } else if (type === 'test:pass' && !isSuite) {
      if (data.skip !== undefined || data.todo !== undefined) {
        counts.skipped++;
        yield `skipped: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
      } else counts.passed++;
    }
  }
  yield `\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
