/**
 * Type 21: state of a migration from ZooKeeper. Kept so that old logs can be read.
 */
import { int8, type MessageType, metadataRecord } from '../../schema.ts';

export const zkMigrationStateRecord = metadataRecord({
  apiKey: 21,
  name: 'ZkMigrationStateRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: int8(),
  },
});
export type ZkMigrationStateRecord = MessageType<typeof zkMigrationStateRecord>;
