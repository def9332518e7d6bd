import type { PendingRequest } from './client-state.ts';
import type { ResponseOutput } from './response-output.ts';

/** A request that the control thread answers; its response frame comes back whole. Lives on an I/O thread. */
export class PendingControl implements PendingRequest {
  readonly isProduce = false;
  readonly failed = false;
  readonly caughtUp = false;
  readonly apiKey: number;
  startedMs = 0;
  frame: Uint8Array | null = null;

  constructor(apiKey: number) {
    this.apiKey = apiKey;
  }

  get ready(): boolean {
    return this.frame !== null;
  }

  finish(output: ResponseOutput): void {
    const frame = this.frame!;
    output.ensure(frame.length);
    output.memory.set(frame, output.at);
    output.at += frame.length;
  }

  abandon(): void {}
}
