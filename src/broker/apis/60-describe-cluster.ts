/** DescribeCluster v0-2: brokers by the listener asked on; the endpoint type must be that of brokers (KIP-919). */
import { ErrorCode } from '../../protocol/errors.ts';
import { describeClusterRequest, describeClusterResponse } from '../../protocol/messages/60-describe-cluster.ts';
import { api } from '../api-handler.ts';
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from '../authorized-operations.ts';

const BROKERS = 1;
const CONTROLLERS = 2;

export const describeCluster = api(describeClusterRequest, describeClusterResponse, (request, context, services) => {
  if (request.endpointType !== BROKERS) {
    const known = request.endpointType === CONTROLLERS;
    return {
      errorCode: known ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
      errorMessage: `This endpoint is a broker's; endpoint type ${request.endpointType} cannot be described here.`,
    };
  }
  const brokers = [];
  for (const { id, rack } of services.image.cluster.brokers()) {
    const isFenced = !services.image.cluster.isActive(id);
    const endpoint = services.endpoint(id, context);
    if (!endpoint || (isFenced && !request.includeFencedBrokers)) continue;
    brokers.push({ brokerId: id, host: endpoint.host, port: endpoint.port, rack, isFenced });
  }
  const live = brokers.filter(({ isFenced }) => !isFenced);
  return {
    endpointType: BROKERS,
    clusterId: services.clusterId,
    controllerId: live.length > 0 ? live[services.random.below(live.length)].brokerId : -1,
    brokers,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
  };
});
