// How a leg of the suite is declared: it runs when this machine has its toolchains, and says why when it does not run.
// Under CI=true a leg is skipped only for a toolchain that the machine lacks: one that is there must work.
import { test } from 'node:test';
import { withGaps } from './gaps.ts';
import { chosenTarget, targetMissing } from './target.ts';
import { type ToolchainName, toolchain } from './toolchains.ts';

export const strict = process.env.CI === 'true';
/** MILLRACE_INTEROP_LEGS=java,kcat runs these only. */
const chosen = process.env.MILLRACE_INTEROP_LEGS?.split(',');

/** Why the leg cannot run here, or undefined. Makes its toolchains. */
export async function reasonToSkip(name: string, needs: readonly ToolchainName[]): Promise<string | undefined> {
  if (chosen && !chosen.includes(name)) return `not among MILLRACE_INTEROP_LEGS=${chosen}`;
  const noTarget = await targetMissing(chosenTarget());
  if (noTarget) return noTarget;
  for (const need of needs) {
    try {
      const found = await toolchain(need);
      if ('missing' in found) return found.missing;
    } catch (error) {
      if (strict) throw error;
      return `its set-up failed: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** Declares a leg; `body` runs when everything it needs is there. */
export function leg(name: string, needs: readonly ToolchainName[], body: () => Promise<void>): void {
  test(name, { timeout: 1_800_000 }, async (context) => {
    const reason = await reasonToSkip(name, needs);
    if (reason === undefined) return withGaps(context, name, body);
    if (!chosen || chosen.includes(name)) console.error(`interop: ${name} skipped: ${reason}`);
    context.skip(reason);
  });
}
