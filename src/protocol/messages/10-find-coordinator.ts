/**
 * FindCoordinator: which broker coordinates a group (type 0), a transactional id (1) or a share partition (2, v6).
 *
 * - v4 asks for many keys at once; before, one key and one answer at the top level.
 * - A share partition's key is "groupId:topicId:partition".
 */
import { array, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const findCoordinatorRequest = request({
  apiKey: 10,
  name: 'FindCoordinatorRequest',
  versions: '0-6',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    key: string('0-3'),
    keyType: int8('1+'),
    coordinatorKeys: array('4+', string()),
  },
});
export type FindCoordinatorRequest = MessageType<typeof findCoordinatorRequest>;

export const findCoordinatorResponse = response({
  apiKey: 10,
  name: 'FindCoordinatorResponse',
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0-3'),
    errorMessage: string('1-3', { nullable: true, ignorable: true }),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array('4+', {
      key: string(),
      nodeId: int32(),
      host: string(),
      port: int32(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, ignorable: true }),
    }),
  },
});
export type FindCoordinatorResponse = MessageType<typeof findCoordinatorResponse>;
