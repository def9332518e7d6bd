/**
 * The headers before every request and response body. Parsed by hand, because each frame passes here before anything is
 * known of it. I/O thread.
 *
 *   request v1   int16 api key, int16 api version, int32 correlation id, nullable string client id
 *   request v2   the same and a tag section; the client id keeps its int16 length even so
 *   response v0  int32 correlation id
 *   response v1  the same and a tag section
 */

import { ApiKey, isFlexible } from './api-keys.ts';
import { asBuffer, Reader, type Writer } from './primitives.ts';
import { ProtocolError } from './protocol-error.ts';
import { header, int16, int32, string } from './schema.ts';

/** For clients, which encode it; servers use `parseRequestHeader`. */
export const requestHeader = header({
  name: 'RequestHeader',
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ nullable: true, compact: false }),
  },
});

export const responseHeader = header({
  name: 'ResponseHeader',
  versions: '0-1',
  flexible: '1+',
  fields: { correlationId: int32() },
});

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body starts, in the same bytes. */
  readonly bodyOffset: number;
}

/** Bytes before the client id. */
const FIXED_BYTES = 8;

/**
 * 1 or 2. Versions that no schema has take the header of their side of the flexible line, so that a request of a later
 * release can still be answered (ApiVersions) or refused by name. Unknown APIs get 1, whose fields all headers share.
 */
export function requestHeaderVersion(apiKey: number, apiVersion: number): 1 | 2 {
  return isFlexible(apiKey, apiVersion) ? 2 : 1;
}

/** 0 or 1; ApiVersions is always answered with 0, since its asker does not know yet what we speak. */
export function responseHeaderVersion(apiKey: number, apiVersion: number): 0 | 1 {
  return apiKey !== ApiKey.ApiVersions && isFlexible(apiKey, apiVersion) ? 1 : 0;
}

/** Parses the header at the start of a request frame (without the frame's size). Throws a ProtocolError. */
export function parseRequestHeader(frame: Uint8Array, offset = 0, end = frame.length): RequestHeader {
  const reader = new Reader(frame, offset, end);
  if (reader.remaining() < FIXED_BYTES) {
    throw new ProtocolError('malformed', `request of ${reader.remaining()} bytes has no header`);
  }
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableString();
  if (requestHeaderVersion(apiKey, apiVersion) === 2) skipTags(reader);
  return { apiKey, apiVersion, correlationId, clientId, bodyOffset: reader.offset };
}

function skipTags(reader: Reader): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}

/** Appends the header that belongs before the response to this API and version. */
export function writeResponseHeader(writer: Writer, apiKey: number, apiVersion: number, correlationId: number): void {
  writer.int32(correlationId);
  if (responseHeaderVersion(apiKey, apiVersion) === 1) writer.uvarint(0);
}

/** Appends a request's header, for clients. */
export function writeRequestHeader(
  writer: Writer,
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: string | null,
): void {
  writer.int16(apiKey);
  writer.int16(apiVersion);
  writer.int32(correlationId);
  writer.nullableString(clientId);
  if (requestHeaderVersion(apiKey, apiVersion) === 2) writer.uvarint(0);
}

/** For clients: reads the header of the response to this API and version; returns where the body starts. */
export function parseResponseHeader(
  frame: Uint8Array,
  apiKey: number,
  apiVersion: number,
): { correlationId: number; bodyOffset: number } {
  const reader = new Reader(asBuffer(frame));
  const correlationId = reader.int32();
  if (responseHeaderVersion(apiKey, apiVersion) === 1) skipTags(reader);
  return { correlationId, bodyOffset: reader.offset };
}
