/**
 * In which order listeners apply changes that are durable: those that concern a common topic one after the other, as they
 * were decided; others beside each other. The opening of thousands of logs takes seconds, and nobody who deletes another
 * topic should wait for it. Control thread.
 */
import { ConfigResourceType } from '../metadata/configs-image.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';

interface Change {
  /** By name; null: every topic may be concerned. */
  readonly topics: ReadonlySet<string> | null;
  readonly applied: Promise<void>;
}

export class ChangeOrder {
  /** As many as there are requests that wait for their answers. */
  readonly #underWay = new Set<Change>();

  /** Calls `apply`, which must not reject, in its turn; resolves with it. */
  run(delta: MetadataDelta, apply: () => Promise<void>): Promise<void> {
    return this.#run(topicsOf(delta), apply);
  }

  /** After all that came before, and before all that comes. */
  runAlone(apply: () => Promise<void>): Promise<void> {
    return this.#run(null, apply);
  }

  get isEmpty(): boolean {
    return this.#underWay.size === 0;
  }

  /** Resolves when the changes that have been handed over are applied. */
  async settled(): Promise<void> {
    await Promise.all([...this.#underWay].map(({ applied }) => applied));
  }

  #run(topics: Change['topics'], apply: () => Promise<void>): Promise<void> {
    const before: Promise<void>[] = [];
    for (const other of this.#underWay) if (areRelated(other.topics, topics)) before.push(other.applied);
    const applied = before.length === 0 ? apply() : Promise.all(before).then(apply);
    const change = { topics, applied };
    this.#underWay.add(change);
    const end = (): void => void this.#underWay.delete(change);
    applied.then(end, end);
    return applied;
  }
}

function areRelated(one: Change['topics'], other: Change['topics']): boolean {
  if (one === null || other === null) return true;
  const [fewer, more] = one.size <= other.size ? [one, other] : [other, one];
  for (const name of fewer) if (more.has(name)) return true;
  return false;
}

function topicsOf(delta: MetadataDelta): Change['topics'] {
  if (delta.brokers.size > 0 || delta.controllers.size > 0 || delta.features.size > 0) return null;
  const names = new Set<string>();
  for (const { before, after } of delta.configs.values()) {
    const { resourceType, resourceName } = (after ?? before)!;
    // Settings of a broker are the defaults of all topics.
    if (resourceType !== ConfigResourceType.TOPIC) return null;
    names.add(resourceName);
  }
  for (const { before, after } of delta.topics.values()) names.add((after ?? before)!.name);
  return names;
}
