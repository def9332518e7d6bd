/**
 * CreateAcls. Forwarded to the controller. v1 pattern types LITERAL (3) and PREFIXED (4); v3 the resource type USER.
 */
import { array, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const createAclsRequest = request({
  apiKey: 30,
  name: 'CreateAclsRequest',
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
});
export type CreateAclsRequest = MessageType<typeof createAclsRequest>;

export const createAclsResponse = response({
  apiKey: 30,
  name: 'CreateAclsResponse',
  versions: '1-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
    }),
  },
});
export type CreateAclsResponse = MessageType<typeof createAclsResponse>;
