/**
 * Takes request frames from I/O threads through their handler and gives response frames back. Control thread. A frame
 * that cannot be understood closes its connection, as in Kafka; a handler that fails is a bug: logged, and closed too.
 */
import type { Logger } from '../base/logger.ts';
import { ownBytes } from '../base/own-bytes.ts';
import { ANONYMOUS } from '../controller/control-context.ts';
import { ApiKey } from '../protocol/api-keys.ts';
import { decodeFrom, encodeBehind, ProtocolError, Reader } from '../protocol/codec.ts';
import { parseRequestHeader, type RequestHeader, writeResponseHeader } from '../protocol/request-header.ts';
import { holdsViews } from '../protocol/schema.ts';
import type { Api } from './api-handler.ts';
import { answerUnsupportedVersion } from './apis/18-api-versions.ts';
import type { BrokerServices, RequestContext } from './broker-services.ts';
import { type ControlRequest, REQUEST_ELEMENTS_MAX } from './io/io-messages.ts';

const SIZE_BYTES = 4;

export class RequestRouter {
  readonly #apis: ReadonlyMap<number, Api>;
  /** Requests whose handlers may keep bytes of the frame. */
  readonly #keeping: ReadonlySet<number>;
  readonly #services: BrokerServices;
  readonly #logger: Logger;

  constructor(apis: ReadonlyMap<number, Api>, services: BrokerServices, logger: Logger) {
    this.#apis = apis;
    this.#keeping = new Set(
      [...apis].filter(([, { request }]) => holdsViews(request.fields)).map(([apiKey]) => apiKey),
    );
    this.#services = services;
    this.#logger = logger;
  }

  /** A response frame with its size field; null: the connection must be closed. */
  async answer(request: ControlRequest): Promise<Uint8Array | null> {
    let header: RequestHeader | undefined;
    try {
      header = parseRequestHeader(request.frame);
      return await this.#dispatch(request, header);
    } catch (error) {
      const details = { client: request.origin.clientHost, apiKey: header?.apiKey, apiVersion: header?.apiVersion };
      if (error instanceof ProtocolError) this.#logger.warn({ ...details, reason: error.message }, 'request refused');
      else this.#logger.error({ ...details, error: String((error as Error)?.stack ?? error) }, 'request failed');
      return null;
    }
  }

  async #dispatch(request: ControlRequest, header: RequestHeader): Promise<Uint8Array> {
    const { apiKey, apiVersion, correlationId } = header;
    const api = this.#apis.get(apiKey);
    if (!api?.handle) throw new ProtocolError('malformed', `no api ${apiKey}`);
    if (apiVersion < api.minVersion || apiVersion > api.maxVersion) {
      if (apiKey === ApiKey.ApiVersions) return frame(api, 0, correlationId, answerUnsupportedVersion(api));
      throw new ProtocolError('unsupported-version', `api ${apiKey} has no version ${apiVersion} here`);
    }
    const frameBytes = this.#keeping.has(apiKey) ? ownBytes(request.frame) : request.frame;
    const reader = new Reader(frameBytes, header.bodyOffset, frameBytes.length, REQUEST_ELEMENTS_MAX);
    const body = decodeFrom(api.request, reader, apiVersion);
    const { origin } = request;
    const context: RequestContext = {
      apiKey,
      apiVersion,
      correlationId,
      clientId: header.clientId ?? '',
      clientHost: origin.clientHost,
      clientPort: origin.clientPort,
      software: origin.software,
      connection: request.connection,
      localHost: origin.localHost,
      listenerName: origin.listenerName,
      principal: ANONYMOUS,
    };
    const response = await api.handle(body as never, context, this.#services);
    this.#services.requestErrors.note(apiKey, response);
    this.#logger.debug(
      { apiKey, apiVersion, clientId: context.clientId, client: context.clientHost },
      'request answered',
    );
    return frame(api, apiVersion, correlationId, response);
  }
}

/** Throws an Error, not a ProtocolError: a response that cannot be encoded is no fault of the client's. */
function frame(api: Api, version: number, correlationId: number, response: object): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = encodeBehind(api.response, response, version, (writer) => {
      writer.int32(0);
      writeResponseHeader(writer, api.request.apiKey, version, correlationId);
    });
  } catch (error) {
    throw new Error(`the response cannot be encoded: ${(error as Error).message}`);
  }
  bytes.writeInt32BE(bytes.length - SIZE_BYTES, 0);
  return bytes;
}
