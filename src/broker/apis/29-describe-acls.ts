/** DescribeAcls v1-3: without an authorizer there are none to describe, and the answer says so, as Kafka's does. */
import { ErrorCode } from '../../protocol/errors.ts';
import { describeAclsRequest, describeAclsResponse } from '../../protocol/messages/29-describe-acls.ts';
import { api } from '../api-handler.ts';

export const describeAcls = api(describeAclsRequest, describeAclsResponse, () => ({
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: 'No Authorizer is configured.',
  resources: [],
}));
