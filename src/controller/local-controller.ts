/**
 * The controller of a broker that runs alone: takes requests one at a time, lets a control decide, makes the records
 * durable, replays them, lets every listener apply the delta, and only then answers. The next request is taken when the
 * records are durable; who applies what beside whom says `change-order.ts`. Control thread.
 *
 *   const controller = await LocalController.open({ log, directoryId, bootstrapRecords, settings, rules, snapshots,
 *                                                   clock, random, logger, onFatal })
 *     log, directoryId, bootstrapRecords, clusterId    from openMetadataDirectory (metadata-directory.ts)
 *     rules                                            new KafkaConfigRules(() => brokerConfig)
 *   controller.image                                   MetadataImage, the same object for ever
 *   await controller.subscribe(listener)               listener(delta, image) is called at once with all there is, then
 *                                                      with each change, before the change is answered
 *   await controller.registerBroker(request)           -> brokerEpoch; the broker is fenced
 *   await controller.brokerHeartbeat(request)          wantFence: false -> unfenced, leaders elected
 *   await controller.createTopics(request, context)    and so on: controller.ts
 *   await controller.snapshot()                        writes a snapshot now
 *   await controller.settled()                         waits for what is under way
 *   await controller.close()                           waits for what is under way; the log is closed
 *
 * At most one request is decided at a time; the others wait in arrival order. Each stands for a request on a connection,
 * and a connection has one in flight, so the number of connections bounds the queue, and the changes under way.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { ZERO_UUID } from '../base/uuid.ts';
import { wholeImageDelta } from '../metadata/image-delta.ts';
import { MetadataBatchTooLargeError } from '../metadata/metadata-batch.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { type MetadataLog, MetadataLogFullError } from '../metadata/metadata-log.ts';
import type { MetadataRecord } from '../metadata/metadata-records.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CreateTopicsRequest } from '../protocol/messages/19-create-topics.ts';
import type { DeleteTopicsRequest } from '../protocol/messages/20-delete-topics.ts';
import type { CreateAclsRequest } from '../protocol/messages/30-create-acls.ts';
import type { DeleteAclsRequest } from '../protocol/messages/31-delete-acls.ts';
import type { AlterConfigsRequest } from '../protocol/messages/33-alter-configs.ts';
import type { CreatePartitionsRequest } from '../protocol/messages/37-create-partitions.ts';
import type { CreateDelegationTokenRequest } from '../protocol/messages/38-create-delegation-token.ts';
import type { RenewDelegationTokenRequest } from '../protocol/messages/39-renew-delegation-token.ts';
import type { ExpireDelegationTokenRequest } from '../protocol/messages/40-expire-delegation-token.ts';
import type { ElectLeadersRequest } from '../protocol/messages/43-elect-leaders.ts';
import type { IncrementalAlterConfigsRequest } from '../protocol/messages/44-incremental-alter-configs.ts';
import type { AlterPartitionReassignmentsRequest } from '../protocol/messages/45-alter-partition-reassignments.ts';
import type { ListPartitionReassignmentsRequest } from '../protocol/messages/46-list-partition-reassignments.ts';
import type { AlterClientQuotasRequest } from '../protocol/messages/49-alter-client-quotas.ts';
import type { AlterUserScramCredentialsRequest } from '../protocol/messages/51-alter-user-scram-credentials.ts';
import type { DescribeQuorumRequest } from '../protocol/messages/55-describe-quorum.ts';
import type { AlterPartitionRequest } from '../protocol/messages/56-alter-partition.ts';
import type { UpdateFeaturesRequest } from '../protocol/messages/57-update-features.ts';
import type { BrokerRegistrationRequest } from '../protocol/messages/62-broker-registration.ts';
import type { BrokerHeartbeatRequest } from '../protocol/messages/63-broker-heartbeat.ts';
import type { UnregisterBrokerRequest } from '../protocol/messages/64-unregister-broker.ts';
import type { AllocateProducerIdsRequest } from '../protocol/messages/67-allocate-producer-ids.ts';
import type { AssignReplicasToDirsRequest } from '../protocol/messages/73-assign-replicas-to-dirs.ts';
import { createAcls, deleteAcls } from './acl-control.ts';
import { ChangeOrder } from './change-order.ts';
import { brokerHeartbeat, registerBroker, unregisterBroker } from './cluster-control.ts';
import { alterConfigs, incrementalAlterConfigs } from './config-control.ts';
import type { ConfigRules } from './config-rules.ts';
import {
  ANONYMOUS,
  type ApiError,
  apiError,
  type ControlContext,
  type ControllerRequestContext,
  type ControllerSettings,
  type ControlResult,
} from './control-context.ts';
import { type Controller, ControllerUnavailableError } from './controller.ts';
import { electLeaders } from './election-control.ts';
import { updateFeatures } from './feature-control.ts';
import { alterPartition, assignReplicasToDirs } from './isr-control.ts';
import { MetadataLeader, type SnapshotPolicy } from './metadata-leader.ts';
import { createPartitions } from './partition-control.ts';
import { allocateProducerIds } from './producer-id-control.ts';
import { describeQuorum } from './quorum-description.ts';
import { alterClientQuotas } from './quota-control.ts';
import { alterPartitionReassignments, listPartitionReassignments } from './reassignment-control.ts';
import {
  configsNotAltered,
  leadersNotElected,
  partitionsNotCreated,
  partitionsNotReassigned,
  topicsNotCreated,
  topicsNotDeleted,
} from './refusals.ts';
import { alterUserScramCredentials } from './scram-control.ts';
import { createDelegationToken, expireDelegationToken, expiredTokens, renewDelegationToken } from './token-control.ts';
import { createTopics } from './topic-control.ts';
import { deleteTopics } from './topic-deletion-control.ts';

export interface LocalControllerOptions {
  readonly log: MetadataLog;
  /** Id of the directory that holds the log. */
  readonly directoryId: string;
  readonly bootstrapRecords: readonly MetadataRecord[];
  readonly settings: ControllerSettings;
  readonly rules: ConfigRules;
  readonly snapshots: SnapshotPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The log failed: what was asked may or may not be on the disk, so the broker must stop. */
  readonly onFatal: (error: Error) => void;
}

