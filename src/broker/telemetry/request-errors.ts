/** Errors that requests were answered with, by API: of the whole response, not of its parts. Control thread. */
import { apiName } from '../../protocol/api-keys.ts';
import { ErrorCode, errorName } from '../../protocol/errors.ts';
import type { MetricFamily } from '../../telemetry/metric-family.ts';

/** Error codes fit below. */
const CODES = 1 << 10;

export class RequestErrors {
  /** By API key and code; as many as there are APIs and errors, at most. */
  readonly #counts = new Map<number, number>();

  note(apiKey: number, response: object): void {
    const { errorCode } = response as { errorCode?: number };
    if (errorCode === undefined || errorCode === ErrorCode.NONE) return;
    const key = apiKey * CODES + errorCode;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  family(): MetricFamily {
    const samples = [...this.#counts].map(([key, value]) => {
      // UNKNOWN_SERVER_ERROR is -1.
      const apiKey = Math.floor((key + 1) / CODES);
      return { labels: { request: apiName(apiKey), error: errorName(key - apiKey * CODES) }, value };
    });
    const help = 'Responses with an error as a whole; errors of single partitions or groups are not counted.';
    return { name: 'kafka_network_requestmetrics_errors_total', help, type: 'counter', samples };
  }
}
