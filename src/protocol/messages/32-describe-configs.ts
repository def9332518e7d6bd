/**
 * DescribeConfigs: values, sources and synonyms of configs of topics, brokers, loggers, groups and client metrics. v1
 * synonyms and `configSource`; v3 documentation and types.
 */
import { array, bool, int8, int16, int32, type MessageType, request, response, string } from '../schema.ts';

export const describeConfigsRequest = request({
  apiKey: 32,
  name: 'DescribeConfigsRequest',
  versions: '1-4',
  flexible: '4+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array(string(), { nullable: true }),
    }),
    includeSynonyms: bool(),
    includeDocumentation: bool('3+'),
  },
});
export type DescribeConfigsRequest = MessageType<typeof describeConfigsRequest>;

export const describeConfigsResponse = response({
  apiKey: 32,
  name: 'DescribeConfigsResponse',
  versions: '1-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: true }),
        readOnly: bool(),
        configSource: int8({ default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: array(
          {
            name: string(),
            value: string({ nullable: true }),
            source: int8(),
          },
          { ignorable: true },
        ),
        configType: int8('3+', { ignorable: true }),
        documentation: string('3+', { nullable: true, ignorable: true }),
      }),
    }),
  },
});
export type DescribeConfigsResponse = MessageType<typeof describeConfigsResponse>;
