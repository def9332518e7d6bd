/**
 * DescribeClientQuotas: quotas by entity. Match types: exact 0, default 1, any with a name 2.
 */
import { array, bool, float64, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const describeClientQuotasRequest = request({
  apiKey: 48,
  name: 'DescribeClientQuotasRequest',
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker'],
  fields: {
    components: array({
      entityType: string(),
      matchType: int8(),
      match: string({ nullable: true }),
    }),
    strict: bool(),
  },
});
export type DescribeClientQuotasRequest = MessageType<typeof describeClientQuotasRequest>;

export const describeClientQuotasResponse = response({
  apiKey: 48,
  name: 'DescribeClientQuotasResponse',
  versions: '0-1',
  flexible: '1+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    entries: array(
      {
        entity: array({
          entityType: string(),
          entityName: string({ nullable: true }),
        }),
        values: array({
          key: string(),
          value: float64(),
        }),
      },
      { nullable: true },
    ),
  },
});
export type DescribeClientQuotasResponse = MessageType<typeof describeClientQuotasResponse>;
