/**
 * What a regular expression of a consumer group resolved to, and when (type 16).
 */
import { array, coordinatorKey, coordinatorValue, int64, type MessageType, string } from '../../schema.ts';

export const consumerGroupRegularExpressionKey = coordinatorKey({
  apiKey: 16,
  name: 'ConsumerGroupRegularExpressionKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
    regularExpression: string(),
  },
});
export type ConsumerGroupRegularExpressionKey = MessageType<typeof consumerGroupRegularExpressionKey>;

export const consumerGroupRegularExpressionValue = coordinatorValue({
  apiKey: 16,
  name: 'ConsumerGroupRegularExpressionValue',
  versions: '0',
  flexible: '0+',
  fields: {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
});
export type ConsumerGroupRegularExpressionValue = MessageType<typeof consumerGroupRegularExpressionValue>;