/** Applies a change. The change is answered when it has resolved. A listener that rejects has a bug: it is logged. */
export type MetadataListener = (delta: MetadataDelta, image: MetadataImage) => void | Promise<void>;

type Control<Request, Response> = (request: Request, context: ControlContext) => ControlResult<Response>;

interface RunOptions<Request, Response> {
  /** On a full disk it may take the room that is kept back. */
  readonly mustPass?: boolean;
  /** The answer when all of it is refused; without one a full disk fails the request. */
  readonly refuse?: (request: Request, error: ApiError) => Response;
  /** When, by the monotonic clock, its time is over; then it is refused. Absent: it waits for its turn. */
  readonly deadlineMs?: number;
}

interface TimedOptions<Request, Response> extends RunOptions<Request, Response> {
  readonly refuse: (request: Request, error: ApiError) => Response;
}

const SELF: ControllerRequestContext = { apiVersion: 0, principal: ANONYMOUS };

export class LocalController implements Controller {
  readonly image: MetadataImage;
  readonly #options: LocalControllerOptions;
  readonly #leader: MetadataLeader;
  readonly #listeners = new Set<MetadataListener>();
  readonly #changes = new ChangeOrder();
  #queue: Promise<unknown> = Promise.resolve();
  #unavailable: ControllerUnavailableError | null = null;

  private constructor(options: LocalControllerOptions, leader: MetadataLeader) {
    this.#options = options;
    this.#leader = leader;
    this.image = leader.image;
  }

  /** Replays the log and begins an epoch; an empty log gets its bootstrap records. */
  static async open(options: LocalControllerOptions): Promise<LocalController> {
    const { settings } = options;
    const leader = await MetadataLeader.open({
      ...options,
      nodeId: settings.nodeId,
      minInsyncReplicas: settings.minInsyncReplicas ?? 1,
    });
    return new LocalController(options, leader);
  }

  /** Epoch of the metadata log's leader, i.e. of this start. */
  get epoch(): number {
    return this.#leader.epoch;
  }

  get kraftVersion(): number {
    return this.#leader.kraftVersion;
  }

