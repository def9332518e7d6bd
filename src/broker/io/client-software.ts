/**
 * Name and version of a client's library, as it tells them in ApiVersions (KIP-511). Lives on an I/O thread, which keeps
 * them with the connection and sends them along with its other requests.
 */
import { decodeFrom, Reader } from '../../protocol/codec.ts';
import { apiVersionsRequest } from '../../protocol/messages/18-api-versions.ts';
import type { RequestHeader } from '../../protocol/request-header.ts';

export interface ClientSoftware {
  readonly name: string;
  readonly version: string;
}

/** ApiVersions names the software from here on. */
const NAMED_VERSION = 3;
/** Longer names and versions are not kept. */
const SOFTWARE_CHARS_MAX = 128;
const SOFTWARE_TEXT = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export function isSoftwareText(text: string): boolean {
  return SOFTWARE_TEXT.test(text);
}

/** Null when the request tells nothing that counts. Throws a ProtocolError. */
export function readClientSoftware(header: RequestHeader, bytes: Buffer, end: number): ClientSoftware | null {
  const { apiVersion, bodyOffset } = header;
  if (apiVersion < NAMED_VERSION || apiVersion > apiVersionsRequest.versions.max) return null;
  const body = decodeFrom(apiVersionsRequest, new Reader(bytes, bodyOffset, end), apiVersion);
  const { clientSoftwareName: name, clientSoftwareVersion: version } = body;
  const counts = [name, version].every((text) => text.length <= SOFTWARE_CHARS_MAX && isSoftwareText(text));
  return counts ? { name, version } : null;
}
