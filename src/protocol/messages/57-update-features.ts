/**
 * UpdateFeatures: raises or lowers finalized features. v1 upgrade types and validate-only; from v2 on the answer is
 * for all features at once. Forwarded to the controller.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const updateFeaturesRequest = request({
  apiKey: 57,
  name: 'UpdateFeaturesRequest',
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: array({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool('0'),
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+'),
  },
});
export type UpdateFeaturesRequest = MessageType<typeof updateFeaturesRequest>;

export const updateFeaturesResponse = response({
  apiKey: 57,
  name: 'UpdateFeaturesResponse',
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    results: array(
      '0-1',
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      },
      { ignorable: true },
    ),
  },
});
export type UpdateFeaturesResponse = MessageType<typeof updateFeaturesResponse>;
