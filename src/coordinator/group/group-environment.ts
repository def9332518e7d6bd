/**
 * What the parts of a group shard share: ports, configuration, and the form in which they hand back what they decided.
 * Control thread.
 */

import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { KafkaError } from '../../protocol/errors.ts';
import type { CoordinatorTimers } from '../runtime/coordinator-timers.ts';
import type { UndoLog } from '../runtime/undo-log.ts';
import type { GroupConfig } from './group-config.ts';
import type { TopicCatalog } from './group-ports.ts';
import type { GroupRecord } from './group-records.ts';

/** What a step of the state machine wants written, and what follows from that. */
export interface Effects {
  readonly records: readonly GroupRecord[];
  readonly onDurable?: () => void;
  readonly onFailed?: (error: KafkaError) => void;
}

export const NO_EFFECTS: Effects = { records: [] };

export interface GroupEnvironment {
  readonly config: GroupConfig;
  readonly topics: TopicCatalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly timers: CoordinatorTimers;
  readonly undo: UndoLog;
  /** Runs a step of its own, in the shard's order, and has its records written. */
  submit(name: string, step: () => Effects): void;
}

/** Who asks, and how. */
export interface GroupRequestContext {
  readonly apiVersion: number;
  /** '' when the client gave none. */
  readonly clientId: string;
  /** As Kafka prints it: '/192.0.2.1'. */
  readonly clientHost: string;
  /** Whether the principal may see the topic, for subscriptions by regular expression; absent: all of them. */
  readonly mayDescribe?: (topic: string) => boolean;
}
