/** What the command line reads and writes, so that a test can stand in for the terminal. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Resolves when the text may be followed by more. */
  readonly out: (text: string | Uint8Array) => Promise<void>;
  /** A line for the person at the terminal; its end is added. */
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants to stop (Ctrl-C) or nobody reads the output any more. */
  readonly stop: AbortSignal;
}

export const ExitCode = {
  ok: 0,
  /** The cluster refused, or the work failed. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No broker answers. */
  unreachable: 3,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
