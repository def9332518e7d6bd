// Loaded before each test file (--import): a file whose tests have ended, and that something keeps running all the same, fails
// with the names of what that is, instead of holding up the run for ever.
import { isMainThread } from 'node:worker_threads';

const LINGER_MS = 30_000;

if (isMainThread && process.env.NODE_TEST_CONTEXT) {
  const { after } = await import('node:test');
  after(() => {
    setTimeout(() => {
      console.error(
        `still running ${LINGER_MS / 1000} s after its tests: ${process.getActiveResourcesInfo().join(', ')}`,
      );
      process.exit(1);
    }, LINGER_MS).unref();
  });
}
