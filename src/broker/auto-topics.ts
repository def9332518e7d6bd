/**
 * Creates topics that are first named: by Metadata when `auto.create.topics.enable` is on, and the coordinators'
 * internal topics. Requests for one topic that is being created share the attempt. Control thread.
 */
import type { BrokerConfig } from '../config/broker-config.ts';
import type { Controller } from '../controller/controller.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { ANONYMOUS } from './broker-services.ts';
import { internalTopicShape } from './internal-topics.ts';

/** CreateTopics version that carries everything used here. */
const CREATE_TOPICS_VERSION = 7;
const CREATE_TIMEOUT_MS = 30_000;

export class AutoTopics {
  readonly #controller: () => Controller;
  readonly #config: () => BrokerConfig;
  readonly #underWay = new Map<string, Promise<number>>();

  constructor(controller: () => Controller, config: () => BrokerConfig) {
    this.#controller = controller;
    this.#config = config;
  }

  /** NONE when the topic exists afterwards, else why not. */
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
    const error = response.topics?.[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
    return error === ErrorCode.TOPIC_ALREADY_EXISTS ? ErrorCode.NONE : error;
  }
}
