/**
 * AlterClientQuotas: sets or removes quotas of users, client ids and IP addresses. Forwarded to the controller. A null
 * name is the default entity.
 */
import { array, bool, float64, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const alterClientQuotasRequest = request({
  apiKey: 49,
  name: 'AlterClientQuotasRequest',
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker', 'controller'],
  fields: {
    entries: array({
      entity: array({
        entityType: string(),
        entityName: string({ nullable: true }),
      }),
      ops: array({
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
});
export type AlterClientQuotasRequest = MessageType<typeof alterClientQuotasRequest>;

export const alterClientQuotasResponse = response({
  apiKey: 49,
  name: 'AlterClientQuotasResponse',
  versions: '0-1',
  flexible: '1+',
  fields: {
    throttleTimeMs: int32(),
    entries: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      entity: array({
        entityType: string(),
        entityName: string({ nullable: true }),
      }),
    }),
  },
});
export type AlterClientQuotasResponse = MessageType<typeof alterClientQuotasResponse>;
