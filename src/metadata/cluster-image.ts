/**
 * Brokers and controllers that are registered, as the metadata log tells them. Control thread; changed by replay only.
 */
import type { ChangeSet } from './change-set.ts';
import type {
  BrokerRegistrationChangeRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
} from './metadata-records.ts';

export interface Endpoint {
  /** Listener name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL */
  readonly securityProtocol: number;
}

export interface FeatureRange {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

export interface BrokerRegistration {
  readonly id: number;
  readonly epoch: number;
  readonly incarnationId: string;
  readonly endPoints: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  /** A fenced broker leads nothing and is not shown to clients. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly isMigratingZkBroker: boolean;
  /** Ids of the log directories that are online. */
  readonly logDirs: readonly string[];
  /** Null until the broker has told. */
  readonly cordonedLogDirs: readonly string[] | null;
}

export type ControllerRegistration = RegisterControllerRecord;

type BrokerChanges = ChangeSet<number, BrokerRegistration>;

export class ClusterImage {
  readonly #brokers = new Map<number, BrokerRegistration>();
  readonly #controllers = new Map<number, ControllerRegistration>();

  broker(id: number): BrokerRegistration | undefined {
    return this.#brokers.get(id);
  }

  /** The broker may lead and be in an ISR. */
  isActive(id: number): boolean {
    const broker = this.#brokers.get(id);
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
  }

  brokers(): IterableIterator<BrokerRegistration> {
    return this.#brokers.values();
  }

  controllers(): IterableIterator<ControllerRegistration> {
    return this.#controllers.values();
  }

  controller(id: number): ControllerRegistration | undefined {
    return this.#controllers.get(id);
  }

  replayRegister(record: RegisterBrokerRecord, changes: BrokerChanges): void {
    this.#set(
      {
        id: record.brokerId,
        epoch: record.brokerEpoch,
        incarnationId: record.incarnationId,
        endPoints: record.endPoints,
        features: record.features,
        rack: record.rack,
        fenced: record.fenced,
        inControlledShutdown: record.inControlledShutdown,
        isMigratingZkBroker: record.isMigratingZkBroker,
        logDirs: record.logDirs,
        cordonedLogDirs: record.cordonedLogDirs,
      },
      changes,
    );
  }

  replayUnregister(id: number, epoch: number, changes: BrokerChanges): void {
    const before = this.#expect(id, epoch);
    this.#brokers.delete(id);
    changes.note(id, before, null);
  }

  replayFencing(id: number, epoch: number, fenced: boolean, changes: BrokerChanges): void {
    this.#set({ ...this.#expect(id, epoch), fenced }, changes);
  }

  replayChange(record: BrokerRegistrationChangeRecord, changes: BrokerChanges): void {
    const before = this.#expect(record.brokerId, record.brokerEpoch);
    this.#set(
      {
        ...before,
        fenced: record.fenced === 0 ? before.fenced : record.fenced === 1,
        inControlledShutdown: record.inControlledShutdown === 1 || before.inControlledShutdown,
        logDirs: record.logDirs.length > 0 ? record.logDirs : before.logDirs,
        cordonedLogDirs: record.cordonedLogDirs ?? before.cordonedLogDirs,
      },
      changes,
    );
  }

  replayRegisterController(record: RegisterControllerRecord, changes: ChangeSet<number, ControllerRegistration>): void {
    changes.note(record.controllerId, this.#controllers.get(record.controllerId) ?? null, record);
    this.#controllers.set(record.controllerId, record);
  }

  replayUnregisterController(id: number, changes: ChangeSet<number, ControllerRegistration>): void {
    const before = this.#controllers.get(id) ?? null;
    if (before) changes.note(id, before, null);
    this.#controllers.delete(id);
  }

  #set(after: BrokerRegistration, changes: BrokerChanges): void {
    changes.note(after.id, this.#brokers.get(after.id) ?? null, after);
    this.#brokers.set(after.id, after);
  }

  #expect(id: number, epoch: number): BrokerRegistration {
    const broker = this.#brokers.get(id);
    if (!broker) throw new RangeError(`metadata log: a change of broker ${id}, which is not registered`);
    if (broker.epoch !== epoch) {
      throw new RangeError(
        `metadata log: a change of broker ${id} at epoch ${epoch}, but its epoch is ${broker.epoch}`,
      );
    }
    return broker;
  }
}
