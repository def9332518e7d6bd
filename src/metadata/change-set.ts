/** What changed under one key between two moments of the image. Created: `before` is null; deleted: `after` is null. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** Changes by key, several of one key folded into one: the first `before` and the last `after`. Control thread. */
export class ChangeSet<K, T> {
  readonly #changes = new Map<K, { before: T | null; after: T | null }>();

  /** Notes that the value went from `before` to `after`. */
  note(key: K, before: T | null, after: T | null): void {
    const known = this.#changes.get(key);
    if (known) known.after = after;
    else this.#changes.set(key, { before, after });
  }

  get(key: K): Change<T> | undefined {
    return this.#changes.get(key);
  }

  /** True when `value` was made by this very set of changes, so nobody else holds it yet. */
  owns(key: K, value: T): boolean {
    const known = this.#changes.get(key);
    return known !== undefined && known.after === value && known.before !== value;
  }

  get size(): number {
    return this.#changes.size;
  }

  has(key: K): boolean {
    return this.#changes.has(key);
  }

  entries(): IterableIterator<[K, Change<T>]> {
    return this.#changes.entries();
  }

  values(): IterableIterator<Change<T>> {
    return this.#changes.values();
  }

  [Symbol.iterator](): IterableIterator<[K, Change<T>]> {
    return this.#changes.entries();
  }
}
