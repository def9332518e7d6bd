// What Millrace cannot do yet, by the name of the test that shows it. Such a test runs and may fail; when it passes, the
// suite fails until its line here is gone, so that the list never says more than is true.
import type { TestContext } from 'node:test';
import { chosenTarget } from './target.ts';

const GAPS: Readonly<Record<string, string>> = {};

/** Runs the test; one that is a known gap of the target is reported as to do. */
export async function withGaps(context: TestContext, name: string, body: () => Promise<void>): Promise<void> {
  const gap = chosenTarget() === 'millrace' ? GAPS[name] : undefined;
  if (gap === undefined) return body();
  const failure = await body().then(
    () => undefined,
    (error: Error) => error,
  );
  if (!failure) throw new Error(`"${name}" works now: take its line out of gaps.ts (${gap})`);
  context.todo(gap);
}