  /** Resolves when the listener has applied the image as it is. Returns what ends the subscription. */
  async subscribe(listener: MetadataListener): Promise<() => void> {
    await this.#enqueue(() => {
      const whole = wholeImageDelta(this.image);
      return this.#changes.runAlone(async () => {
        await this.#apply(listener, whole);
        this.#listeners.add(listener);
      });
    });
    return () => this.#listeners.delete(listener);
  }

  snapshot(): Promise<void> {
    return this.#enqueue(async () => this.#leader.snapshot());
  }

  /** Resolves when every change that was taken is applied, also those that came while waiting. */
  async settled(): Promise<void> {
    for (let queue: Promise<unknown> | undefined; queue !== this.#queue || !this.#changes.isEmpty; ) {
      queue = this.#queue;
      await queue;
      await this.#changes.settled();
    }
  }

  /** Takes no more requests, waits for the ones that were taken, closes the log. */
  async close(): Promise<void> {
    const drained = this.#queue;
    this.#unavailable ??= new ControllerUnavailableError('The controller has stopped.');
    await drained.catch(() => {});
    await this.#changes.settled();
    this.#leader.close();
  }

  createTopics = (request: CreateTopicsRequest, context: ControllerRequestContext) =>
    this.#runInTime(createTopics, request, context, { refuse: topicsNotCreated });
  deleteTopics = (request: DeleteTopicsRequest, context: ControllerRequestContext) =>
    this.#runInTime(deleteTopics, request, context, { mustPass: true, refuse: topicsNotDeleted });
  createPartitions = (request: CreatePartitionsRequest, context: ControllerRequestContext) =>
    this.#runInTime(createPartitions, request, context, { refuse: partitionsNotCreated });
  alterConfigs = (request: AlterConfigsRequest, context: ControllerRequestContext) =>
    this.#run(alterConfigs, request, context, { refuse: configsNotAltered });
  incrementalAlterConfigs = (request: IncrementalAlterConfigsRequest, context: ControllerRequestContext) =>
    this.#run(incrementalAlterConfigs, request, context, { refuse: configsNotAltered });
  electLeaders = (request: ElectLeadersRequest, context: ControllerRequestContext) =>
    this.#runInTime(electLeaders, request, context, { refuse: leadersNotElected });
  alterPartitionReassignments = (request: AlterPartitionReassignmentsRequest, context: ControllerRequestContext) =>
    this.#runInTime(alterPartitionReassignments, request, context, { refuse: partitionsNotReassigned });
  listPartitionReassignments = (request: ListPartitionReassignmentsRequest, context: ControllerRequestContext) =>
    this.#run(
      (asked: ListPartitionReassignmentsRequest, control) => ({
        records: [],
        response: listPartitionReassignments(asked, control),
      }),
      request,
      context,
    );
  updateFeatures = (request: UpdateFeaturesRequest, context: ControllerRequestContext) =>
    this.#run(updateFeatures, request, context);
  unregisterBroker = (request: UnregisterBrokerRequest, context: ControllerRequestContext) =>
    this.#run(unregisterBroker, request, context);
  describeQuorum = (request: DescribeQuorumRequest, _context: ControllerRequestContext) =>
    this.#enqueue(async () => {
      const { settings, directoryId, clock } = this.#options;
      return describeQuorum(request, {
        nodeId: settings.nodeId,
        // Voters that stand in the settings are known by their id alone.
        directoryId: this.kraftVersion > 0 ? directoryId : ZERO_UUID,
        leaderEpoch: this.#leader.epoch,
        endOffset: this.#leader.nextOffset,
        nowMs: clock.wallMs(),
      });
    });

  alterClientQuotas = (request: AlterClientQuotasRequest, context: ControllerRequestContext) =>
    this.#run(alterClientQuotas, request, context);
  alterUserScramCredentials = (request: AlterUserScramCredentialsRequest, context: ControllerRequestContext) =>
    this.#run(alterUserScramCredentials, request, context);
  createAcls = (request: CreateAclsRequest, context: ControllerRequestContext) =>
    this.#run(createAcls, request, context);
  deleteAcls = (request: DeleteAclsRequest, context: ControllerRequestContext) =>
    this.#run(deleteAcls, request, context);
  createDelegationToken = (request: CreateDelegationTokenRequest, context: ControllerRequestContext) =>
    this.#run(createDelegationToken, request, context);
  renewDelegationToken = (request: RenewDelegationTokenRequest, context: ControllerRequestContext) =>
    this.#run(renewDelegationToken, request, context);
  expireDelegationToken = (request: ExpireDelegationTokenRequest, context: ControllerRequestContext) =>
    this.#run(expireDelegationToken, request, context);
  /** Removes tokens whose time is over; to be called now and then (`delegation.token.expiry.check.interval.ms`). */
  removeExpiredTokens = () => this.#run((_: undefined, control) => expiredTokens(control), undefined, SELF);

  registerBroker = (request: BrokerRegistrationRequest) => this.#run(registerBroker, request, SELF, { mustPass: true });
  brokerHeartbeat = (request: BrokerHeartbeatRequest) =>
    this.#run(brokerHeartbeat, request, SELF, { mustPass: !request.wantFence });
  allocateProducerIds = (request: AllocateProducerIdsRequest) => this.#run(allocateProducerIds, request, SELF);
  alterPartition = (request: AlterPartitionRequest) => this.#run(alterPartition, request, SELF);
  assignReplicasToDirs = (request: AssignReplicasToDirsRequest) => this.#run(assignReplicasToDirs, request, SELF);

  /** As Kafka's: what has no time (left) when its turn comes is not begun. */
  #runInTime<Request extends { readonly timeoutMs: number }, Response>(
    control: Control<Request, Response>,
    request: Request,
    context: ControllerRequestContext,
    options: TimedOptions<Request, Response>,
  ): Promise<Response> {
    const deadlineMs = this.#options.clock.monotonicMs() + request.timeoutMs;
    return this.#run(control, request, context, { ...options, deadlineMs });
  }

  async #run<Request, Response>(
    control: Control<Request, Response>,
    request: Request,
    context: ControllerRequestContext,
    { mustPass = false, refuse, deadlineMs = Number.POSITIVE_INFINITY }: RunOptions<Request, Response> = {},
  ): Promise<Response> {
    const { response, change } = await this.#enqueue(async () => {
      if (refuse && this.#options.clock.monotonicMs() >= deadlineMs) {
        return { response: refuse(request, apiError(ErrorCode.REQUEST_TIMED_OUT)) };
      }
      const { records, response } = control(request, this.#controlContext(context));
      try {
        return { response, change: records.length > 0 ? await this.#commit(records, mustPass) : undefined };
      } catch (error) {
        if (!(error instanceof MetadataLogFullError) || !refuse) throw error;
        this.#options.logger.error({ error: error.message }, 'metadata: a request was refused');
        return { response: refuse(request, apiError(ErrorCode.KAFKA_STORAGE_ERROR, error.message)) };
      }
    });
    await change?.applied;
    return response;
  }

  #controlContext(request: ControllerRequestContext): ControlContext {
    const { settings, rules, random, clock } = this.#options;
    const { nextOffset, kraftVersion } = this.#leader;
    return { image: this.image, kraftVersion, settings, rules, random, nextOffset, nowMs: clock.wallMs(), request };
  }

  /** Resolves when the records are durable and replayed, with what becomes of the change. */
  async #commit(records: readonly MetadataRecord[], mustPass: boolean): Promise<{ readonly applied: Promise<void> }> {
    let delta: MetadataDelta;
    try {
      delta = await this.#leader.append(records, mustPass);
    } catch (error) {
      // Nothing was written: only this request fails.
      if (error instanceof MetadataBatchTooLargeError || error instanceof MetadataLogFullError) throw error;
      this.#unavailable = new ControllerUnavailableError('The metadata log failed.', error);
      this.#options.onFatal(error as Error);
      throw this.#unavailable;
    }
    const applied = this.#changes.run(delta, async () => {
      for (const listener of this.#listeners) await this.#apply(listener, delta);
    });
    return { applied };
  }

  async #apply(listener: MetadataListener, delta: MetadataDelta): Promise<void> {
    try {
      await listener(delta, this.image);
    } catch (error) {
      this.#options.logger.error({ error }, 'metadata: a listener could not apply a change');
    }
  }

  /** Runs `work` when all that was taken before is done. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    if (this.#unavailable) return Promise.reject(this.#unavailable);
    const result = this.#queue.then(() => {
      // Requests that were waiting when the log failed find it so.
      if (this.#unavailable && this.#unavailable.cause !== undefined) throw this.#unavailable;
      return work();
    });
    this.#queue = result.catch(() => {});
    return result;
  }
}
