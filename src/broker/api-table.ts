/**
 * Every API that this broker serves, in the order of keys: the one place that ApiVersions, the router and the README's
 * table are derived from.
 */

import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts';
import { fetchRequest, fetchResponse } from '../protocol/messages/01-fetch.ts';
import type { Api } from './api-handler.ts';
import { listOffsets } from './apis/02-list-offsets.ts';
import { metadata } from './apis/03-metadata.ts';
import { findCoordinator } from './apis/10-find-coordinator.ts';
import { apiVersions } from './apis/18-api-versions.ts';
import { deleteRecords } from './apis/21-delete-records.ts';
import { initProducerId } from './apis/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from './apis/23-offset-for-leader-epoch.ts';
import { addPartitionsToTxn } from './apis/24-add-partitions-to-txn.ts';
import { writeTxnMarkers } from './apis/27-write-txn-markers.ts';
import { describeAcls } from './apis/29-describe-acls.ts';
import { describeConfigs } from './apis/32-describe-configs.ts';
import { alterReplicaLogDirs } from './apis/34-alter-replica-log-dirs.ts';
import { describeLogDirs } from './apis/35-describe-log-dirs.ts';
import { incrementalAlterConfigs } from './apis/44-incremental-alter-configs.ts';
import { describeClientQuotas } from './apis/48-describe-client-quotas.ts';
import { alterClientQuotas } from './apis/49-alter-client-quotas.ts';
import { describeUserScramCredentials } from './apis/50-describe-user-scram-credentials.ts';
import { describeCluster } from './apis/60-describe-cluster.ts';
import { describeProducers } from './apis/61-describe-producers.ts';
import { getTelemetrySubscriptions } from './apis/71-get-telemetry-subscriptions.ts';
import { pushTelemetry } from './apis/72-push-telemetry.ts';
import { listConfigResources } from './apis/74-list-config-resources.ts';
import { describeTopicPartitions } from './apis/75-describe-topic-partitions.ts';
import { controllerApis } from './apis/controller-apis.ts';
import { delegationTokenApis } from './apis/delegation-token-apis.ts';
import { groupApis } from './apis/group-apis.ts';
import { saslApis } from './apis/sasl-apis.ts';
import { transactionApis } from './apis/transaction-apis.ts';
import { FETCH_VERSION_MAX, FETCH_VERSION_MIN } from './io/fetch-path.ts';
import { PRODUCE_VERSION_MAX, PRODUCE_VERSION_MIN } from './io/produce-path.ts';

export function createApiTable(): ReadonlyMap<number, Api> {
  const table = new Map<number, Api>();
  const list: readonly Api[] = [
    {
      request: produceRequest,
      response: produceResponse,
      minVersion: PRODUCE_VERSION_MIN,
      maxVersion: PRODUCE_VERSION_MAX,
    },
    { request: fetchRequest, response: fetchResponse, minVersion: FETCH_VERSION_MIN, maxVersion: FETCH_VERSION_MAX },
    listOffsets,
    metadata,
    findCoordinator,
    apiVersions(() => table.values()),
    deleteRecords,
    initProducerId,
    addPartitionsToTxn,
    writeTxnMarkers,
    offsetForLeaderEpoch,
    describeAcls,
    describeConfigs,
    alterReplicaLogDirs,
    describeLogDirs,
    incrementalAlterConfigs,
    describeClientQuotas,
    alterClientQuotas,
    describeUserScramCredentials,
    describeCluster,
    describeProducers,
    getTelemetrySubscriptions,
    pushTelemetry,
    listConfigResources,
    describeTopicPartitions,
    ...groupApis,
    ...transactionApis,
    ...controllerApis,
    ...delegationTokenApis,
    ...saslApis,
  ];
  for (const api of [...list].sort((one, other) => one.request.apiKey - other.request.apiKey)) {
    table.set(api.request.apiKey, api);
  }
  return table;
}
