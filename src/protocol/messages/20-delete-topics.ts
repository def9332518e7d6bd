/**
 * DeleteTopics. Forwarded to the controller. v5 error messages; v6 by name or by id, so that `topics` takes the place
 * of `topicNames`.
 */
import { array, int16, int32, type MessageType, request, response, string, uuid } from '../schema.ts';

export const deleteTopicsRequest = request({
  apiKey: 20,
  name: 'DeleteTopicsRequest',
  versions: '1-6',
  flexible: '4+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: array('6+', {
      name: string({ nullable: true, default: null }),
      topicId: uuid(),
    }),
    topicNames: array('1-5', string(), { ignorable: true }),
    timeoutMs: int32(),
  },
});
export type DeleteTopicsRequest = MessageType<typeof deleteTopicsRequest>;

export const deleteTopicsResponse = response({
  apiKey: 20,
  name: 'DeleteTopicsResponse',
  versions: '1-6',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32({ ignorable: true }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid('6+', { ignorable: true }),
      errorCode: int16(),
      errorMessage: string('5+', { nullable: true, default: null, ignorable: true }),
    }),
  },
});
export type DeleteTopicsResponse = MessageType<typeof deleteTopicsResponse>;
