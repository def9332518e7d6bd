/**
 * Takes in what clients push: decompresses and reads it, within bounds, and hands it to the store of client series.
 * Control thread.
 */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { BatchFault } from '../../native/log-store.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { BatchError } from '../../protocol/records/batch-header.ts';
import { decompress } from '../../protocol/records/compression.ts';
import type { ClientSeries } from '../../telemetry/client-series.ts';
import { OtlpTooLargeError, readOtlpMetrics } from '../../telemetry/otlp-metrics.ts';
import { ProtobufError } from '../../telemetry/protobuf-reader.ts';
import type { MetricsPush } from './client-metrics-manager.ts';

/** Size of one push when it is decompressed. A Java client's is some tens of kilobytes. */
const PUSH_DECOMPRESSED_BYTES_MAX = 4 * 1024 * 1024;

export class PushReceiver {
  readonly #series: ClientSeries | null;
  #told = false;
  readonly #clock: Clock;
  readonly #logger: Logger;

  /** `series` is null when metrics are not served. */
  constructor(series: ClientSeries | null, clock: Clock, logger: Logger) {
    this.#series = series;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** INVALID_RECORD makes a client push no more; one whose push is only too large tries again. */
  receive({ clientInstanceId, client, compressionType, metrics, keepMs }: MetricsPush): ErrorCode {
    const { clientId, clientHost, clientPort } = client;
    try {
      const bytes = decompress(compressionType, metrics, PUSH_DECOMPRESSED_BYTES_MAX);
      if (bytes.length > PUSH_DECOMPRESSED_BYTES_MAX) return ErrorCode.TELEMETRY_TOO_LARGE;
      const who = {
        clientInstanceId,
        clientId,
        softwareName: client.software?.name ?? '',
        softwareVersion: client.software?.version ?? '',
        sourceAddress: clientHost,
        sourcePort: clientPort,
      };
      const read = readOtlpMetrics(bytes);
      this.#series?.take(who, read, this.#clock.monotonicMs(), keepMs);
      if (!this.#series) this.#tellOnce();
      return ErrorCode.NONE;
    } catch (error) {
      const isTooLarge =
        error instanceof OtlpTooLargeError || (error instanceof BatchError && error.fault === BatchFault.tooLarge);
      if (!isTooLarge && !(error instanceof ProtobufError) && !(error instanceof BatchError)) throw error;
      const reason = (error as Error).message;
      this.#logger.warn({ client: clientHost, clientId, clientInstanceId, reason }, 'pushed metrics refused');
      return isTooLarge ? ErrorCode.TELEMETRY_TOO_LARGE : ErrorCode.INVALID_RECORD;
    }
  }

  expire(): void {
    this.#series?.expire(this.#clock.monotonicMs());
  }

  #tellOnce(): void {
    if (this.#told) return;
    this.#told = true;
    this.#logger.warn({}, 'clients push metrics, but nobody can read them: millrace.metrics.listener is not set');
  }
}
