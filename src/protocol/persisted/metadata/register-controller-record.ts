/**
 * Type 27: a controller registered.
 */
import { array, bool, int16, int32, type MessageType, metadataRecord, string, uint16, uuid } from '../../schema.ts';

export const registerControllerRecord = metadataRecord({
  apiKey: 27,
  name: 'RegisterControllerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
});
export type RegisterControllerRecord = MessageType<typeof registerControllerRecord>;
