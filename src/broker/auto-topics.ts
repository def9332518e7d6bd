/**
 * Creates topics that are first named: by Metadata when `auto.create.topics.enable` is on, and the coordinators'
 * internal topics. Requests for one topic that is being created share the attempt. Control thread.
 */
import type { Logger } from '../base/logger.ts';
import type { BrokerConfig } from '../config/broker-config.ts';
import { ANONYMOUS } from '../controller/control-context.ts';
import type { Controller } from '../controller/controller.ts';
import { ErrorCode, errorName } from '../protocol/errors.ts';
import { internalTopicShape } from './internal-topics.ts';

/** CreateTopics version that carries everything used here. */
const CREATE_TOPICS_VERSION = 7;
const CREATE_TIMEOUT_MS = 30_000;

export class AutoTopics {
  readonly #controller: () => Controller;
  readonly #config: () => BrokerConfig;
  readonly #logger: Logger;
  readonly #underWay = new Map<string, Promise<number>>();

  constructor(controller: () => Controller, config: () => BrokerConfig, logger: Logger) {
    this.#controller = controller;
    this.#config = config;
    this.#logger = logger;
  }

  /** NONE when the topic exists afterwards, else why not; that is logged, since not every asker is told. */
  create(name: string): Promise<number> {
    const known = this.#underWay.get(name);
    if (known) return known;
    const attempt = this.#create(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, attempt);
    return attempt;
  }

  async #create(name: string): Promise<number> {
    const shape = internalTopicShape(name, this.#config());
    const response = await this.#controller().createTopics(
      {
        topics: [
          {
            name,
            numPartitions: shape?.partitions ?? -1,
            replicationFactor: shape?.replicationFactor ?? -1,
            assignments: [],
            configs: (shape?.configs ?? []).map(([key, value]) => ({ name: key, value })),
          },
        ],
        timeoutMs: CREATE_TIMEOUT_MS,
        validateOnly: false,
      },
      { apiVersion: CREATE_TOPICS_VERSION, principal: ANONYMOUS },
    );
    const { errorCode = ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: reason } = response.topics?.[0] ?? {};
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return ErrorCode.NONE;
    this.#logger.warn({ topic: name, error: errorName(errorCode), reason }, 'a topic could not be created on demand');
    return errorCode;
  }
}
