/**
 * ApiVersions: what this broker speaks; the first request of nearly every connection.
 *
 * - An unknown version is answered with a v0 body, UNSUPPORTED_VERSION and this API's own range, so that the client
 *   can try again.
 * - The response header is v0 always, even when the body is flexible.
 * - v3 has the client's software and the features as tagged fields; below v4 a supported feature whose least level is
 *   0 is left out (KAFKA-17492); v5 lets the client name the cluster and node that it means (KIP-1242).
 */
import { array, bool, int16, int32, int64, type MessageType, request, response, string } from '../schema.ts';

export const apiVersionsRequest = request({
  apiKey: 18,
  name: 'ApiVersionsRequest',
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker', 'controller'],
  fields: {
    clientSoftwareName: string('3+', { ignorable: true }),
    clientSoftwareVersion: string('3+', { ignorable: true }),
    clusterId: string('5+', { nullable: true, default: null, ignorable: true }),
    nodeId: int32('5+', { default: -1, ignorable: true }),
  },
});
export type ApiVersionsRequest = MessageType<typeof apiVersionsRequest>;

export const apiVersionsResponse = response({
  apiKey: 18,
  name: 'ApiVersionsResponse',
  versions: '0-5',
  flexible: '3+',
  fields: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    supportedFeatures: array(
      '3+',
      {
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      },
      { tag: 0, ignorable: true },
    ),
    finalizedFeaturesEpoch: int64('3+', { default: -1, tag: 1, ignorable: true }),
    finalizedFeatures: array(
      '3+',
      {
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      },
      { tag: 2, ignorable: true },
    ),
    zkMigrationReady: bool('3+', { tag: 3, ignorable: true }),
  },
});
export type ApiVersionsResponse = MessageType<typeof apiVersionsResponse>;
