/**
 * Type 12: a feature was finalized at a level; level 0 removes it. metadata.version is the first record of every log.
 */
import { int16, type MessageType, metadataRecord, string } from '../../schema.ts';

export const featureLevelRecord = metadataRecord({
  apiKey: 12,
  name: 'FeatureLevelRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    featureLevel: int16(),
  },
});
export type FeatureLevelRecord = MessageType<typeof featureLevelRecord>;
