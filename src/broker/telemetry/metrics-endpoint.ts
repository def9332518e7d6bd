/**
 * GET /metrics over HTTP, in Prometheus' text format. Loaded only when `millrace.metrics.listener` is set. Control thread.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../../base/logger.ts';
import type { MetricFamily } from '../../telemetry/metric-family.ts';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from '../../telemetry/prometheus-text.ts';

/** Connections at once; a scraper needs one. */
const CONNECTIONS_MAX = 16;
/** A request that takes longer to arrive is given up. */
const REQUEST_TIMEOUT_MS = 5_000;

export class MetricsEndpoint {
  readonly #server: Server;
  readonly #collect: () => Promise<Iterable<MetricFamily>>;
  readonly #logger: Logger;
  /** Who asks while metrics are being gathered gets the same. */
  #gathering: Promise<string> | null = null;

  constructor(collect: () => Promise<Iterable<MetricFamily>>, logger: Logger) {
    this.#collect = collect;
    this.#logger = logger;
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves with the port in use; rejects with the system's error. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host: host === '' ? undefined : host }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url?.split('?')[0];
    if (path !== '/metrics') return end(response, 404, 'Metrics are at /metrics.\n');
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return end(response, 405, 'Only GET.\n');
    }
    try {
      this.#gathering ??= this.#gather().finally(() => (this.#gathering = null));
      const text = await this.#gathering;
      response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE);
      response.end(text);
    } catch (error) {
      this.#logger.error({ error: String((error as Error).stack) }, 'metrics could not be gathered');
      end(response, 500, 'Metrics could not be gathered; the log tells why.\n');
    }
  }

  async #gather(): Promise<string> {
    return prometheusText(await this.#collect());
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
