/** Producer ids out of blocks that the controller hands to this broker. Control thread. */
import type { Controller } from '../controller/controller.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';

export class ProducerIds {
  readonly #controller: Controller;
  readonly #nodeId: number;
  readonly #brokerEpoch: () => number;
  #next = 0;
  #end = 0;
  #asking: Promise<void> | null = null;

  constructor(controller: Controller, nodeId: number, brokerEpoch: () => number) {
    this.#controller = controller;
    this.#nodeId = nodeId;
    this.#brokerEpoch = brokerEpoch;
  }

  /** A producer id that nobody ever had. Rejects with a KafkaError when no block can be had now. */
  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#asking ??= this.#ask().finally(() => (this.#asking = null));
      await this.#asking;
    }
    return this.#next++;
  }

  async #ask(): Promise<void> {
    const request = { brokerId: this.#nodeId, brokerEpoch: this.#brokerEpoch() };
    const { errorCode, producerIdStart, producerIdLen } = await this.#controller.allocateProducerIds(request);
    if (errorCode !== ErrorCode.NONE) throw new KafkaError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    this.#next = producerIdStart;
    this.#end = producerIdStart + producerIdLen;
  }
}
